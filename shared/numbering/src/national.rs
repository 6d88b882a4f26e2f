//! Reads digits as somebody dials them at home.

use std::borrow::Cow;

use crate::country::Country;
use crate::international::international;
use crate::plan::{Plan, Status};

/// A reading of digits as a national number.
pub(crate) struct National {
    /// The international digits.
    pub digits: String,
    pub status: Status,
    /// Whether a trunk prefix was written before the number, so that it can't be international.
    pub has_trunk: bool,
    /// Whether the number was one of the region, and `digits` is what has become of it.
    pub is_former: bool,
}

/// Reads `digits` as a number of the region, with or without country code and trunk prefix.
///
/// The first reading is Google's. If it isn't a valid number, others are tried: all digits, and
/// the digits without country code or trunk prefix, even if Google's rules would keep those.
pub(crate) fn national(plan: &Plan, digits: &str) -> National {
    let code = plan.country_code.to_string();
    let (stripped, is_plain) = plan.without_national_prefix(digits);
    let without_code = digits.strip_prefix(&*code).map(|rest| plan.without_national_prefix(rest).0);
    let first = googles(plan, digits, &stripped, without_code.as_deref());
    let others = [Some(Cow::Borrowed(digits)), without_code, Some(stripped.clone())];

    let country = Country::of(plan);
    let valid = |national: &Cow<str>| country.status(national).is_valid();
    let found = std::iter::once(first.clone()).chain(others.into_iter().flatten()).find(valid);
    let national = found.unwrap_or(first);
    let status = country.status(&national);
    let has_trunk = is_plain && national == stripped;
    let digits = code + &national;
    if status.is_valid() {
        return National { digits, status, has_trunk, is_former: false };
    }
    let number = international(&digits, None);
    let is_former = number.status.is_valid();
    National { digits: number.digits, status, has_trunk, is_former }
}

/// Returns the national number that Google's library finds in `digits`.
fn googles<'a>(
    plan: &Plan,
    digits: &'a str,
    stripped: &str,
    without_code: Option<&str>,
) -> Cow<'a, str> {
    let better = |rest: &&str| !plan.has_shape(digits) && plan.has_shape(rest);
    let is_too_long = plan.is_too_long(digits.len());
    let national = match without_code.filter(|rest| better(rest) || is_too_long) {
        // The prefix is looked for again, after the country code and once more after itself.
        Some(rest) => (rest.to_owned(), plan.without_national_prefix(rest).0.into_owned()),
        None => (digits.to_owned(), stripped.to_owned()),
    };
    let (kept, stripped) = national;
    Cow::Owned(if plan.is_long_enough(stripped.len()) { stripped } else { kept })
}
