//! The doors: from what people and tokens write to canonical digits.

use crate::fold::fold;
use crate::home::HomeRegion;
use crate::international::international;
use crate::phone::{MIN_DIGITS, Phone, PhoneError};
use crate::reading::{Evidence, read};
use crate::renumbered::{former, renumbered};

impl Phone {
    /// Reads a phone as a person writes it.
    ///
    /// # Errors
    /// [`PhoneError::Length`] unless the canonical form has 10 to 15 digits, or 7 to 9 and is a
    /// valid number that was written with a plus or at home. No phone is refused for being
    /// unassigned: the documented examples (`2759108396`) aren't valid numbers.
    pub fn read(raw: &str, home: &HomeRegion) -> Result<Self, PhoneError> {
        let reading = read(raw, home);
        // Few digits are rather a local number than one of a small country.
        if reading.evidence == Evidence::Bare && reading.digits.len() < MIN_DIGITS {
            return Err(PhoneError::Length);
        }
        reading.digits.parse()
    }

    /// Reads the number that a token proves: international, with or without its plus.
    ///
    /// # Errors
    /// [`PhoneError::Length`] unless it has 10 to 15 digits, or 7 to 9 and is valid.
    pub fn proven(number: &str) -> Result<Self, PhoneError> {
        let folded = fold(number);
        international(&folded.digits, folded.bracketed_zero).digits.parse()
    }

    /// Returns the phones that this one was under rules of its country that are no longer in force.
    ///
    /// A user who registered under such a number is found by it.
    #[must_use]
    pub fn former(&self) -> Vec<Self> {
        former(self.digits()).iter().filter_map(|digits| digits.parse().ok()).collect()
    }

