//! People who move in where others are already.

use std::path::Path;

use model::{Change, Contact, Details, Mode, Scope, SystemClock, Upload, UserId};
use numbering::{HomeRegion, Phone};
use people::Import;
use protocol::{ProfilePatch, sign_up, upload_unlimited};
use serde_json::{Value, json};
use store::{AccountStore, HolderReader, Store};

use super::{
    PEOPLE, book, database, exported, file, id, import_into, imported, keys, lines, region, run,
    user,
};

async fn uploads(store: &Store, owner: &UserId, spelling: &str) {
    let home = HomeRegion::from(region("US"));
    let phone = Phone::read(spelling, &home).expect("a phone");
    let contact = Contact { phone, spelling: spelling.into(), name: "x".parse().expect("a name") };
    let upload = Upload { mode: Mode::Merge, changes: vec![(0, Change::Put(contact))] };
    upload_unlimited(store, owner, &Scope::Global, &upload, &home).await.expect("uploaded");
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
