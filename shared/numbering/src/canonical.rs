//! From a spelling to canonical digits.

use crate::fold::{Folded, fold};
use crate::home::HomeRegion;
use crate::phone::{Phone, PhoneError};

impl Phone {
    /// Reads a phone as a person writes it.
    ///
    /// # Errors
    /// [`PhoneError::Length`] unless the canonical form has 10–15 digits. A phone is never refused
    /// for being unassigned: the documented examples (`2759108396`) are no valid numbers.
    pub fn read(raw: &str, home: &HomeRegion) -> Result<Self, PhoneError> {
        canonical(raw, home).parse()
    }
}

/// Reads a phone as a person writes it into digits without a plus: total and deterministic.
///
/// 1. Digits of all scripts become ASCII; spaces, `-`, `.`, `/`, brackets, invisible marks and an
///    extension go. What has anything else in it has no digits.
/// 2. After a plus, or an international prefix (the home region's own, or `00`), the digits that
///    follow are the number, whatever the home region; a `(0)` after the country code goes.
/// 3. Without a prefix: where the digits are a valid national number of the home region, its E.164
///    digits; otherwise the digits as they stand, since `380665787842` is how ConnectyCube's
///    clients write international numbers.
///
/// Idempotent in E.164 spelling: `canonical("+" + canonical(x)) == canonical(x)`. Bare digits can't
/// promise more, since rule 3 may read them as a national number.
#[must_use]
pub fn canonical(raw: &str, home: &HomeRegion) -> String {
    let folded = fold(raw);
    if folded.plus {
        return without_bracketed_zero(&folded, 0);
    }
    if folded.digits.is_empty() {
        return folded.digits;
    }
    let dialing = home.dialing();
    let own = dialing.and_then(|dialing| dialing.international_prefix(&folded.digits));
    if let Some(prefix) = own.or_else(|| folded.digits.starts_with("00").then_some(2)) {
        return without_bracketed_zero(&folded, prefix);
    }
    dialing.and_then(|dialing| dialing.national(&folded.digits)).unwrap_or(folded.digits)
}

/// Whether `raw` says by itself which number it is, without a home region.
#[must_use]
pub fn is_international(raw: &str) -> bool {
    let folded = fold(raw);
    folded.plus || folded.digits.is_empty()
}

/// The digits after `prefix`, without the zero of a `(0)` that follows a country code.
fn without_bracketed_zero(folded: &Folded, prefix: usize) -> String {
    let mut digits = folded.digits.clone();
    // A country code has one to three digits.
    if let Some(zero) = folded.bracketed_zero
        && (prefix + 1..=prefix + 3).contains(&zero)
    {
        digits.remove(zero);
    }
    digits.split_off(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::Region;
    use proptest::prelude::*;

    fn home(region: &str) -> HomeRegion {
        HomeRegion::from(region.parse::<Region>().expect("a region"))
    }

    #[test]
    fn a_phone_becomes_its_canonical_digits() {
        for (region, raw, expected) in [
            // The documentation's own examples are no valid numbers and stay what they are.
            ("US", "1879108395", "1879108395"),
            ("US", "2759108396", "2759108396"),
            ("US", "3759108396", "3759108396"),
            ("US", "380665787842", "380665787842"),
            ("US", "61412675500", "61412675500"),
            // National numbers of the home region.
            ("US", "(650) 555-0123", "16505550123"),
            ("US", "1 650 555 0123", "16505550123"),
            ("US", "604 555 0123", "16045550123"),
            ("DE", "0151 12345678", "4915112345678"),
            ("DE", "(0)151 12345678", "4915112345678"),
            ("UA", "066 578 78 42", "380665787842"),
            ("IT", "06 6982 1234", "390669821234"),
            ("FR", "06 12 34 56 78", "33612345678"),
            // A plus is never bent by the home region.
            ("US", "+4915112345678", "4915112345678"),
            ("US", "+49 (0) 151 12345678", "4915112345678"),
            ("GB", "+44 (0)20 7946 0018", "442079460018"),
            ("US", "+39 06 6982 1234", "390669821234"),
            ("US", "+7 (0) 12 3456 7890", "71234567890"),
            // International prefixes: 00 everywhere, and the region's own.
            ("DE", "00 1 650 555 0123", "16505550123"),
            ("US", "0049 151 12345678", "4915112345678"),
            ("US", "011 49 151 12345678", "4915112345678"),
            ("US", "011 44 (0) 20 7946 0018", "442079460018"),
            ("AU", "0011 1 650 555 0123", "16505550123"),
            ("JP", "010 1 650 555 0123", "16505550123"),
            ("KR", "001 1 650 555 0123", "16505550123"),
            // Nothing there.
            ("US", "", ""),
            ("US", "call me", ""),
            ("US", "+", ""),
        ] {
            assert_eq!(canonical(raw, &home(region)), expected, "{raw:?} from {region}");
        }
    }

    #[test]
    fn a_phone_has_ten_to_fifteen_digits() {
        for (raw, accepted) in [
            ("+123456789", false),
            ("+1234567890", true),
            ("+123456789012345", true),
            ("+1234567890123456", false),
            ("", false),
        ] {
            assert_eq!(Phone::read(raw, &home("US")).is_ok(), accepted, "{raw:?}");
        }
    }

    fn regions() -> impl Strategy<Value = HomeRegion> {
        prop::sample::select(vec![
            "US", "DE", "GB", "IT", "KR", "AG", "BR", "RU", "AU", "UA", "MX", "CI",
        ])
        .prop_map(home)
    }

    /// Anything at all, and things that look like phones.
    fn raw() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), "[+＋]?[0-9٠-٩ ()./x-]{0,24}", "(\\+|00|011|0)?[0-9]{6,16}"]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn canonical_is_total_deterministic_and_made_of_digits(raw in raw(), home in regions()) {
            let digits = canonical(&raw, &home);
            prop_assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
            prop_assert_eq!(&digits, &canonical(&raw, &home));
        }

        #[test]
        fn canonical_is_idempotent(raw in raw(), home in regions()) {
            let digits = canonical(&raw, &home);
            prop_assert_eq!(canonical(&format!("+{digits}"), &home), digits);
        }

        #[test]
        fn a_plus_makes_the_home_region_irrelevant(number in "[+][0-9 ().-]{10,20}", one in regions(), other in regions()) {
            prop_assert_eq!(canonical(&number, &one), canonical(&number, &other));
        }
    }
}
