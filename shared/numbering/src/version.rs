//! Versions by which stored readings are known to be current.

/// The version of the rules and the metadata by which phones are read.
///
/// Raised with every release in which any spelling could be read otherwise than before: new
/// metadata, another rule, another row in the table of renumberings. A book keeps the version
/// with which it was read, and is read again by [`reread`](crate::reread) if that isn't this one.
/// Version 1 is that of the releases before this constant existed.
pub const READING_VERSION: u32 = 2;

/// The versions of Google's metadata that the numbering plans know.
///
/// They are made from the first. What was assigned or withdrawn until the second is added by hand.
pub const METADATA_VERSION: &str = "9.0.33+9.0.43";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::FINGERPRINT;

    #[test]
    fn plans_that_have_changed_have_another_reading_version() {
        assert_eq!(
            (READING_VERSION, METADATA_VERSION, FINGERPRINT),
            (2, "9.0.33+9.0.43", 101_985_370_638_803_534),
            "raise READING_VERSION, and note the new fingerprint here"
        );
    }
}