    /// Returns all phones of this one's subscriber: the present one, then what it was before its
    /// country changed it. Nearly always, that is this one alone.
    #[must_use]
    pub fn forms(&self) -> Vec<Self> {
        let present = renumbered(self.digits()).and_then(|digits| digits.parse().ok());
        let present: Self = present.unwrap_or(*self);
        let mut forms = vec![present];
        for form in present.former().into_iter().chain([*self]) {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
        forms
    }

    /// Returns whether `other` is this phone, or was it before its country changed it, or the other
    /// way round.
    #[must_use]
    pub fn is_same_subscriber(&self, other: &Self) -> bool {
        self == other || self.forms().contains(other)
    }
}

/// Reads a phone as a person writes it into digits without a plus. Total and deterministic.
///
/// 1. Digits of all scripts become ASCII. Spaces, `-`, `.`, `/`, brackets, invisible marks and an
///    extension are dropped. A text with anything else in it has no digits.
/// 2. After a plus, the digits are the number, whatever the home region. A trunk prefix or `(0)`
///    after the country code is dropped if the number isn't valid with it.
/// 3. An international prefix, `00` or the home region's own, counts as a plus. If digits can be
///    read in several ways, the reading that is a valid number wins.
/// 4. Other digits are a national number of the home region, or an international number without
///    its plus, as ConnectyCube's clients write it. The reading that is a valid number wins. If
///    both are valid, a trunk prefix makes the number national. Without one, a foreign mobile
///    number wins over a national number that isn't mobile, or that people would write with the
///    trunk prefix.
/// 5. If no reading is valid, digits after a trunk prefix get the home region's country code, and
///    all others are taken for international.
///
/// Idempotent with a plus: `canonical("+" + canonical(x)) == canonical(x)`. Bare digits can't
/// promise more, since rule 4 may read them as a national number.
#[must_use]
pub fn canonical(raw: &str, home: &HomeRegion) -> String {
    read(raw, home).digits
}

/// Whether `raw` says by itself which number it is, without a home region.
#[must_use]
pub fn is_international(raw: &str) -> bool {
    let folded = fold(raw);
    folded.plus || folded.digits.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::Region;
    use proptest::prelude::*;

    fn home(region: &str) -> HomeRegion {
        HomeRegion::from(region.parse::<Region>().expect("a region"))
    }

    fn assert_rows(rows: &[(&str, &str, &str)]) {
        for (region, raw, expected) in rows {
            assert_eq!(canonical(raw, &home(region)), *expected, "{raw:?} from {region}");
        }
    }

    #[test]
    fn the_documentations_examples_stay_what_they_are() {
        assert_rows(&[
            ("US", "1879108395", "1879108395"),
            ("US", "2759108396", "2759108396"),
            ("US", "3759108396", "3759108396"),
            ("US", "380665787842", "380665787842"),
            ("US", "61412675500", "61412675500"),
        ]);
    }

    #[test]
    fn national_numbers_belong_to_the_home_region() {
        assert_rows(&[
            ("US", "(650) 555-0123", "16505550123"),
            ("US", "1 650 555 0123", "16505550123"),
            ("US", "604 555 0123", "16045550123"),
            ("DE", "0151 12345678", "4915112345678"),
            ("DE", "(0)151 12345678", "4915112345678"),
            ("UA", "066 578 78 42", "380665787842"),
            ("IT", "06 6982 1234", "390669821234"),
            ("FR", "06 12 34 56 78", "33612345678"),
            ("BR", "0 15 11 98765-4321", "5511987654321"),
            ("AR", "011 15-2345-6789", "5491123456789"),
            ("IN", "9198123456", "919198123456"),
            ("IN", "91 9198123456", "919198123456"),
            ("IT", "3921234567", "393921234567"),
        ]);
    }

    #[test]
    fn a_trunk_prefix_is_taken_off_once() {
        assert_rows(&[
            ("RU", "8 800 555-35-35", "78005553535"),
            ("RU", "8 (916) 123-45-67", "79161234567"),
            ("KZ", "8 701 234 5678", "77012345678"),
        ]);
    }

    #[test]
    fn a_zero_that_belongs_to_the_number_stays() {
        assert_rows(&[
            ("US", "+39 (0)6 6982 1234", "390669821234"),
            ("DE", "+39 06 6982 1234", "390669821234"),
            ("US", "+225 (0)7 07 12 34 56", "2250707123456"),
            ("US", "+229 (0)1 95 12 34 56", "2290195123456"),
            ("US", "+242 (0)6 612 3456", "242066123456"),
            ("US", "+378 (0)549 886377", "3780549886377"),
        ]);
    }

    #[test]
    fn a_trunk_prefix_after_a_plus_goes_if_the_number_is_invalid_with_it() {
        assert_rows(&[
            ("US", "+4915112345678", "4915112345678"),
            ("US", "+49 0151 12345678", "4915112345678"),
            ("RU", "+49 (0) 151 12345678", "4915112345678"),
            ("US", "+44 (020) 7946 0018", "442079460018"),
            ("GB", "+44 (0)20 7946 0018", "442079460018"),
            ("DE", "+7 (8) 916 123-45-67", "79161234567"),
            ("US", "+7 (0) 12 3456 7890", "71234567890"),
            ("US", "+00 49 151 12345678", "4915112345678"),
            // Nobody knows whether these are numbers.
            ("US", "+49 0 999 1", "4909991"),
            ("US", "+0498912345678", "0498912345678"),
        ]);
    }

    #[test]
    fn an_international_prefix_is_the_one_that_leaves_a_valid_number() {
        assert_rows(&[
            ("DE", "00 1 650 555 0123", "16505550123"),
            ("US", "0049 151 12345678", "4915112345678"),
            ("US", "011 49 151 12345678", "4915112345678"),
            ("US", "011 44 (0) 20 7946 0018", "442079460018"),
            ("AU", "0011 1 650 555 0123", "16505550123"),
            ("JP", "010 1 650 555 0123", "16505550123"),
            ("KR", "001 1 650 555 0123", "16505550123"),
            ("TH", "00 49 151 12345678", "4915112345678"),
            ("TH", "001 49 151 12345678", "4915112345678"),
            ("SG", "00 49 151 12345678", "4915112345678"),
            ("KR", "00 49 151 12345678", "4915112345678"),
            ("HK", "00 852 9123 4567", "85291234567"),
            ("HK", "001 49 151 12345678", "4915112345678"),
            ("RU", "8~10 49 151 12345678", "4915112345678"),
        ]);
    }

    #[test]
    fn bare_digits_are_foreign_mobiles_unless_they_are_a_likelier_number_at_home() {
        assert_rows(&[
            ("DE", "447400123456", "447400123456"),
            ("DE", "61412675500", "61412675500"),
            ("DE", "4915112345678", "4915112345678"),
            ("DE", "493012345678", "493012345678"),
            ("DE", "49 0151 12345678", "4915112345678"),
            ("AT", "4915112345678", "4915112345678"),
            ("LU", "4915112345678", "4915112345678"),
            // Both are valid: a trunk prefix, and a mobile number that is written without one.
            ("RU", "8 491 234-56-78", "74912345678"),
            ("CN", "13812345678", "8613812345678"),
            ("US", "6512345678", "16512345678"),
        ]);
    }

    #[test]
    fn a_number_that_the_metadata_does_not_know_gets_its_country_code() {
        assert_rows(&[
            ("DE", "0154 12345678", "4915412345678"),
            ("RU", "8 100 123-45-67", "71001234567"),
            ("SN", "99 123 45 67", "221991234567"),
            // Nothing tells that these are national.
            ("US", "275 910 8396", "2759108396"),
            ("DE", "154 12345678", "15412345678"),
        ]);
    }

    #[test]
    fn an_extension_in_any_language_is_dropped() {
        assert_rows(&[
            ("US", "(650) 253-0000 ext. 12", "16502530000"),
            ("AR", "011 2345-6789 int. 12", "541123456789"),
            ("PE", "(01) 2345678 Anexo 12", "5112345678"),
            ("RU", "8 (495) 123-45-67 доб. 12", "74951234567"),
            ("US", "650 253 0000 x", "16502530000"),
            ("US", "650 253 0000 or 1", ""),
        ]);
    }

    #[test]
    fn a_former_number_becomes_the_present_one() {
        assert_rows(&[
            ("US", "+52 1 55 1234 5678", "525512345678"),
            ("MX", "044 55 1234 5678", "525512345678"),
            ("BJ", "97 12 34 56", "2290197123456"),
            ("CI", "07 12 34 56", "2250707123456"),
            ("VN", "0168 123 4567", "84381234567"),
        ]);
    }

    #[test]
    fn nothing_is_nothing() {
        assert_rows(&[("US", "", ""), ("US", "call me", ""), ("US", "+", ""), ("AQ", "", "")]);
    }

    #[test]
    fn a_region_without_phones_reads_international_numbers() {
        assert_rows(&[
            ("AQ", "0049 151 12345678", "4915112345678"),
            ("AQ", "+49 0151 12345678", "4915112345678"),
            ("AQ", "4915112345678", "4915112345678"),
        ]);
    }

    #[test]
    fn short_numbers_are_phones_if_they_are_valid_and_not_local() {
        for (region, raw, expected) in [
            ("DE", "+298 212345", Some("298212345")),
            ("DE", "00298 212345", Some("298212345")),
            ("FO", "212345", Some("298212345")),
            ("FO", "298 212345", Some("298212345")),
            ("GL", "22 12 34", Some("299221234")),
            ("AD", "312 345", Some("376312345")),
            // A local number of some country, rather.
            ("BR", "298 212345", None),
            ("DE", "+298 012345", None),
            ("US", "+123456789", None),
            ("US", "+1234567890", Some("1234567890")),
            ("US", "+1234567890123456", None),
        ] {
            let phone = Phone::read(raw, &home(region)).ok();
            assert_eq!(phone.as_ref().map(Phone::digits), expected, "{raw:?} from {region}");
        }
    }

    #[test]
    fn a_proven_number_is_read_as_one_with_a_plus() {
        for (number, expected) in [
            ("+4915112345678", Ok("4915112345678")),
            ("4915112345678", Ok("4915112345678")),
            ("+298212345", Ok("298212345")),
            ("+5215512345678", Ok("525512345678")),
            ("+12345", Err(PhoneError::Length)),
            ("", Err(PhoneError::Length)),
        ] {
            let phone = Phone::proven(number);
            assert_eq!(
                phone.as_ref().map(Phone::digits).map_err(|error| *error),
                expected,
                "{number}"
            );
        }
    }

    #[test]
    fn a_phone_remembers_what_it_was_under_former_rules() {
        let phone = Phone::read("55 1234 5678", &home("MX")).expect("a phone");
        let former: Vec<Phone> = phone.former();
        assert_eq!(former.iter().map(Phone::digits).collect::<Vec<_>>(), ["5215512345678"]);
    }

    fn regions() -> impl Strategy<Value = HomeRegion> {
        let regions = [
            "US", "DE", "GB", "IT", "KR", "AG", "BR", "RU", "AU", "UA", "MX", "CI", "AR", "SM",
            "JP", "BY", "CN", "MG", "AQ",
        ];
        prop::sample::select(regions.to_vec()).prop_map(home)
    }

    /// Anything at all, and things that look like phones.
    fn raw() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[+＋]?[0-9٠-٩ ()./x-]{0,24}",
            "(\\+|00|011|0)?[0-9]{6,16}",
            "\\+(52|54|7|375|378|261|44|39|84)(0|1|8|80|00|9)?[0-9]{5,12}",
        ]
    }

    #[test]
    fn a_subscriber_has_the_same_forms_under_each_of_them() {
        let forms = |digits: &str| {
            let phone: Phone = digits.parse().expect("a phone");
            let forms = phone.forms();
            forms.iter().map(|phone| phone.digits().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(forms("16505550123"), ["16505550123"]);
        assert_eq!(forms("525512345678"), ["525512345678", "5215512345678"]);
        assert_eq!(forms("5215512345678"), ["525512345678", "5215512345678"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

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
        fn a_plus_makes_the_home_region_irrelevant(
            number in "[+][0-9 ().-]{10,20}",
            one in regions(),
            other in regions(),
        ) {
            prop_assert_eq!(canonical(&number, &one), canonical(&number, &other));
        }

        #[test]
        fn the_digits_of_a_phone_are_a_phone(raw in raw(), home in regions()) {
            if let Ok(phone) = Phone::read(&raw, &home) {
                prop_assert_eq!(phone.digits().parse(), Ok(phone));
                prop_assert_eq!(Phone::proven(phone.digits()), Ok(phone));
            }
        }
    }
}
