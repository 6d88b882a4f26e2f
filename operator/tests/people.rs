//! Moving people in and writing them out, over the embedded DynamoDB.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use local::{Database, tables};
use model::{Book, Change, Contact, Details, Mode, PublicId, Scope, SystemClock, Upload, UserId};
use numbering::{HomeRegion, Phone, Region};
use people::{Counts, Failure, Import, Imported, Named, Roll, Step, Watch, export, find, roll};
use protocol::{ProfilePatch, sign_up, upload_unlimited};
use serde_json::{Value, json};
use store::{AccountStore, BookReader, HolderReader, Keyring, Store};
use tempfile::TempDir;

/// People with names in many scripts, books of devices, hidden and muted ones, one without a number,
/// and one with a book and no account.
const PEOPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/people.jsonl");

async fn database(keyring: Keyring) -> Database {
    Database::start(None, Ipv4Addr::LOCALHOST, 0, keyring).await.expect("a database")
}

fn keys() -> Keyring {
    Keyring::generate_secret().parse().expect("a secret")
}

fn region(code: &str) -> Region {
    code.parse().expect("a region")
}

fn user(subject: &str) -> UserId {
    subject.parse().expect("a user")
}

fn id(id: u64) -> PublicId {
    PublicId::new(id).expect("an id")
}

/// Keeps what an import tells.
#[derive(Default)]
struct Told {
    failures: Vec<Value>,
    done: usize,
}

impl Watch for Told {
    fn begin(&mut self, _: Step, _: Option<u64>) {}

    fn done_one(&mut self) {
        self.done += 1;
    }

    fn failed(&mut self, failure: &Failure) {
        self.failures.push(serde_json::to_value(failure).expect("JSON"));
    }
}

fn import_into(store: &Store) -> Import<'_, SystemClock> {
    let region = region("US");
    let clock = &SystemClock;
    Import { store, clock, region, at_once: 4, overwrites: false, is_dry_run: false }
}

async fn run(import: &Import<'_, SystemClock>, file: &Path) -> (Imported, Vec<Value>) {
    let mut told = Told::default();
    let imported = import.run(file, &mut told).await.expect("readable");
    (imported, told.failures)
}

async fn imported(store: &Store, file: &Path) -> Imported {
    let (imported, failures) = run(&import_into(store), file).await;
    assert_eq!(failures, Vec::<Value>::new());
    imported
}

async fn lines_of(store: &Store, roll: &Roll) -> String {
    let mut all = String::new();
    let mut lines = pin!(export(store, roll, 3));
    while let Some(line) = lines.next().await {
        if let Some(line) = line.expect("readable") {
            all.push_str(&line);
            all.push('\n');
        }
    }
    all
}

async fn exported(store: &Store) -> String {
    let roll = roll(store, 2, || {}).await.expect("readable");
    assert_eq!(roll.unreadable, 0);
    lines_of(store, &roll).await
}

fn file(folder: &TempDir, content: &str) -> PathBuf {
    let path = folder.path().join("people.jsonl");
    std::fs::write(&path, content).expect("written");
    path
}

fn lines(people: &[Value]) -> String {
    people.iter().map(|person| format!("{person}\n")).collect()
}

/// Returns every item of every table.
async fn everything(database: &Database) -> Vec<String> {
    let mut items = vec![];
    let value = serde_json::to_value(tables()).expect("JSON");
    for name in value.as_object().expect("names").values() {
        let scan = database.client().scan().table_name(name.as_str().expect("a name"));
        let page = scan.send().await.expect("scanned");
        assert!(page.last_evaluated_key.is_none(), "the table has one page");
        for item in page.items.unwrap_or_default() {
            let mut attributes: Vec<_> = item.into_iter().collect();
            attributes.sort_by(|(one, _), (other, _)| one.cmp(other));
            items.push(format!("{name} {attributes:?}"));
        }
    }
    items.sort();
    items
}

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

async fn uploads(store: &Store, owner: &UserId, spelling: &str) {
    let home = HomeRegion::from(region("US"));
    let phone = Phone::read(spelling, &home).expect("a phone");
    let contact = Contact { phone, spelling: spelling.into(), name: "x".parse().expect("a name") };
    let upload = Upload { mode: Mode::Merge, changes: vec![(0, Change::Put(contact))] };
    upload_unlimited(store, owner, &Scope::Global, &upload, &home).await.expect("uploaded");
}

