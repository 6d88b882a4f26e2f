//! The region at which somebody is at home.

use std::fmt;
use std::sync::OnceLock;

use crate::phone::Phone;
use crate::plan::{Dialing, region_of};
use crate::region::Region;

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
        *self.known.get_or_init(|| {
            self.number.and_then(|number| region_of(number.digits())).unwrap_or(self.default)
        })
    }

    /// How numbers are dialed there; nothing, where nobody has a phone.
    pub(crate) fn dialing(&self) -> Option<&Dialing> {
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
