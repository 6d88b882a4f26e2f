//! Numbers that a country has changed: the former and the present number of one subscriber.
//!
//! Only changes that are published and leave no choice are here, and a number is changed only if
//! nobody can have it today and somebody can have its successor.

use crate::country::{Country, status_of};

/// A change of a country's national numbers.
struct Change {
    country_code: u16,
    /// How many digits the former national numbers had.
    digits: usize,
    /// What they began with.
    former: &'static [&'static str],
    /// How many of these digits went,
    removed: usize,
    /// and what came in their place.
    added: &'static str,
}

const CHANGES: &[Change] = &[
    // Mexico, 3 August 2019: the 1 before mobile numbers called from abroad is no longer dialled.
    // Source: Instituto Federal de Telecomunicaciones, plans published on 11 May 2018.
    change(52, 11, &["1"], 1, ""),
    // Benin, 30 November 2024: 01 before all numbers of eight digits.
    // Source: ARCEP Bénin, the regulator.
    change(229, 8, &[""], 0, "01"),
    // Ivory Coast, 31 January 2021: the operator's prefix before mobile numbers. The second digit
    // tells the operator: Moov, MTN, Orange. Fixed lines are left out.
    // Source: ARTCI, the regulator, for the operators' new prefixes.
    change(225, 8, MOOV, 0, "01"),
    change(225, 8, MTN, 0, "05"),
    change(225, 8, ORANGE, 0, "07"),
    // Vietnam, 15 September 2018: mobile numbers of ten digits (without the 0) have nine.
    // Source: Ministry of Information and Communications, prefixes of the five operators.
    change(84, 10, &["120"], 3, "70"),
    change(84, 10, &["121"], 3, "79"),
    change(84, 10, &["122"], 3, "77"),
    change(84, 10, &["123"], 3, "83"),
    change(84, 10, &["124"], 3, "84"),
    change(84, 10, &["125"], 3, "85"),
    change(84, 10, &["126"], 3, "76"),
    change(84, 10, &["127"], 3, "81"),
    change(84, 10, &["128"], 3, "78"),
    change(84, 10, &["129"], 3, "82"),
    change(84, 10, &["162", "163", "164", "165", "166", "167", "168", "169"], 2, "3"),
    change(84, 10, &["186", "188"], 2, "5"),
    change(84, 10, &["199"], 2, "5"),
    // Cameroon, 21 November 2014: 6 before mobile numbers. Reports of fixed lines disagree.
    // Source: Ministry of Posts and Telecommunications, announced on 24 September 2014.
    change(237, 8, &["7", "9"], 0, "6"),
    // Colombia, 1 September 2021: 60 before the area code of fixed lines.
    // Source: Comisión de Regulación de Comunicaciones, resolution 5826 of July 2019.
    change(57, 8, &["1", "2", "4", "5", "6", "7", "8"], 0, "60"),
];

const MOOV: &[&str] = &[
    "01", "02", "03", "40", "41", "42", "43", "50", "51", "52", "53", "60", "61", "62", "63", "70",
    "71", "72", "73",
];
const MTN: &[&str] = &[
    "04", "05", "06", "44", "45", "46", "54", "55", "56", "64", "65", "66", "74", "75", "76", "84",
    "85", "86", "94", "95", "96",
];
const ORANGE: &[&str] = &[
    "07", "08", "09", "47", "48", "49", "57", "58", "59", "67", "68", "69", "77", "78", "79", "87",
    "88", "89", "97", "98",
];

/// Prefixes that were dialled before national numbers, and the digits of those numbers.
///
/// Mexico, until 3 August 2019: 01 before other cities, 044 and 045 before mobile numbers.
const FORMER_PREFIXES: [(u16, &str, usize); 3] = [(52, "01", 10), (52, "044", 10), (52, "045", 10)];

const fn change(
    country_code: u16,
    digits: usize,
    former: &'static [&'static str],
    removed: usize,
    added: &'static str,
) -> Change {
    Change { country_code, digits, former, removed, added }
}

/// Returns the present number of a subscriber whose former international digits these are.
pub(crate) fn renumbered(digits: &str) -> Option<String> {
    let (country, national) = Country::split(digits)?;
    let code = country.main().country_code;
    let changed = CHANGES.iter().filter(|change| change.country_code == code);
    let changed = changed.filter_map(|change| change.present(national));
    let dialled = FORMER_PREFIXES.iter().filter_map(|(country_code, prefix, digits)| {
        let rest = national.strip_prefix(prefix).filter(|_| *country_code == code)?;
        (rest.len() == *digits).then(|| rest.to_owned())
    });
    let successors = changed.chain(dialled).map(|national| format!("{code}{national}"));
    successors.into_iter().find(|digits| status_of(digits).is_valid())
}

/// Returns the international digits that a number had before its country changed it.
pub(crate) fn former(digits: &str) -> Vec<String> {
    let Some((country, national)) = Country::split(digits) else { return vec![] };
    let code = country.main().country_code;
    let changes = CHANGES.iter().filter(|change| change.country_code == code);
    let former = changes.flat_map(|change| change.past(national));
    former.map(|national| format!("{code}{national}")).collect()
}

impl Change {
    fn present(&self, national: &str) -> Option<String> {
        let begins = self.former.iter().any(|former| national.starts_with(former));
        let changes = begins && national.len() == self.digits;
        changes.then(|| [self.added, &national[self.removed..]].concat())
    }

    fn past(&self, national: &str) -> Option<String> {
        self.former.iter().find_map(|former| {
            let rest = national.strip_prefix(self.added)?.strip_prefix(&former[self.removed..])?;
            Some([former, rest].concat()).filter(|national| national.len() == self.digits)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIRS: [(&str, &str); 11] = [
        ("5215512345678", "525512345678"),
        ("22997123456", "2290197123456"),
        ("22507123456", "2250707123456"),
        ("22545123456", "2250545123456"),
        ("22541123456", "2250141123456"),
        ("841201234567", "84701234567"),
        ("841681234567", "84381234567"),
        ("841881234567", "84581234567"),
        ("841991234567", "84591234567"),
        ("23777123456", "237677123456"),
        ("5712345678", "576012345678"),
    ];

    #[test]
    fn a_former_number_becomes_the_present_one_and_is_remembered() {
        for (old, new) in PAIRS {
            assert!(!status_of(old).is_valid(), "{old} is a number of today");
            assert_eq!(renumbered(old).as_deref(), Some(new), "{old}");
            assert_eq!(former(new), [old], "{new}");
        }
    }

    #[test]
    fn numbers_that_were_not_changed_have_no_former_ones() {
        for digits in ["4915112345678", "16502530000", "5491123456789", "5511987654321", ""] {
            assert_eq!((renumbered(digits), former(digits)), (None, vec![]), "{digits}");
        }
    }

    #[test]
    fn prefixes_that_mexico_has_abolished_are_dropped() {
        for digits in ["52015512345678", "520445512345678", "520455512345678"] {
            assert_eq!(renumbered(digits).as_deref(), Some("525512345678"), "{digits}");
        }
    }
}
