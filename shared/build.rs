//! Takes the numbering plans of `phonenumber` apart, one small document per country code.
//!
//! The crate compiles every pattern of all countries at first use, 100 ms and more, and keeps the last
//! hundred of them. A home region needs the plan of its own country code alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use phonenumber::Metadata;
use phonenumber::metadata::{DATABASE, Descriptor};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let mut regions: BTreeMap<&str, u16> = BTreeMap::new();
    let mut plans = vec![];
    for metadata in DATABASE.iter() {
        regions.insert(metadata.id(), metadata.country_code());
    }
    regions.remove("001");
    for code in 1..1_000 {
        // In the crate's own order, by which the first region that fits is the number's.
        let Some(territories) = DATABASE.by_code(&code) else { continue };
        let lengths = territories.iter().map(|metadata| lengths(metadata)).fold(0, |all, some| all | some);
        let territories: String = territories.into_iter().map(territory).collect();
        let plan = format!("<phoneNumberMetadata><territories>{territories}</territories></phoneNumberMetadata>");
        plans.push((code, lengths, plan));
    }
    let regions: Vec<_> = regions.into_iter().collect();
    let source = format!(
        "/// Country codes, a bit for each length of a national number, and the plans; in order.\n\
         static PLANS: &[(u16, u32, &str)] = &{plans:?};\n\
         /// Regions and their country codes, in order.\nstatic REGIONS: &[(&str, u16)] = &{regions:?};\n"
    );
    let folder = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&folder).join("plans.rs"), source).expect("the folder can be written");
}

/// A territory in the form of Google's `PhoneNumberMetadata.xml`, without what only formats numbers.
fn territory(metadata: &Metadata) -> String {
    let mut text = format!(r#"<territory id="{}" countryCode="{}""#, metadata.id(), metadata.country_code());
    let mut attribute = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            write!(text, r#" {name}="{}""#, plain(value)).expect("a string takes all");
        }
    };
    attribute("internationalPrefix", metadata.international_prefix().map(|pattern| pattern.as_str()));
    attribute("nationalPrefix", metadata.national_prefix());
    attribute("nationalPrefixForParsing", metadata.national_prefix_for_parsing().map(|pattern| pattern.as_str()));
    attribute("nationalPrefixTransformRule", metadata.national_prefix_transform_rule());
    attribute("leadingDigits", metadata.leading_digits().map(|pattern| pattern.as_str()));
    attribute("mainCountryForCode", metadata.is_main_country_for_code().then_some("true"));
    text.push('>');
    text.push_str(&descriptor("generalDesc", metadata.descriptors().general()));
    for (name, kind) in kinds(metadata) {
        text.extend(kind.map(|kind| descriptor(name, kind)));
    }
    text + "</territory>"
}

/// What kinds of numbers there are; a valid number is of one of them.
fn kinds(metadata: &Metadata) -> [(&'static str, Option<&Descriptor>); 10] {
    let kinds = metadata.descriptors();
    [
        ("fixedLine", kinds.fixed_line()),
        ("mobile", kinds.mobile()),
        ("tollFree", kinds.toll_free()),
        ("premiumRate", kinds.premium_rate()),
        ("sharedCost", kinds.shared_cost()),
        ("personalNumber", kinds.personal_number()),
        ("voip", kinds.voip()),
        ("pager", kinds.pager()),
        ("uan", kinds.uan()),
        ("voicemail", kinds.voicemail()),
    ]
}

/// A bit for each length that a valid national number can have; all of them where a kind doesn't say.
fn lengths(metadata: &Metadata) -> u32 {
    let kinds = kinds(metadata).into_iter().filter_map(|(_, kind)| kind);
    let of_kind = |kind: &Descriptor| match kind.possible_length() {
        [] => u32::MAX,
        lengths => lengths.iter().fold(0, |bits, length| bits | 1 << length),
    };
    kinds.map(of_kind).fold(0, |all, some| all | some)
}

fn descriptor(name: &str, kind: &Descriptor) -> String {
    let pattern = plain(kind.national_number().as_str());
    let lengths = [("national", kind.possible_length()), ("localOnly", kind.possible_local_length())];
    let lengths: String = lengths
        .iter()
        .filter(|(_, lengths)| !lengths.is_empty())
        .map(|(name, lengths)| {
            let lengths: Vec<String> = lengths.iter().map(u16::to_string).collect();
            format!(r#" {name}="{}""#, lengths.join(","))
        })
        .collect();
    format!("<{name}><nationalNumberPattern>{pattern}</nationalNumberPattern><possibleLengths{lengths}/></{name}>")
}

/// The text without the spaces that only lay a pattern out.
fn plain(text: &str) -> String {
    assert!(!text.contains(['<', '>', '&', '"']), "{text} would need escapes");
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