async fn book(store: &Store, owner: &UserId) -> Book {
    store.read_book(owner, &Scope::Global).await.expect("a book").book
}

#[tokio::test]
async fn the_books_that_are_there_show_the_people_who_move_in_without_any_stream() {
    let database = database(keys()).await;
    let store = database.store();
    // So many that the message about them is split.
    let owners: Vec<UserId> = (0..103).map(|owner| user(&format!("owner-{owner}"))).collect();
    for owner in &owners {
        uploads(&store, owner, "(650) 555-0101").await;
    }
    uploads(&store, &owners[0], "(650) 555-0102").await;
    imported(&store, Path::new(PEOPLE)).await;
    for owner in &owners {
        let book = book(&store, owner).await;
        let matches: Vec<_> = book.entries().iter().map(|entry| entry.matched).collect();
        assert_eq!(matches[0], Some(id(101)), "Alice");
        assert!(matches[1..].iter().all(Option::is_none), "Bob hides");
    }
    let alice: Phone = "16505550101".parse().expect("a phone");
    let holder = store.holder(alice).await.expect("readable").expect("a holder");
    assert!(!holder.announced, "nobody is told of who moves in");
    let profile = store.profile(id(101)).await.expect("readable").expect("a profile");
    assert!(profile.flags.announce_me, "this is what the user chose");
}

#[tokio::test]
async fn what_is_there_stays_unless_it_may_be_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = database(keys()).await;
    let store = database.store();
    imported(&store, Path::new(PEOPLE)).await;
    let alice = user("alice");
    let details = Details { full_name: Some("Alice Renamed".to_owned()), ..Details::default() };
    let hides =
        ProfilePatch { details, discoverable_by_phone: Some(false), ..ProfilePatch::default() };
    let claim = protocol::PhoneClaim::None;
    sign_up(&store, &SystemClock, &alice, claim, &hides).await.expect("hidden");
    uploads(&store, &alice, "(650) 555-0177").await;
    let since = exported(&store).await;

    let came = imported(&store, Path::new(PEOPLE)).await;
    assert_eq!((came.accounts.kept, came.books.kept), (1, 1));
    assert_eq!(exported(&store).await, since);

    // A line of another phone: her former number's books are told too.
    let one = json!({
        "subject": "alice",
        "account": {"id": 101, "phone": "+16505550177", "choices": {"discoverable_by_phone": true}},
        "books": [{"contacts": [{"name": "Bob", "phone": "+1 650 555 0102"}]}],
    });
    let import = Import { overwrites: true, ..import_into(&store) };
    let (came, failures) = run(&import, &file(&folder, &lines(&[one]))).await;
    assert_eq!(failures, Vec::<Value>::new());
    assert_eq!((came.accounts.changed, came.books.changed), (1, 1));
    let phones: Vec<_> =
        book(&store, &alice).await.entries().iter().map(|entry| entry.contact.phone).collect();
    assert_eq!(phones, ["16505550102".parse().expect("a phone")]);
    let bob = book(&store, &user("bob")).await;
    assert_eq!(bob.entries()[0].matched, None, "the number is nobody's any more");
}

#[tokio::test]
async fn who_has_left_stays_away_unless_they_are_to_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = database(keys()).await;
    let store = database.store();
    imported(&store, Path::new(PEOPLE)).await;
    protocol::remove_account(&store, &local::Inbox::default(), &SystemClock, &user("alice"))
        .await
        .expect("removed");
    let came = imported(&store, Path::new(PEOPLE)).await;
    assert_eq!((came.accounts.kept, came.books.kept), (1, 1));
    assert!(book(&store, &user("alice")).await.entries().is_empty());

    let first = std::fs::read_to_string(PEOPLE).expect("the people");
    let first = file(&folder, first.lines().next().expect("Alice"));
    let (came, _) = run(&Import { overwrites: true, ..import_into(&store) }, &first).await;
    assert_eq!((came.accounts.created, came.books.created), (1, 1));
    assert_eq!(book(&store, &user("alice")).await.entries().len(), 5);
}

