//! The numbering plan of one region: which digits are its numbers, and what is dialled before them.
//!
//! The rules are those of Google's libphonenumber, and so is the data. `build.rs` makes one
//! automaton of all patterns, so that nothing is compiled or loaded at run time.

use std::borrow::Cow;

use crate::region::Region;

include!(concat!(env!("OUT_DIR"), "/plans.rs"));

/// The plan of one region. Fields that hold a state are starts in the automaton.
pub(crate) struct Plan {
    /// The region's code, or `001` for numbers that belong to no country.
    region: &'static str,
    pub country_code: u16,
    /// The state that reads a national number. Its value is made of the bits below.
    numbers: u16,
    /// A bit for each length that a national number can have,
    lengths: u32,
    /// and for each that it can have only if it is dialled without its area code.
    local_lengths: u32,
    /// The state that reads the digits by which regions of one country code are told apart.
    leading: Option<u16>,
    international_prefix: u16,
    national_prefix: u16,
    /// The digits before a national number, as people know them.
    pub trunk: &'static str,
    /// The digits that take the place of a national prefix which has a group.
    inserted: Option<&'static str>,
    /// Whether people write the trunk prefix before mobile numbers.
    pub writes_trunk: bool,
}

/// A state of the automaton.
struct State {
    /// The state after each digit.
    next: [u16; 10],
    /// What the state says of a number that ends here.
    value: u16,
}

/// How a number divides after a prefix.
struct Split {
    /// The length of the prefix.
    end: u8,
    /// The bounds of the part of it that is kept.
    group: Option<(u8, u8)>,
}

/// The digits have the general shape of the region's numbers.
const GENERAL: u16 = 1;
/// The digits are a valid number.
const VALID: u16 = 2;
/// The digits may be a mobile number.
const MOBILE: u16 = 4;

/// What the plans know about a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Nobody can have it.
    Invalid,
    /// It is a number of some other kind than a mobile one.
    Valid,
    /// It may be a mobile number.
    Mobile,
}

impl Status {
    pub fn is_valid(self) -> bool {
        self != Self::Invalid
    }
}

impl Plan {
    /// Returns the plan of a region, if the region has phone numbers.
    pub fn of(region: Region) -> Option<&'static Self> {
        PLANS.iter().find(|plan| plan.region == region.code())
    }

    /// Returns the plans of the regions that share a country code, the main one first.
    pub fn of_code(code: u16) -> &'static [Self] {
        let place =
            |code| CODES.get(usize::from(code)).map_or(PLANS.len(), |place| usize::from(*place));
        &PLANS[place(code)..place(code + 1)]
    }

    /// Returns the region, unless the numbers belong to no country.
    pub fn region(&self) -> Option<Region> {
        self.region.parse().ok()
    }

    /// Returns what the plan knows about a national number.
    pub fn status(&self, national: &str) -> Status {
        let value = value(self.numbers, national);
        match (value & VALID != 0, value & MOBILE != 0) {
            (false, _) => Status::Invalid,
            (true, false) => Status::Valid,
            (true, true) => Status::Mobile,
        }
    }

    /// Whether `national` has the general shape of the region's numbers. Its length may be wrong.
    pub fn has_shape(&self, national: &str) -> bool {
        value(self.numbers, national) & GENERAL != 0
    }

    /// Whether a national number begins with the digits that only this region's numbers have.
    /// Returns nothing if the region has no such digits.
    pub fn leads(&self, national: &str) -> Option<bool> {
        self.leading.map(|leading| value(leading, national) != 0)
    }

    /// Whether a national number can have this many digits, or has more than any.
    pub fn is_long_enough(&self, digits: usize) -> bool {
        !has(self.local_lengths, digits) && has(self.lengths, digits) || self.is_too_long(digits)
    }

    /// Whether a national number can have this many digits.
    pub fn is_possible(&self, digits: usize) -> bool {
        self.is_long_enough(digits) && !self.is_too_long(digits)
    }

    /// Whether every national number has fewer digits.
    pub fn is_too_long(&self, digits: usize) -> bool {
        digits as u32 > self.lengths.checked_ilog2().unwrap_or_default()
    }

    /// Returns the digits after what is dialled before a country code, if they begin with that.
    pub fn after_international_prefix<'a>(&self, digits: &'a str) -> Option<&'a str> {
        let split = split(self.international_prefix, digits)?;
        let rest = &digits[usize::from(split.end)..];
        // No country code begins with a zero.
        (split.end > 0 && !rest.starts_with('0')).then_some(rest)
    }

    /// Returns the digits after a national prefix, and whether there was a plain one.
    ///
    /// Some prefixes are the beginning of a short form, and other digits take their place. A
    /// number that only looks as if it had a prefix keeps its digits.
    pub fn without_national_prefix<'a>(&self, digits: &'a str) -> (Cow<'a, str>, bool) {
        let Some(split) = split(self.national_prefix, digits).filter(|split| split.end > 0) else {
            return (Cow::Borrowed(digits), false);
        };
        let rest = &digits[usize::from(split.end)..];
        let stripped = match (self.inserted, split.group) {
            (Some(inserted), Some((start, end))) => {
                let kept = &digits[usize::from(start)..usize::from(end)];
                Cow::Owned([inserted, kept, rest].concat())
            }
            _ => Cow::Borrowed(rest),
        };
        if self.has_shape(digits) && !self.has_shape(&stripped) {
            return (Cow::Borrowed(digits), false);
        }
        let is_plain = matches!(stripped, Cow::Borrowed(_));
        (stripped, is_plain)
    }
}

fn has(lengths: u32, digits: usize) -> bool {
    digits < 32 && lengths & 1 << digits != 0
}

fn split(start: u16, digits: &str) -> Option<&'static Split> {
    let value = value(start, digits);
    SPLITS.get(usize::from(value).checked_sub(1)?)
}

/// Returns the value of the state to which `digits` lead.
fn value(start: u16, digits: &str) -> u16 {
    let mut state = start;
    for digit in digits.bytes() {
        // From the first state no digit leads on.
        if state == 0 {
            return 0;
        }
        let next = STATES[usize::from(state)].next.get(usize::from(digit.wrapping_sub(b'0')));
        state = next.copied().unwrap_or_default();
    }
    STATES[usize::from(state)].value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plans_are_sorted_by_country_code() {
        assert!(PLANS.is_sorted_by_key(|plan| plan.country_code));
        assert_eq!(PLANS.iter().filter(|plan| plan.region().is_some()).count(), 245);
    }
}
