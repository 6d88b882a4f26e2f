//! The regions that share a country code.

use crate::plan::{Plan, Status};
use crate::region::Region;

/// The plans of the regions that share a country code, the main region's first.
#[derive(Clone, Copy)]
pub(crate) struct Country {
    plans: &'static [Plan],
}

impl Country {
    /// Returns the country to which international `digits` belong, and the national number.
    pub fn split(digits: &str) -> Option<(Self, &str)> {
        // No country code begins with a zero, or with another.
        if digits.starts_with('0') {
            return None;
        }
        (1..=3).find_map(|length| {
            let (code, national) = digits.split_at_checked(length)?;
            let plans = Plan::of_code(code.parse().ok()?);
            (!plans.is_empty()).then_some((Self { plans }, national))
        })
    }

    /// Returns the country of a plan.
    pub fn of(plan: &Plan) -> Self {
        Self { plans: Plan::of_code(plan.country_code) }
    }

    /// Whether a plan is that of one of its regions.
    pub fn has(self, plan: &Plan) -> bool {
        self.main().country_code == plan.country_code
    }

    /// Returns the plan by which numbers of the country are read after a plus.
    pub fn main(self) -> &'static Plan {
        &self.plans[0]
    }

    /// Returns what is known about a national number, by the plan of its own region.
    pub fn status(self, national: &str) -> Status {
        self.owner(national).map_or(Status::Invalid, |plan| plan.status(national))
    }

    /// Returns the plan of the region that has the number.
    fn owner(self, national: &str) -> Option<&'static Plan> {
        if let [only] = self.plans {
            return Some(only);
        }
        let is_owner =
            |plan: &&Plan| plan.leads(national).unwrap_or_else(|| plan.status(national).is_valid());
        self.plans.iter().find(is_owner)
    }
}

/// Returns what is known about international digits.
pub(crate) fn status_of(digits: &str) -> Status {
    Country::split(digits).map_or(Status::Invalid, |(country, national)| country.status(national))
}

/// Returns the region to which international digits belong.
pub(crate) fn region_of(digits: &str) -> Option<Region> {
    let (country, national) = Country::split(digits)?;
    country.owner(national)?.region()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_no_country_belong_to_no_region() {
        for digits in ["", "1", "0498912345", "9999999999", "97912345678", "80012345678"] {
            assert_eq!(region_of(digits), None, "{digits}");
        }
    }

    #[test]
    fn regions_that_share_a_country_code_are_told_apart() {
        for (digits, region) in [
            ("16502530000", "US"),
            ("16045550123", "CA"),
            ("12684601234", "AG"),
            ("79161234567", "RU"),
            ("77012345678", "KZ"),
            ("390612345678", "IT"),
            ("390669812345", "VA"),
            ("447400123456", "GB"),
            ("447781123456", "GG"),
        ] {
            assert_eq!(region_of(digits), region.parse().ok(), "{digits}");
        }
    }

    #[test]
    fn numbers_of_no_country_can_be_valid() {
        assert!(status_of("80012345678").is_valid());
        assert!(!status_of("8001234567").is_valid());
    }

    #[test]
    fn no_country_code_is_the_beginning_of_another() {
        let is_code = |code: &u16| !Plan::of_code(*code).is_empty();
        let codes: Vec<String> = (1..1_000).filter(is_code).map(|code| code.to_string()).collect();
        for one in &codes {
            let longer = codes.iter().filter(|other| other.starts_with(one.as_str()));
            assert_eq!(longer.count(), 1, "{one}");
        }
    }
}
