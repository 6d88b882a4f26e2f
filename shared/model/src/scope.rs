//! Scopes: which of a user's books is meant.

use std::str::FromStr;

use crate::hide_debug;

/// Longest `udid`, in characters: ConnectyCube's limit.
pub const MAX_UDID_CHARS: usize = 64;

/// A device's identifier, as its app made it: 1 to 64 characters of any kind.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Udid(String);

/// The text isn't a valid `udid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a udid has 1 to {MAX_UDID_CHARS} characters")]
pub struct UdidError;

impl Udid {
    /// Returns the identifier as the app sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Udid {
    type Err = UdidError;

    fn from_str(udid: &str) -> Result<Self, UdidError> {
        match udid.chars().take(MAX_UDID_CHARS + 1).count() {
            1..=MAX_UDID_CHARS => Ok(Self(udid.to_owned())),
            _ => Err(UdidError),
        }
    }
}

hide_debug!(Udid);

/// One of a user's books: the global one, or that of one device. The two never mix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The book that all of a user's devices share.
    Global,
    /// The book of a single device.
    Device(Udid),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_udid_is_counted_in_characters_and_may_hold_any() {
        for (udid, accepted) in [
            (String::new(), false),
            ("#".to_owned(), true),
            ("a/b\0c".to_owned(), true),
            ("📱".repeat(64), true),
            ("📱".repeat(65), false),
            ("x".repeat(64), true),
            ("x".repeat(65), false),
        ] {
            assert_eq!(udid.parse::<Udid>().is_ok(), accepted, "{udid:?}");
        }
    }
}
