//! Writes the numbering plans of the world as Rust tables, from `phonenumber`'s database.
//!
//! A pattern compiled at run time costs milliseconds, and a regex engine half a megabyte of every
//! package that reads phones. The patterns don't change at run time, so all of them become one
//! automaton here. A number then costs one table look-up a digit.

#[path = "build/newer.rs"]
mod newer;
#[path = "build/number.rs"]
mod number;
#[path = "build/plan.rs"]
mod plan;
#[path = "build/prefix.rs"]
mod prefix;
#[path = "build/states.rs"]
mod states;

use std::path::Path;
use std::{env, fs};

use phonenumber::metadata::DATABASE;
use states::States;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build");
    let mut states = States::default();
    let mut plans = vec![];
    let mut codes = vec![0];
    for code in 1..1_000 {
        codes.push(plans.len());
        // The main region of a country code comes first, as in Google's library.
        let regions = DATABASE.by_code(&code).unwrap_or_default();
        plans.extend(regions.iter().map(|region| plan::plan(region, regions[0], &mut states)));
    }
    codes.push(plans.len());
    let tables = format!(
        "/// The plans by country code, the main region of a code first.\n\
         static PLANS: &[Plan] = &[{}];\n\
         /// The place of the first plan of each country code.\n\
         static CODES: [u16; {}] = {codes:?};\n\
         /// The automaton of all plans.\n\
         static STATES: &[State] = &[{}];\n\
         /// Where the prefixes of national numbers end.\n\
         static SPLITS: &[Split] = &[{}];\n",
        plans.join(",\n"),
        codes.len(),
        states.rows(),
        states.splits(),
    );
    let source = format!(
        "{tables}\n\
         /// A fingerprint of the plans, by which a test notices that they have changed.\n\
         #[cfg(test)]\n\
         pub(crate) const FINGERPRINT: u64 = {};\n",
        fingerprint(&tables),
    );
    let folder = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&folder).join("plans.rs"), source).expect("the folder can be written");
}

/// FNV-1a, which no release of Rust changes.
fn fingerprint(text: &str) -> u64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    text.bytes().fold(0xCBF2_9CE4_8422_2325, step)
}
