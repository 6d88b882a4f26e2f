//! What Google's library says, by its port to Rust.

use std::ops::RangeInclusive;

use rlibphonenumber::{
    PHONE_NUMBER_UTIL as UTIL, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region,
};

pub use fastrand::Rng;

const KINDS: [PhoneNumberType; 10] = [
    PhoneNumberType::FixedLine,
    PhoneNumberType::Mobile,
    PhoneNumberType::TollFree,
    PhoneNumberType::PremiumRate,
    PhoneNumberType::SharedCost,
    PhoneNumberType::PersonalNumber,
    PhoneNumberType::VoIP,
    PhoneNumberType::Pager,
    PhoneNumberType::UAN,
    PhoneNumberType::VoiceMail,
];

/// A valid number.
pub struct Number {
    pub region: String,
    /// The international digits.
    pub digits: String,
    pub is_mobile: bool,
    pub parsed: PhoneNumber,
}

/// All regions, in a fixed order.
pub fn regions() -> Vec<String> {
    let mut regions: Vec<String> =
        UTIL.get_supported_regions().map(|region| region.as_region_str().to_string()).collect();
    regions.sort();
    regions
}

pub fn region(code: &str) -> Region {
    Region::from_code(code).expect("a region")
}

pub fn country_code(code: &str) -> String {
    UTIL.get_country_code_for_region(region(code)).expect("it has a code").to_string()
}

/// Valid numbers of all regions and kinds: examples, of which some last digits are made up.
pub fn numbers(count: usize, rng: &mut Rng) -> Vec<Number> {
    let mut numbers = vec![];
    for code in regions() {
        for kind in KINDS {
            let Ok(example) = UTIL.get_example_number_for_type_and_region(region(&code), kind)
            else {
                continue;
            };
            let tried = (0..count * 10).filter_map(|_| varied(&example, &code, rng));
            numbers.extend(tried.take(count));
        }
    }
    numbers
}

fn varied(example: &PhoneNumber, code: &str, rng: &mut Rng) -> Option<Number> {
    let mut digits = e164(example).into_bytes();
    let kept = rng.usize(country_code(code).len() + 1..=digits.len());
    digits[kept..].fill_with(|| b'0' + rng.u8(0..10));
    let digits = String::from_utf8(digits).ok()?;
    let parsed = UTIL.parse(format!("+{digits}"), None::<Region>).ok()?;
    let is_of = e164(&parsed) == digits && UTIL.is_valid_number_for_region(&parsed, region(code));
    let kind = UTIL.get_number_type(&parsed);
    let is_mobile = matches!(kind, PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile);
    is_of.then(|| Number { region: code.to_owned(), digits, is_mobile, parsed })
}

pub fn e164(number: &PhoneNumber) -> String {
    UTIL.format(number, PhoneNumberFormat::E164)[1..].to_owned()
}

/// The digits that Google's library reads, or nothing.
pub fn read(raw: &str, home: &str) -> String {
    UTIL.parse(raw, Some(region(home))).map_or(String::new(), |number| e164(&number))
}

/// Whether international digits of a region's country are a valid number.
///
/// The number is made of its parts: the parser would take a trunk prefix off.
pub fn is_valid(digits: &str, code: &str) -> bool {
    let Some(national) = digits.strip_prefix(code) else { return false };
    let zeros = national.len() - national.trim_start_matches('0').len();
    let number = PhoneNumber {
        country_code: code.parse().expect("a code"),
        national_number: national.parse().unwrap_or_default(),
        italian_leading_zero: (zeros > 0).then_some(true),
        number_of_leading_zeros: (zeros > 0).then_some(zeros as i32),
        ..PhoneNumber::default()
    };
    UTIL.is_valid_number(&number)
}

/// The region of a valid number.
pub fn region_of(digits: &str) -> String {
    let number = UTIL.parse(format!("+{digits}"), None::<Region>).expect("a number");
    UTIL.get_region_for_number(&number).expect("it has a region").as_region_str().to_string()
}

pub fn random_digits(rng: &mut Rng, lengths: RangeInclusive<usize>) -> String {
    let length = rng.usize(lengths);
    std::iter::repeat_with(|| rng.digit(10)).take(length).collect()
}
