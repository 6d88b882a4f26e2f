//! Reads the spellings of books that were written by the rules of reading version 1 again.
//!
//! `fixtures/readings-v1.tsv` holds a region, a spelling, and the digits of version 1 in a line.

use numbering::{HomeRegion, Phone, Region, reread};

struct Row {
    home: HomeRegion,
    spelling: &'static str,
    old: Phone,
}

fn rows() -> Vec<Row> {
    let lines = include_str!("fixtures/readings-v1.tsv").lines();
    let row = |line: &'static str| {
        let mut fields = line.split('\t');
        let mut field = || fields.next().expect("three fields");
        let region: Region = field().parse().expect("a region");
        let spelling = field();
        let old: Phone = field().parse().expect("canonical digits");
        Row { home: HomeRegion::from(region), spelling, old }
    };
    lines.map(row).collect()
}

#[test]
fn a_number_that_changes_becomes_a_valid_one() {
    let mut changed = 0;
    for Row { home, spelling, old } in rows() {
        let new = reread(spelling, old, &home);
        assert!(new == old || new.is_valid(), "{spelling} in {home:?}");
        assert_eq!(reread(spelling, new, &home), new, "{spelling} in {home:?} changes again");
        changed += usize::from(new != old);
    }
    assert!((50..100).contains(&changed), "{changed} numbers change");
}

#[test]
fn a_number_that_another_version_wrote_is_kept_if_both_are_valid() {
    for Row { home, spelling, old } in rows() {
        let says_so = spelling.starts_with('+') || spelling.starts_with("00");
        if old.is_valid() && !says_so {
            assert_eq!(reread(spelling, old, &home), old, "{spelling} in {home:?}");
        }
    }
}

#[test]
fn a_renumbered_subscriber_is_found_by_the_number_of_version_1() {
    let mut found = 0;
    for spelling in ["+52 1 55 1234 5678", "+229 97 12 34 56", "+225 07 12 34 56"] {
        let row = rows().into_iter().find(|row| row.spelling == spelling).expect("a row");
        let new = reread(spelling, row.old, &row.home);
        assert_eq!(new.former(), [row.old], "{spelling}");
        found += 1;
    }
    assert_eq!(found, 3);
}