#[tokio::test]
async fn a_line_without_an_id_never_gets_that_of_another_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = database(keys()).await;
    let people: Vec<Value> = (1..=30_u64)
        .map(|n| match n % 3 {
            0 => json!({"subject": format!("given-{n}"), "account": {"id": n}}),
            _ => json!({"subject": format!("drawn-{n}"), "account": {}}),
        })
        .collect();
    imported(&database.store(), &file(&folder, &lines(&people))).await;
    let text = exported(&database.store()).await;
    for line in text.lines() {
        let person: Value = serde_json::from_str(line).expect("JSON");
        let (subject, id) = (person["subject"].as_str(), person["account"]["id"].as_u64());
        let (subject, id) = (subject.expect("a subject"), id.expect("an id"));
        match subject.strip_prefix("given-") {
            Some(given) => assert_eq!(given, id.to_string()),
            None => assert!(id > 30, "{subject} has {id}"),
        }
    }
    assert_eq!(text.lines().count(), 30);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_its_line_and_place_without_a_quote() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = "Zoë +16505550155";
    let account = |account: Value| json!({"subject": "a", "account": account});
    let contacts = |contact: Value| json!({"subject": "a", "books": [{"contacts": [contact]}]});
    let line = |reason: &str| json!({"line": 1, "reason": reason});
    let contact = |reason: &str| json!({"line": 1, "book": 0, "contact": 0, "reason": reason});
    let long = "x".repeat(5_001);
    for (text, expected) in [
        (secret.to_owned(), line("it isn't JSON at column 1")),
        ("{}".to_owned(), line("missing field `subject` at column 2")),
        (json!({"subject": 7}).to_string(), line("a value of the wrong type at column 12")),
        (json!({"subject": ""}).to_string(), line("subject: a user id has 1 to 256 bytes")),
        (json!({"subject": "a"}).to_string(), line("the person has neither an account nor a book")),
        (
            json!({"nickname": secret, "subject": "a"}).to_string(),
            line("unknown field `nickname` at column 11"),
        ),
        (json!({secret: 1, "subject": "a"}).to_string(), line("unknown field at column 20")),
        (
            r#"{"subject":"a","subject":"b"}"#.to_owned(),
            line("duplicate field `subject` at column 24"),
        ),
        (
            account(json!({"profile": {"full_nam": secret}})).to_string(),
            line("unknown field `full_nam` at column 33"),
        ),
        (
            account(json!({"profile": {"timezone": secret}})).to_string(),
            line("a value of the wrong type at column 53"),
        ),
        (
            account(json!({"choices": {"announce_me": "no"}})).to_string(),
            line("a value of the wrong type at column 41"),
        ),
        (
            account(json!({"id": 0})).to_string(),
            line("account.id: a public id is from 1 to 2147483647"),
        ),
        (
            account(json!({"phone": "16505550155"})).to_string(),
            line("account.phone: isn't a number with a plus and its country code"),
        ),
        (
            account(json!({"phone": "+1 650 555 0155"})).to_string(),
            line("account.phone: isn't a number with a plus and its country code"),
        ),
        (
            account(json!({"created_at": secret})).to_string(),
            line("account.created_at: isn't a time like 2026-11-24T01:57:52Z"),
        ),
        (
            account(json!({"profile": {"website": long}})).to_string(),
            line("account.profile.website: is longer than 5000"),
        ),
        (
            json!({"subject": "a", "books": [{"udid": "", "contacts": []}]}).to_string(),
            line("books[0].udid: a udid has 1 to 64 characters"),
        ),
        (
            json!({"subject": "a", "books": [{"home_region": secret, "contacts": []}]}).to_string(),
            line(
                "books[0].home_region: a region is an ISO 3166-1 code of two letters that has phone numbers, such as US",
            ),
        ),
        (
            json!({"subject": "a", "books": [{"contacts": []}, {"contacts": []}]}).to_string(),
            line("books: two have the same udid, or none"),
        ),
        (
            contacts(json!({"name": "x", "phone": "call Zoë"})).to_string(),
            contact("phone: isn't one"),
        ),
        (
            contacts(json!({"name": " ", "phone": "+16505550155"})).to_string(),
            contact("name: a name has 1 to 255 characters"),
        ),
        (
            contacts(json!({"name": "x", "phone": "+16505550155", "canonical": secret}))
                .to_string(),
            contact("canonical: isn't made of 7 to 15 digits"),
        ),
    ] {
        let database = database(Keyring::default()).await;
        let (came, failures) = run(&import_into(&database.store()), &file(&folder, &text)).await;
        assert_eq!(failures, std::slice::from_ref(&expected), "{text}");
        let is_contact = u64::from(expected.get("contact").is_some());
        assert_eq!((came.failed_lines, came.contacts_left_out), (1 - is_contact, is_contact));
    }
}

