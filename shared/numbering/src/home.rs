//! The region in which somebody is at home.

use crate::country::region_of;
use crate::phone::Phone;
use crate::plan::Plan;
use crate::region::Region;

/// The region whose national numbers a caller writes: that of their own number, else a default.
#[derive(Clone, Copy)]
pub struct HomeRegion {
    region: Region,
    /// Missing if the region has no phone numbers.
    plan: Option<&'static Plan>,
    is_assumed: bool,
}

impl HomeRegion {
    /// Returns the home region of a caller with the verified `number`, or `default` if the caller
    /// has none or it belongs to no region.
    #[must_use]
    pub fn of(number: Option<Phone>, default: Region) -> Self {
        match number.and_then(|number| region_of(number.digits())) {
            Some(region) => Self::known(region),
            None => default.into(),
        }
    }

    /// Returns the home region of a caller whose region is known otherwise than by a number.
    #[must_use]
    pub fn known(region: Region) -> Self {
        Self { is_assumed: false, ..region.into() }
    }

    /// Returns the region.
    #[must_use]
    pub fn region(&self) -> Region {
        self.region
    }

    /// Whether the region is only a default.
    #[must_use]
    pub fn is_assumed(&self) -> bool {
        self.is_assumed
    }

    /// Returns how numbers are dialled there, if the region has phone numbers.
    pub(crate) fn plan(&self) -> Option<&'static Plan> {
        self.plan
    }
}

impl From<Region> for HomeRegion {
    fn from(region: Region) -> Self {
        Self { region, plan: Plan::of(region), is_assumed: true }
    }
}

impl std::fmt::Debug for HomeRegion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("HomeRegion").field(&self.region).finish()
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
            (Some("298212345"), "FO"),
            (None, "DE"),
        ] {
            let phone = number.map(|digits| digits.parse::<Phone>().expect("a phone"));
            assert_eq!(HomeRegion::of(phone, default).region().code(), expected, "{number:?}");
        }
    }
}
