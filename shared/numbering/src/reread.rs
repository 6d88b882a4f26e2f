//! Reads a stored spelling again, after the rules or the home region have changed.

use crate::home::HomeRegion;
use crate::phone::Phone;
use crate::reading::{Evidence, read};

/// Reads a spelling again whose number was `old`, and returns the number that it has from now on.
///
/// The number changes if the spelling itself says so, by a plus or by an international prefix that
/// leaves no doubt, or if the new reading is a valid number and `old` isn't. Otherwise it stays
/// `old`: a match that somebody relies on isn't lost to a rule that only prefers another number.
#[must_use]
pub fn reread(spelling: &str, old: Phone, home: &HomeRegion) -> Phone {
    let Ok(new) = Phone::read(spelling, home) else { return old };
    let says_so = read(spelling, home).evidence == Evidence::Certain;
    if says_so || new.is_valid() && !old.is_valid() { new } else { old }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_changes_only_for_a_better_reading() {
        for (region, spelling, old, expected) in [
            // A plus says which number is meant.
            ("US", "+49 0151 12345678", "49015112345678", "4915112345678"),
            // So does a prefix with one valid reading.
            ("HK", "00 49 151 12345678", "9151123456780", "4915112345678"),
            // The old number isn't valid, the new one is.
            ("IL", "420601123456", "972420601123456", "420601123456"),
            // Both are valid, and the digits don't say which is meant.
            ("DE", "61412675500", "4961412675500", "4961412675500"),
            // Both are valid: another home region doesn't move a contact.
            ("US", "650 253 0000", "16502530000", "16502530000"),
            ("DE", "0151 12345678", "4915112345678", "4915112345678"),
            ("AT", "0151 12345678", "4915112345678", "4915112345678"),
            // Neither is valid.
            ("US", "2759108396", "12759108396", "12759108396"),
            // It isn't a phone any more.
            ("DE", "call me", "4915112345678", "4915112345678"),
        ] {
            let home = HomeRegion::from(region.parse::<crate::Region>().expect("a region"));
            let old: Phone = old.parse().expect("a phone");
            assert_eq!(reread(spelling, old, &home).digits(), expected, "{spelling} in {region}");
        }
    }
}
