//! Names and phones of the town and of those who live elsewhere.

use std::collections::HashMap;

use fake::locales::{DE_DE, Data, EN, FR_FR, IT_IT, PT_BR};

use crate::graph::ContactId;

/// Area codes of the United States, ten thousand visibly false numbers (555) each.
const AREAS: [u16; 36] = [
    650, 415, 212, 213, 312, 305, 206, 617, 512, 713, 214, 404, 202, 215, 303, 602, 619, 702, 503,
    801, 816, 314, 615, 504, 410, 412, 216, 313, 414, 612, 317, 502, 901, 405, 505, 808,
];
/// Numbers of an area.
const LINES: u32 = 10_000;

/// How a person writes a number.
const SPELLINGS: u32 = 5;

/// Given and family names of some languages.
const NAMES: [(&[&str], &[&str]); 5] = [
    (EN::NAME_FIRST_NAME, EN::NAME_LAST_NAME),
    (DE_DE::NAME_FIRST_NAME, DE_DE::NAME_LAST_NAME),
    (FR_FR::NAME_FIRST_NAME, FR_FR::NAME_LAST_NAME),
    (IT_IT::NAME_FIRST_NAME, IT_IT::NAME_LAST_NAME),
    (PT_BR::NAME_FIRST_NAME, PT_BR::NAME_LAST_NAME),
];
/// What people write behind a name.
const REMARKS: [&str; 8] = [" (work)", " new", " home", " school", " gym", " Jr.", " 2", " ☎"];

/// The phones of everybody.
#[derive(Debug)]
pub struct Phones {
    /// The people's own phones in digits, if they aren't made here.
    given: Vec<String>,
    by_digits: HashMap<String, ContactId>,
}

impl Phones {
    /// Makes the phones of a town.
    pub fn made(people: u32) -> Self {
        let by_digits = (0..people).map(|person| (digits(person), person)).collect();
        Self { given: vec![], by_digits }
    }

    /// Takes the phones of people who exist elsewhere, in digits.
    pub fn given(phones: Vec<String>) -> Self {
        let by_digits = phones.iter().cloned().zip(0..).collect();
        Self { given: phones, by_digits }
    }

    /// Returns the canonical digits of somebody's phone.
    pub fn digits(&self, contact: ContactId) -> String {
        self.given.get(contact as usize).cloned().unwrap_or_else(|| digits(contact))
    }

    /// Returns a phone as the owner of a book spells it.
    pub fn spelled(&self, owner: u32, contact: ContactId) -> String {
        match self.given.get(contact as usize) {
            Some(digits) => format!("+{digits}"),
            // The home region of an owner with a phone from elsewhere may be another country.
            None if !self.given.is_empty() => format!("+{}", digits(contact)),
            None => spelled(&digits(contact), mixed(owner, contact) % SPELLINGS),
        }
    }

    /// Returns who of the town has a phone, in canonical digits.
    pub fn holder(&self, digits: &str) -> Option<u32> {
        self.by_digits.get(digits).copied()
    }
}

fn digits(contact: ContactId) -> String {
    format!("1{}555{:04}", AREAS[(contact / LINES) as usize % AREAS.len()], contact % LINES)
}

fn spelled(digits: &str, spelling: u32) -> String {
    let (area, exchange, line) = (&digits[1..4], &digits[4..7], &digits[7..]);
    match spelling {
        0 => format!("+{digits}"),
        1 => format!("({area}) {exchange}-{line}"),
        2 => format!("{area}-{exchange}-{line}"),
        3 => format!("+1 {area} {exchange} {line}"),
        _ => format!("{area}{exchange}{line}"),
    }
}

/// Returns somebody's full name.
pub fn full_name(contact: ContactId) -> String {
    let mix = mixed(contact, 0);
    let (given, family) = NAMES[mix as usize % NAMES.len()];
    let mix = mix as usize / NAMES.len();
    // One of the lists has a name with a tab behind it, which the server would take away.
    let (given, family) = (given[mix % given.len()], family[mix / given.len() % family.len()]);
    format!("{} {}", given.trim(), family.trim())
}

/// Returns the name of a contact in the book of an owner who has changed it `changes` times.
pub fn name_in_book(owner: u32, contact: ContactId, changes: u8) -> String {
    let full = full_name(contact);
    let given = full.split(' ').next().unwrap_or(&full);
    let way = mixed(owner, contact) / SPELLINGS + u32::from(changes);
    match way % 4 {
        0 | 1 if changes == 0 => full,
        2 if changes == 0 => given.to_owned(),
        _ => format!("{given}{}", REMARKS[way as usize % REMARKS.len()]),
    }
}

/// Returns a number that looks like chance, and is always the same.
fn mixed(a: u32, b: u32) -> u32 {
    // The finalizer of SplitMix64.
    let mut mix = ((u64::from(a) << 32) | u64::from(b)).wrapping_add(0x9E37_79B9_7F4A_7C15);
    mix = (mix ^ (mix >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mix = (mix ^ (mix >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mix ^ (mix >> 31)) as u32
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use numbering::{HomeRegion, Region, canonical};

    use super::*;

    #[test]
    fn every_spelling_of_a_phone_is_read_as_its_digits() {
        let region = HomeRegion::from("US".parse::<Region>().expect("a region"));
        for area in 0..AREAS.len() as u32 {
            for line in [0, 100, 1_212, 9_999] {
                let digits = digits(area * LINES + line);
                for spelling in 0..SPELLINGS {
                    let written = spelled(&digits, spelling);
                    assert_eq!(canonical(&written, &region), digits, "{written}");
                }
            }
        }
    }

    #[test]
    fn everybody_has_a_phone_of_their_own() {
        let all = LINES * AREAS.len() as u32;
        let phones: HashSet<String> = (0..all).map(digits).collect();
        assert_eq!(phones.len(), all as usize);
        // The largest town, and the strangers that it knows.
        assert!(all >= 50_000 * 6);
        assert_eq!(Phones::made(20).holder(&digits(19)), Some(19));
        assert_eq!(Phones::made(20).holder(&digits(20)), None);
    }

    #[test]
    fn phones_from_elsewhere_are_written_internationally() {
        let phones = Phones::given(vec!["4915112345678".to_owned(), "16505550123".to_owned()]);
        for (contact, spelled) in [(0, "+4915112345678"), (1, "+16505550123"), (2, "+16505550002")]
        {
            assert_eq!(phones.spelled(1, contact), spelled);
        }
        assert_eq!(phones.holder("16505550123"), Some(1));
    }

    #[test]
    fn no_name_has_blanks_around_it() {
        for contact in 0..50_000 {
            for name in [full_name(contact), name_in_book(contact / 7, contact, 0)] {
                assert_eq!(name, name.trim(), "{contact}");
            }
        }
    }

    #[test]
    fn each_change_of_a_name_makes_another_one() {
        for (owner, contact) in (0..500).map(|number| (number % 7, number)) {
            let names: Vec<String> =
                (0..4).map(|changes| name_in_book(owner, contact, changes)).collect();
            assert!(names.iter().all(|name| !name.is_empty() && name.chars().count() < 255));
            assert!(names.windows(2).all(|two| two[0] != two[1]), "{names:?}");
        }
    }
}
