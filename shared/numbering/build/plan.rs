//! One region's plan, as Rust.

use std::fmt::{Debug, Write as _};

use phonenumber::Metadata;
use phonenumber::metadata::Descriptor;

use crate::newer;
use crate::number::{ANY_LENGTH, Kind, Kinds, MAX_DIGITS};
use crate::prefix;
use crate::states::{DEAD, States};

/// Writes a region's plan. Its numbers are written as those of the main region of its code.
///
/// # Panics
/// If a rule for what takes a prefix's place isn't "some digits, then the last group".
pub fn plan(metadata: &Metadata, main: &Metadata, states: &mut States) -> String {
    let id = metadata.id();
    let prefix = |patterns: [Option<&str>; 2], states: &mut States| {
        let patterns: Vec<String> = patterns.into_iter().flatten().map(plain).collect();
        if patterns.is_empty() { DEAD } else { prefix::add(&patterns.join("|"), states) }
    };
    let mut text = format!("Plan {{ region: {:?}", metadata.id());
    let mut field = |name: &str, value: &dyn Debug| {
        write!(text, ", {name}: {value:?}").expect("a string takes all");
    };
    field("country_code", &metadata.country_code());
    field("numbers", &kinds(metadata).add_to(states));
    // A length that is complete for one kind counts as complete.
    let complete = all_lengths(metadata, Descriptor::possible_length)
        | newer_kinds(id).map(|kind| kind.lengths()).fold(0, |all, lengths| all | lengths);
    field("lengths", &complete);
    field("local_lengths", &(all_lengths(metadata, Descriptor::possible_local_length) & !complete));
    let leading = metadata.leading_digits().map(|pattern| pattern.as_str());
    let leading = leading.map(|pattern| prefix([Some(pattern), newer::leading(id)], states));
    field("leading", &leading);
    // A longer prefix is tried first.
    let international = metadata.international_prefix().map(|pattern| pattern.as_str());
    let international = [newer::international_prefix(id), international];
    field("international_prefix", &prefix(international, states));
    let national = metadata.national_prefix_for_parsing().map(|pattern| pattern.as_str());
    // If no pattern is given, the prefix is the pattern.
    let national = national.or_else(|| metadata.national_prefix());
    field("national_prefix", &prefix([national, None], states));
    field("trunk", &metadata.national_prefix().unwrap_or_default());
    field("inserted", &metadata.national_prefix_transform_rule().map(inserted));
    field("writes_trunk", &writes_trunk(metadata, main));
    text + " }"
}

fn kinds(metadata: &Metadata) -> Kinds {
    let mut kinds = Kinds {
        general: kind(metadata.descriptors().general()),
        mobile: metadata.descriptors().mobile().map(kind).into_iter().collect(),
        others: other_descriptors(metadata).map(kind).collect(),
        withdrawn: newer::withdrawn(metadata.id()).map(|pattern| Kind::new(pattern, ANY_LENGTH)),
    };
    let newer = |kind| newer::pattern(metadata.id(), kind);
    let [mobile, other] = [newer::Kind::Mobile, newer::Kind::Other].map(newer);
    let general = metadata.descriptors().general().national_number().as_str();
    let all: Vec<&str> =
        [Some(general), mobile.as_deref(), other.as_deref()].into_iter().flatten().collect();
    kinds.general = Kind::new(&plain(&all.join("|")), ANY_LENGTH);
    kinds.mobile.extend(mobile.map(|pattern| Kind::new(&pattern, ANY_LENGTH)));
    kinds.others.extend(other.map(|pattern| Kind::new(&pattern, ANY_LENGTH)));
    kinds
}

/// The kinds of the numbers that the metadata doesn't know yet.
fn newer_kinds(region: &str) -> impl Iterator<Item = Kind> {
    let patterns =
        [newer::Kind::Mobile, newer::Kind::Other].map(|kind| newer::pattern(region, kind));
    patterns.into_iter().flatten().map(|pattern| Kind::new(&pattern, ANY_LENGTH))
}

/// What kinds of numbers there are, besides the mobile ones.
fn other_descriptors(metadata: &Metadata) -> impl Iterator<Item = &Descriptor> {
    let kinds = metadata.descriptors();
    let others = [
        kinds.fixed_line(),
        kinds.toll_free(),
        kinds.premium_rate(),
        kinds.shared_cost(),
        kinds.personal_number(),
        kinds.voip(),
        kinds.pager(),
        kinds.uan(),
        kinds.voicemail(),
    ];
    others.into_iter().flatten()
}

fn kind(descriptor: &Descriptor) -> Kind {
    let lengths = match descriptor.possible_length() {
        [] => ANY_LENGTH,
        some => lengths(some),
    };
    Kind::new(&plain(descriptor.national_number().as_str()), lengths)
}

/// The lengths of all kinds together, which are those of the region.
fn all_lengths(metadata: &Metadata, of: fn(&Descriptor) -> &[u16]) -> u32 {
    let all = other_descriptors(metadata).chain(metadata.descriptors().mobile());
    all.fold(0, |bits, descriptor| bits | lengths(of(descriptor)))
}

fn lengths(lengths: &[u16]) -> u32 {
    let possible = lengths.iter().filter(|length| usize::from(**length) <= MAX_DIGITS);
    possible.fold(0, |bits, length| bits | 1 << length)
}

/// The digits before the last group in a rule such as `9$1`.
fn inserted(rule: &str) -> &str {
    let (digits, group) = rule.split_once('$').expect("a rule names a group");
    assert!(group.len() == 1 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{rule}");
    digits
}

/// Whether people of the region write a trunk prefix before their mobile numbers.
fn writes_trunk(metadata: &Metadata, main: &Metadata) -> bool {
    let (Some(trunk), Some(example)) =
        (metadata.national_prefix(), metadata.descriptors().mobile().and_then(Descriptor::example))
    else {
        return false;
    };
    let fits = |pattern: &str| Kind::new(&plain(pattern), ANY_LENGTH).matches(example);
    let format = main.formats().iter().find(|format| {
        let leading = format.leading_digits().last();
        leading.is_none_or(|leading| fits(&format!("(?:{})[0-9]*", leading.as_str())))
            && fits(format.pattern().as_str())
    });
    format
        .and_then(|format| format.national_prefix())
        .is_some_and(|rule| rule.contains("$NP") || rule.contains(trunk))
}

/// The pattern without the spaces that only lay it out.
fn plain(pattern: &str) -> String {
    pattern.chars().filter(|c| !c.is_whitespace()).collect()
}