#[tokio::test]
async fn a_line_that_fails_stops_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = database(keys()).await;
    let store = database.store();
    let person = |subject: &str, id: u64, phone: &str| {
        let account = json!({"id": id, "phone": phone});
        let contacts = json!([{"name": "x", "phone": "+16505550150"}]);
        json!({"subject": subject, "account": account, "books": [{"contacts": contacts}]})
    };
    let here = [person("here", 1, "+16505550101"), person("by", 2, "+16505550102")];
    imported(&store, &file(&folder, &lines(&here))).await;
    let people = [
        person("a", 11, "+16505550111"),
        person("a", 12, "+16505550112"),
        person("b", 11, "+16505550113"),
        person("c", 14, "+16505550111"),
        person("d", 1, "+16505550115"),
        person("e", 16, "+16505550101"),
        person("here", 17, "+16505550120"),
        person("f", 18, "+16505550118"),
    ];
    let failure = |line: u64, reason: &str| json!({"line": line, "reason": reason});
    let expected = [
        failure(2, "line 1 has the same subject"),
        failure(3, "line 1 has the same id"),
        failure(4, "line 1 has the same phone"),
        failure(5, "the id is another user's"),
        failure(6, "the phone is another user's"),
        failure(7, "the user has another id"),
    ];
    for is_dry_run in [true, false] {
        let import = Import { is_dry_run, ..import_into(&store) };
        let (came, failures) = run(&import, &file(&folder, &lines(&people))).await;
        assert_eq!(failures, expected);
        assert_eq!((came.failed_lines, came.accounts.created, came.books.created), (6, 2, 2));
    }
    let ids: Vec<u64> = exported(&store)
        .await
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["account"]["id"].as_u64())
        .map(Option::unwrap_or_default)
        .collect();
    assert_eq!(ids, [1, 2, 11, 18]);
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

#[tokio::test]
async fn a_contact_keeps_the_number_by_which_it_was_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = database(keys()).await;
    let store = database.store();
    // A user from the US whose number is a German one now. What they wrote before stays American.
    let person = json!({"subject": "a", "books": [{"home_region": "DE", "contacts": [
        {"name": "then", "phone": "650 253 0000", "canonical": "16502530000"},
        {"name": "now", "phone": "0171 3920001"},
        {"name": "plus", "phone": "+1 650 555 0101", "canonical": "4915112345678"},
    ]}]});
    imported(&store, &file(&folder, &lines(&[person]))).await;
    let book = book(&store, &user("a")).await;
    let digits: Vec<_> =
        book.entries().iter().map(|entry| entry.contact.phone.digits().to_owned()).collect();
    assert_eq!(digits, ["16502530000", "491713920001", "16505550101"]);
    assert_eq!(book.region(), Some(region("DE")));
}

#[tokio::test]
async fn a_number_that_was_forgotten_stays_out_of_the_books() {
    let database = database(keys()).await;
    let store = database.store();
    // Bob signs up by the file, and then his number isn't forgotten any more.
    for number in ["16505550199", "16505550102"] {
        protocol::forget(&store, number.parse().expect("a phone")).await.expect("forgotten");
    }
    let reason = "its number was forgotten";
    for is_dry_run in [true, false] {
        let import = Import { is_dry_run, ..import_into(&store) };
        let (came, failures) = run(&import, Path::new(PEOPLE)).await;
        assert_eq!(failures, [json!({"line": 1, "book": 0, "contact": 4, "reason": reason})]);
        assert_eq!((came.failed_lines, came.contacts_left_out, came.books.created), (0, 1, 8));
    }
    assert_eq!(book(&store, &user("alice")).await.entries().len(), 4);
}
