//! Numbering plans: what `phonenumber` has to know about one country code.
//!
//! The crate's own database has the patterns of all countries, which take 100 ms to compile; the plan of one
//! country code takes one or a few. `build.rs` takes the database apart.

use std::sync::{Arc, Mutex, PoisonError};

use phonenumber::metadata::Database;

use super::region::Region;

include!(concat!(env!("OUT_DIR"), "/plans.rs"));

/// Plans that are kept. Most deployments have one or two home regions; a plan takes about a megabyte.
const KEPT: usize = 8;

/// Compiled patterns that a plan keeps: all of them.
const PATTERNS: usize = 1_000;

/// The plans used last, the latest first.
static LOADED: Mutex<Vec<(u16, Arc<Database>)>> = Mutex::new(Vec::new());

/// The country code of `region`, if it has phone numbers.
pub(super) fn country_code(region: Region) -> Option<u16> {
    let place = REGIONS.binary_search_by_key(&region.code(), |(id, _)| id).ok()?;
    Some(REGIONS[place].1)
}

/// The country code with which international `digits` begin. None is the beginning of another.
pub(super) fn country_code_of(digits: &str) -> Option<u16> {
    (1..=3).filter_map(|length| digits.get(..length)?.parse().ok()).find(|code| place(*code).is_some())
}

fn place(code: u16) -> Option<usize> {
    PLANS.binary_search_by_key(&code, |(code, _, _)| *code).ok()
}

/// Whether a valid national number of a country code can have `digits` digits. Says no to most foreign numbers,
/// before they are tried on every pattern of every region of the code.
pub(super) fn can_have(code: u16, digits: usize) -> bool {
    place(code).is_some_and(|place| digits < 32 && PLANS[place].1 & 1 << digits != 0)
}

/// The plan of a country code.
pub(super) fn plan(code: u16) -> Option<Arc<Database>> {
    // A panic of another thread leaves the list as it was before or after: both are fine.
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(place) = loaded.iter().position(|(kept, _)| *kept == code) {
        loaded[..=place].rotate_right(1);
        return Some(Arc::clone(&loaded[0].1));
    }
    let database = Arc::new(Database::parse(PLANS[place(code)?].2).ok()?);
    // North America's 25 regions have more patterns than the hundred that are kept unless asked for.
    database.cache().lock().ok()?.set_capacity(PATTERNS);
    loaded.insert(0, (code, Arc::clone(&database)));
    loaded.truncate(KEPT);
    Some(database)
}

#[cfg(test)]
mod tests {
    use super::*;
    use phonenumber::metadata::DATABASE;
    use phonenumber::{Mode, country};

    /// E.164 digits and region, where `digits` are a valid number of the country code `code`.
    fn read(database: &Database, id: country::Id, code: u16, digits: &str) -> Option<(String, Option<String>)> {
        let number = phonenumber::parse_with(database, Some(id), digits).ok()?;
        let valid = number.code().value() == code && phonenumber::is_valid_with(database, &number);
        let e164 = number.format_with(database).mode(Mode::E164).to_string();
        assert!(!valid || e164 == format!("+{code}{}", number.national()), "{digits}");
        valid.then(|| (e164, number.metadata(database).map(|metadata| metadata.id().to_owned())))
    }

    #[test]
    fn a_plan_says_of_every_region_what_the_whole_database_says() {
        let mut valid = 0;
        for metadata in DATABASE.iter().filter(|metadata| metadata.id() != "001") {
            let id: country::Id = metadata.id().parse().expect("a country");
            let code = country_code(metadata.id().parse().expect("a region")).expect("it has numbers");
            assert_eq!(code, metadata.country_code());
            let plan = plan(code).expect("it has a plan");
            let prefix = metadata.national_prefix().unwrap_or_default();
            let kinds = metadata.descriptors();
            let kinds = [Some(kinds.general()), kinds.fixed_line(), kinds.mobile(), kinds.voip(), kinds.toll_free()];
            for example in kinds.into_iter().filter_map(|kind| kind?.example()) {
                let others = [example[1..].to_owned(), format!("{code}{example}"), format!("9{example}")];
                let longer = (1..4).map(|more| format!("{example}{}", "123".split_at(more).0));
                let spelled = [example.to_owned(), format!("{prefix}{example}")].into_iter().chain(others);
                for digits in spelled.chain(longer) {
                    let expected = read(&DATABASE, id, code, &digits);
                    valid += usize::from(expected.is_some());
                    if let Some((e164, _)) = &expected {
                        assert!(can_have(code, e164.len() - format!("+{code}").len()), "{digits} in {}", metadata.id());
                    }
                    assert_eq!(read(&plan, id, code, &digits), expected, "{digits} in {}", metadata.id());
                }
            }
        }
        assert!(valid > 1_500, "{valid} valid numbers are few");
    }

    #[test]
    fn no_country_code_is_the_beginning_of_another() {
        for (code, _, _) in PLANS {
            assert_eq!(country_code_of(&format!("{code}0000000000")), Some(*code));
        }
        assert_eq!(country_code_of("999"), None);
        assert_eq!(country_code_of(""), None);
    }

    #[test]
    fn only_the_last_plans_are_kept() {
        for (code, _, _) in PLANS {
            assert!(plan(*code).is_some(), "{code}");
        }
        assert!(LOADED.lock().expect("no panic").len() <= KEPT);
    }
}
