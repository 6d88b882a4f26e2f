//! Makes the numbering plans of the world out of `phonenumber`'s database.
//!
//! The crate compiles patterns as it meets them: 100 ms and more for all of them, and 0.6 MB of each package that
//! reads phones for the engine and its tables. What a national number is doesn't change at run time, so that all patterns become one
//! automaton here, of 100 KB, that takes a table look-up a digit.

#[path = "build/automaton.rs"]
mod automaton;

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use automaton::{ANY_LENGTH, Automaton, Kind, MAX_DIGITS};
use phonenumber::Metadata;
use phonenumber::metadata::{DATABASE, Descriptor};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build");
    let mut automaton = Automaton::new();
    let mut plans = vec![];
    for code in 1..1_000 {
        // In the crate's own order, by which the first region that fits is the number's.
        let regions = DATABASE.by_code(&code).unwrap_or_default();
        // Numbers of no country, such as international toll-free ones, are nobody's home.
        plans.extend(regions.into_iter().filter(|metadata| metadata.id() != "001").map(
            |metadata| {
                let plan = plan(metadata, &mut automaton);
                format!("({:?}, {plan})", metadata.id())
            },
        ));
    }
    let states = automaton
        .states
        .iter()
        .map(|(next, accepts)| format!("State {{ next: {next:?}, accepts: {accepts} }}"));
    let source = format!(
        "/// Regions and their plans, by country code and in the order in which regions that share one are tried.\n\
         static PLANS: &[(&str, Plan)] = &[{}];\n\
         /// The automaton of all plans.\n\
         static STATES: &[State] = &[{}];\n",
        plans.join(",\n"),
        states.collect::<Vec<_>>().join(",\n"),
    );
    let folder = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&folder).join("plans.rs"), source).expect("the folder can be written");
}

/// A region's plan, as Rust.
fn plan(metadata: &Metadata, automaton: &mut Automaton) -> String {
    let general = [kind(metadata.descriptors().general())];
    let kinds: Vec<Kind> = kinds(metadata).into_iter().flatten().map(kind).collect();
    let leading =
        metadata.leading_digits().map(|digits| [Kind::new(&plain(digits.as_str()), ANY_LENGTH)]);
    let mut text = format!("Plan {{ country_code: {}", metadata.country_code());
    let mut field = |name: &str, value: &dyn std::fmt::Debug| {
        write!(text, ", {name}: {value:?}").expect("a string takes all");
    };
    field("general", &automaton.add(&[&general]));
    field("valid", &automaton.add(&[&general, &kinds]));
    field("leading", &leading.map(|leading| automaton.add(&[&leading])));
    let pattern = |pattern: &str| format!("^(?:{})", plain(pattern));
    field(
        "international_prefix",
        &metadata.international_prefix().map(|prefix| pattern(prefix.as_str())),
    );
    field("national_prefix", &metadata.national_prefix());
    field(
        "national_prefix_for_parsing",
        &metadata.national_prefix_for_parsing().map(|prefix| pattern(prefix.as_str())),
    );
    field("national_prefix_transform", &metadata.national_prefix_transform_rule());
    text + " }"
}

/// What kinds of numbers there are; a valid number is of one of them.
fn kinds(metadata: &Metadata) -> [Option<&Descriptor>; 10] {
    let kinds = metadata.descriptors();
    [
        kinds.fixed_line(),
        kinds.mobile(),
        kinds.toll_free(),
        kinds.premium_rate(),
        kinds.shared_cost(),
        kinds.personal_number(),
        kinds.voip(),
        kinds.pager(),
        kinds.uan(),
        kinds.voicemail(),
    ]
}

fn kind(descriptor: &Descriptor) -> Kind {
    let lengths = match descriptor.possible_length() {
        [] => ANY_LENGTH,
        some => some
            .iter()
            .filter(|length| usize::from(**length) <= MAX_DIGITS)
            .fold(0, |bits, length| bits | 1 << length),
    };
    Kind::new(&plain(descriptor.national_number().as_str()), lengths)
}

/// The pattern without the spaces that only lay it out.
fn plain(pattern: &str) -> String {
    pattern.chars().filter(|c| !c.is_whitespace()).collect()
}
