//! Whole files that move in and out.

use std::path::Path;
use std::time::Duration;

use people::{Counts, Import, Imported, Named, find};
use serde_json::Value;
use store::Keyring;

use super::{
    PEOPLE, Told, database, everything, exported, file, id, import_into, imported, keys, lines_of,
    run, user,
};

#[tokio::test]
async fn an_export_imported_under_other_keys_is_the_same_lines_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let one = database(keys()).await;
    let came = imported(&one.store(), Path::new(PEOPLE)).await;
    let created = |created| Counts { created, ..Counts::default() };
    assert_eq!((came.lines, came.accounts, came.books), (8, created(7), created(8)));
    let first = exported(&one.store()).await;

    for other in [database(keys()).await, database(Keyring::default()).await] {
        imported(&other.store(), &file(&folder, &first)).await;
        assert_eq!(exported(&other.store()).await, first);
    }

    // What was written by hand is in it.
    let wanted = std::fs::read_to_string(PEOPLE).expect("the people");
    let mut wanted: Vec<Value> =
        wanted.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let there: Vec<Value> =
        first.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    // By their ids, and the one without an account at the end.
    wanted.sort_by_key(|person| person["account"]["id"].as_u64().unwrap_or(u64::MAX));
    assert_eq!(there.len(), wanted.len());
    for (there, wanted) in there.iter().zip(&wanted) {
        assert_holds(there, wanted);
    }
    let matches: Vec<Option<u64>> = there[0]["books"][0]["contacts"]
        .as_array()
        .expect("contacts")
        .iter()
        .map(|contact| contact["match"].as_u64())
        .collect();
    assert_eq!(matches, [None, Some(103), Some(104), None, None], "Alice's book");
}

/// Asserts that `there` has everything that `wanted` has.
fn assert_holds(there: &Value, wanted: &Value) {
    match (there, wanted) {
        (Value::Object(there), Value::Object(wanted)) => {
            for (name, wanted) in wanted {
                assert_holds(&there[name], wanted);
            }
        }
        (Value::Array(there), Value::Array(wanted)) => {
            assert_eq!(there.len(), wanted.len());
            there.iter().zip(wanted).for_each(|(there, wanted)| assert_holds(there, wanted));
        }
        _ => assert_eq!(there, wanted),
    }
}

#[tokio::test]
async fn a_second_import_writes_nothing_and_no_import_charges_anything() {
    let database = database(keys()).await;
    imported(&database.store(), Path::new(PEOPLE)).await;
    let before = everything(&database).await;
    assert!(!before.iter().any(|item| item.starts_with("\"Budgets\"")));
    let unchanged = |unchanged| Counts { unchanged, ..Counts::default() };
    for overwrites in [false, true] {
        let store = database.store();
        let again = Import { overwrites, ..import_into(&store) };
        let (again, failures) = run(&again, Path::new(PEOPLE)).await;
        assert_eq!((again.accounts, again.books), (unchanged(7), unchanged(8)));
        assert_eq!(failures, Vec::<Value>::new());
        assert_eq!(everything(&database).await, before);
    }
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_writes_nothing() {
    let database = database(keys()).await;
    let store = database.store();
    let dry = Import { is_dry_run: true, ..import_into(&store) };
    let (would, _) = run(&dry, Path::new(PEOPLE)).await;
    assert_eq!(everything(&database).await, Vec::<String>::new());
    let did = imported(&store, Path::new(PEOPLE)).await;
    assert_eq!(Imported { is_dry_run: false, ..would }, did);
}

#[tokio::test]
async fn an_import_that_is_stopped_anywhere_and_started_again_ends_the_same() {
    let whole = database(Keyring::default()).await;
    imported(&whole.store(), Path::new(PEOPLE)).await;
    let expected = exported(&whole.store()).await;
    let mut stopped = 0;
    for milliseconds in [1, 2, 4, 6, 8, 11, 14, 18, 23, 29, 36, 45, 60, 80] {
        let database = database(Keyring::default()).await;
        let store = database.store();
        let import = import_into(&store);
        let mut told = Told::default();
        let run = import.run(Path::new(PEOPLE), &mut told);
        let time = Duration::from_millis(milliseconds);
        stopped += usize::from(tokio::time::timeout(time, run).await.is_err());
        imported(&database.store(), Path::new(PEOPLE)).await;
        assert_eq!(exported(&database.store()).await, expected, "after {milliseconds} ms");
    }
    assert!(stopped > 3, "{stopped} were stopped");
}

#[tokio::test]
async fn some_people_can_be_written_out_alone() {
    let database = database(keys()).await;
    let store = database.store();
    imported(&store, Path::new(PEOPLE)).await;
    let all = exported(&store).await;
    let all: Vec<&str> = all.lines().collect();
    let phone = |digits: &str| Named::Phone(digits.parse().expect("a phone"));
    let subject = |subject: &str| Named::User(user(subject));
    for (named, places, expected_missing) in [
        (vec![phone("16505550101")], &[0][..], &[][..]),
        (vec![Named::Id(id(102))], &[1], &[]),
        (vec![subject("102")], &[], &[0]),
        (vec![subject("chloe"), phone("33639980003")], &[2], &[]),
        (
            vec![subject("device-owner-without-account"), subject("nobody"), Named::Id(id(101))],
            &[0, 7],
            &[1],
        ),
        (vec![phone("16505550199"), Named::Id(id(999))], &[], &[0, 1]),
    ] {
        let (roll, missing) = find(&store, &named).await.expect("readable");
        assert_eq!(missing, expected_missing, "{named:?}");
        let lines = lines_of(&store, &roll).await;
        let expected: Vec<&str> = places.iter().map(|place| all[*place]).collect();
        assert_eq!(lines.lines().collect::<Vec<_>>(), expected, "{named:?}");
    }
}
