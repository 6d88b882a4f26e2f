//! Reads digits that begin with a country code.

use std::borrow::Cow;

use crate::country::{Country, status_of};
use crate::plan::Status;
use crate::renumbered::renumbered;

/// International digits without a plus, and what is known about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    pub digits: String,
    pub status: Status,
}

/// Reads digits that begin with a country code; `bracketed_zero` is the place of a `(0)` in them.
///
/// The number's own country decides: a trunk prefix after the country code goes if the number is
/// invalid with it, and a former number becomes the present one. Reading the result again changes
/// nothing.
pub(crate) fn international(digits: &str, bracketed_zero: Option<usize>) -> Number {
    // A country code has one to three digits.
    let Some(zero) = bracketed_zero.filter(|zero| (1..=3).contains(zero)) else {
        return settle(digits);
    };
    let with = settle(digits);
    let without = settle(&[&digits[..zero], &digits[zero + 1..]].concat());
    // Italian numbers keep their zero. Countries without a trunk prefix have no other use for one.
    let has_trunk =
        || Country::split(digits).is_none_or(|(country, _)| !country.main().trunk.is_empty());
    let keeps = with.status.is_valid() || !without.status.is_valid() && !has_trunk();
    if keeps { with } else { without }
}

fn settle(digits: &str) -> Number {
    let Some((country, national)) = Country::split(digits) else {
        return without_zeros(digits);
    };
    let status = country.status(national);
    if status.is_valid() {
        return Number { digits: digits.to_owned(), status };
    }
    let code = &digits[..digits.len() - national.len()];
    let found = without_trunk(country, national)
        .map(|national| [code, &national].concat())
        .or_else(|| renumbered(digits));
    let digits = found.unwrap_or_else(|| digits.to_owned());
    Number { status: status_of(&digits), digits }
}

/// Takes off trunk prefixes until the number is valid. Some people write two.
fn without_trunk(country: Country, national: &str) -> Option<String> {
    let mut national = Cow::Borrowed(national);
    loop {
        let (stripped, _) = country.main().without_national_prefix(&national);
        if stripped == national {
            return None;
        }
        if country.status(&stripped).is_valid() {
            return Some(stripped.into_owned());
        }
        national = Cow::Owned(stripped.into_owned());
    }
}

/// Reads `+0049…`, in which somebody wrote both a plus and a prefix.
fn without_zeros(digits: &str) -> Number {
    let rest = digits.strip_prefix("00").filter(|rest| !rest.starts_with('0')).map(settle);
    let unread = || Number { digits: digits.to_owned(), status: Status::Invalid };
    rest.filter(|number| number.status.is_valid()).unwrap_or_else(unread)
}
