//! The spellings of a number: as its country writes it, as others do, and as clients send it.

use rlibphonenumber::{PHONE_NUMBER_UTIL as UTIL, PhoneNumberFormat};

use crate::google::{self, Number, Rng};

/// A spelling, and where it is read.
pub struct Spelling {
    pub form: &'static str,
    pub home: String,
    pub raw: String,
}

const EXTENSIONS: [&str; 6] = [" ext. ", " x", " int. ", " Anexo ", " доб. ", "#"];

/// All spellings, at home and in some other region.
pub fn all(number: &Number, rng: &mut Rng) -> Vec<Spelling> {
    let regions = google::regions();
    let abroad = &regions[rng.usize(..regions.len())];
    let mut spellings = at_home(number, rng);
    for home in [&number.region, abroad] {
        let anywhere = anywhere(number, home, rng);
        let is_home = *home == number.region;
        let named = anywhere.map(|(names, raw)| (names[usize::from(!is_home)], raw));
        spellings.extend(named.map(|(form, raw)| Spelling { form, home: home.clone(), raw }));
    }
    spellings
}

fn formatted(number: &Number, format: PhoneNumberFormat) -> String {
    UTIL.format(&number.parsed, format).into_owned()
}

/// Spellings that don't depend on who reads them, with their names at home and abroad.
fn anywhere(number: &Number, home: &str, rng: &mut Rng) -> [([&'static str; 2], String); 9] {
    let digits = &number.digits;
    let international = formatted(number, PhoneNumberFormat::International);
    let (code, national) = digits.split_at(google::country_code(&number.region).len());
    let trunk = trunk(number);
    let out = UTIL.format_out_of_country_calling_number(&number.parsed, google::region(home));
    // Italian zeros are put into brackets too.
    let bracketed = match national.strip_prefix('0') {
        Some(rest) => format!("+{code} (0){rest}"),
        None if trunk.is_empty() => format!("+{code} {national}"),
        None => format!("+{code} ({trunk}){national}"),
    };
    [
        (["E.164", "E.164, abroad"], format!("+{digits}")),
        (["RFC 3966", "RFC 3966, abroad"], formatted(number, PhoneNumberFormat::RFC3966)),
        (["00", "00, abroad"], format!("00{digits}")),
        (["bare", "bare, abroad"], digits.clone()),
        (["plus and trunk", "plus and trunk, abroad"], format!("+{code} {trunk}{national}")),
        (["plus and (0)", "plus and (0), abroad"], bracketed),
        (["extension", "extension, abroad"], extended(&international, rng)),
        (["out of country", "out of country, abroad"], out.into_owned()),
        (["international", "international, abroad"], international),
    ]
}

/// Spellings of people of the number's own region.
fn at_home(number: &Number, rng: &mut Rng) -> Vec<Spelling> {
    let written = formatted(number, PhoneNumberFormat::National);
    let national = &number.digits[google::country_code(&number.region).len()..];
    let mut forms = vec![
        ("national", written.clone()),
        ("national, digits", written.chars().filter(char::is_ascii_digit).collect()),
        ("national, extension", extended(&written, rng)),
        ("trunk and number", format!("{}{national}", trunk(number))),
        ("number alone", national.to_owned()),
    ];
    let carriers: &[&str] = match &*number.region {
        "BR" => &["15", "31"],
        "CO" => &["3", "5"],
        "KR" => &["82"],
        "CN" => &["17900"],
        _ => &[],
    };
    forms.extend(carriers.iter().map(|carrier| {
        let raw = UTIL.format_national_number_with_carrier_code(&number.parsed, carrier);
        ("carrier code", raw)
    }));
    let home = || number.region.clone();
    forms.into_iter().map(|(form, raw)| Spelling { form, home: home(), raw }).collect()
}

/// The trunk prefix, which the port keeps to itself.
fn trunk(number: &Number) -> &'static str {
    let metadata = phonenumber::metadata::DATABASE.by_id(&number.region);
    metadata.and_then(|metadata| metadata.national_prefix()).unwrap_or_default()
}

fn extended(raw: &str, rng: &mut Rng) -> String {
    format!("{raw}{}{}", EXTENSIONS[rng.usize(..EXTENSIONS.len())], rng.u16(1..9_999))
}
