//! Regions, and the one at which a caller is at home.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use super::phone::Phone;
use super::plan::{Dialing, region_of};

/// A region by its ISO 3166-1 alpha-2 code, in capitals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Region([u8; 2]);

/// A text is no region code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a region is an ISO 3166-1 code of two letters that has phone numbers, such as US")]
pub struct RegionError;

impl Region {
    /// The two letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("two ASCII letters")
    }
}

impl FromStr for Region {
    type Err = RegionError;

    /// Checks the shape alone, so that no handler has to load the phone tables at start-up.
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

/// The region whose national numbers a caller writes: that of their own number, else a default.
///
/// Worked out only when a phone needs it.
#[derive(Clone)]
pub struct HomeRegion {
    number: Option<Phone>,
    default: Region,
    known: OnceLock<Region>,
    dialing: OnceLock<Option<Dialing>>,
}

impl HomeRegion {
    /// The home region of a caller with the verified `number`, or `default` where there is none or
    /// it belongs to no region.
    #[must_use]
    pub fn of(number: Option<Phone>, default: Region) -> Self {
        Self { number, default, known: OnceLock::new(), dialing: OnceLock::new() }
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> Region {
        *self.known.get_or_init(|| self.number.and_then(|number| region_of(number.digits())).unwrap_or(self.default))
    }

    /// How numbers are dialed there; nothing, where nobody has a phone.
    pub(super) fn dialing(&self) -> Option<&Dialing> {
        self.dialing.get_or_init(|| Dialing::of(self.region())).as_ref()
    }
}

impl From<Region> for HomeRegion {
    fn from(region: Region) -> Self {
        Self::of(None, region)
    }
}

impl fmt::Debug for HomeRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HomeRegion").field(&self.default).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_two_capitals() {
        for (code, accepted) in [("US", true), ("us", false), ("USA", false), ("", false), ("U1", false)] {
            assert_eq!(code.parse::<Region>().is_ok(), accepted, "{code}");
        }
    }

    #[test]
    fn the_home_region_is_that_of_the_callers_number() {
        let default: Region = "DE".parse().expect("a region");
        for (number, expected) in [
            (Some("14155550100"), "US"),
            (Some("16045550123"), "CA"),
            (Some("79123456789"), "RU"),
            (Some("380665787842"), "UA"),
            (Some("9999999999"), "DE"),
            (None, "DE"),
        ] {
            let phone = number.map(|digits| digits.parse::<Phone>().expect("a phone"));
            assert_eq!(HomeRegion::of(phone, default).region().code(), expected, "{number:?}");
        }
    }
}
