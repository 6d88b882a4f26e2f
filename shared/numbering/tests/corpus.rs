//! Replays the corpus of the fuzz target.

use std::fs;
use std::path::Path;

use numbering::{HomeRegion, Region, canonical};

#[test]
fn every_input_that_was_found_is_read_into_the_same_digits_again() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/canonical");
    let mut read = 0;
    for input in fs::read_dir(corpus).expect("a corpus") {
        let bytes = fs::read(input.expect("an input").path()).expect("it can be read");
        let raw = String::from_utf8_lossy(&bytes);
        for region in ["US", "DE", "IT", "AR", "BY", "MX", "SG", "AQ"] {
            let home = HomeRegion::from(region.parse::<Region>().expect("a region"));
            let digits = canonical(&raw, &home);
            assert_eq!(canonical(&format!("+{digits}"), &home), digits, "{raw:?} in {region}");
            read += 1;
        }
    }
    assert!(read > 100, "{read} readings are few");
}
