//! Regions.

use std::fmt;
use std::str::FromStr;

/// A region by its ISO 3166-1 alpha-2 code, in capitals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Region([u8; 2]);

/// A text isn't a region code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a region is an ISO 3166-1 code of two letters that has phone numbers, such as US")]
pub struct RegionError;

impl Region {
    /// Returns the two letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("two ASCII letters")
    }
}

impl FromStr for Region {
    type Err = RegionError;

    /// Checks the shape alone: a region without phone numbers is a region too.
    fn from_str(code: &str) -> Result<Self, RegionError> {
        match code.as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Self([*a, *b])),
            _ => Err(RegionError),
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_two_capitals() {
        for (code, accepted) in
            [("US", true), ("us", false), ("USA", false), ("", false), ("U1", false)]
        {
            assert_eq!(code.parse::<Region>().is_ok(), accepted, "{code}");
        }
    }
}
