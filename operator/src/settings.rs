//! The settings of a stack that lookups need: limits, and the home region.

use lambda::config::{Variables, limits};
use local::{HOME_REGION, PHONELESS_NUMBERS};
use model::{Budget, Limits};
use numbering::{HomeRegion, Phone, Region};

use crate::stack::{Deployed, OperatorError, Stack};

/// The parameters of a stack, under the names of the variables that its template makes of them: the
/// parameter `NewNumbersBudget` is the variable `NEW_NUMBERS_BUDGET`.
struct Parameters<'a>(&'a Deployed);

impl Variables for Parameters<'_> {
    fn get(&self, variable: &str) -> Option<String> {
        let capital = |word: &str| {
            let (first, rest) = word.split_at(1.min(word.len()));
            format!("{first}{}", rest.to_ascii_lowercase())
        };
        let parameter: String = variable.split('_').map(capital).collect();
        self.0.parameters.get(&parameter).cloned()
    }
}

impl Stack {
    /// Returns the limits of each user. A stack that doesn't say has the template's defaults.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let local = Limits {
            phoneless_budget: Budget::of_ten_days(PHONELESS_NUMBERS),
            ..Limits::default()
        };
        match &self.deployed {
            Some(deployed) => limits(&Parameters(deployed)).unwrap_or_default(),
            None => local,
        }
    }

    /// Returns whether users get pushes at all.
    #[must_use]
    pub fn sends_pushes(&self) -> bool {
        let set = self.deployed.as_ref().and_then(|stack| stack.parameters.get("PushOnJoin"));
        set.is_none_or(|on| on == "true")
    }

    /// Returns the region of those whose number says none.
    #[must_use]
    pub fn home_region(&self) -> Region {
        let set = self.deployed.as_ref().and_then(|stack| stack.parameters.get("HomeRegion"));
        let region = set.and_then(|region| region.parse().ok());
        region.unwrap_or_else(|| HOME_REGION.parse().expect("a region is two capitals"))
    }

    /// Reads a phone as a person writes it. Without a plus it is a number of the stack's home region,
    /// or an international one.
    ///
    /// # Errors
    /// [`OperatorError::NotAPhone`], which doesn't quote it.
    pub fn phone(&self, spelling: &str) -> Result<Phone, OperatorError> {
        let home = HomeRegion::from(self.home_region());
        Phone::read(spelling, &home).map_err(|_| OperatorError::NotAPhone)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn limits_are_those_of_the_parameters() {
        let parameters = [
            ("NewNumbersBudget", "100"),
            ("NewNumbersPerDay", "7"),
            ("PhonelessNumbersBudget", "50"),
            ("BookChangesBudget", "3"),
            ("HolderChangesPerDay", "4"),
        ];
        let deployed = Deployed {
            status: "UPDATE_COMPLETE".to_owned(),
            name: "stack".to_owned(),
            id: String::new(),
            sdk: aws_config::SdkConfig::builder().build(),
            outputs: BTreeMap::new(),
            parameters: parameters.map(|(name, set)| (name.to_owned(), set.to_owned())).into(),
        };
        let read = limits(&Parameters(&deployed)).expect("numbers");
        let default = Limits::default();
        let expected = Limits {
            budget: Budget::new(100, 7),
            phoneless_budget: Some(Budget::new(50, 5)),
            book_changes: Budget::new(3, default.book_changes.per_day()),
            holder_changes: Budget::new(default.holder_changes.capacity(), 4),
            ..default
        };
        assert_eq!(read, expected);
    }
}
