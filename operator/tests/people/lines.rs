//! Single lines and contacts: what is refused, left out and kept.

use std::path::Path;

use people::Import;
use serde_json::{Value, json};
use store::Keyring;

use super::{
    PEOPLE, book, database, exported, file, import_into, imported, keys, lines, region, run, user,
};

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
