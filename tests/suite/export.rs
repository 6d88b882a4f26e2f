//! Tests of exports that are larger than an answer of Lambda.

use local::Inbox;
use model::{PublicId, Scope, SystemClock};
use serde_json::{Value, json};
use store::{BookReader, BookStore, Outcome, Store, StoredBook};

use support::embedded::database;
use support::requests::{read, request};
use support::{upload_settings, user, user_settings};

const OWNER: &str = "owner";
/// Contacts of each of the two books. With their names, this is about as large as a book gets.
const CONTACTS: u32 = 4_000;

fn contacts(book: u32) -> Value {
    let name = "\u{1D49C}".repeat(255);
    (0..CONTACTS)
        .map(|n| json!({"name": name, "phone": format!("+1{}{n:07}", 200 + book)}))
        .collect()
}

async fn upload_to(store: &Store, udid: Option<&str>, contacts: &Value) {
    let body = json!({"contacts": contacts, "udid": udid}).to_string();
    let event = request("POST", "/address_book", OWNER, Some(body));
    let answer = upload::handle(store, &SystemClock, &upload_settings(), event).await;
    assert_eq!(read(&answer).1["created"], CONTACTS);
}

/// Makes a user of each contact of a book.
async fn match_all(store: &Store, scope: &Scope) {
    let seen = store.read_book(&user(OWNER), scope).await.expect("readable");
    let book = seen.book.clone().rematched(|_| PublicId::new(2_147_483_647));
    let written = StoredBook { book, ..seen.clone() };
    let outcome = store.write_book(&user(OWNER), scope, &seen, &written).await.expect("written");
    assert_eq!(outcome, Outcome::Done);
}

async fn call(store: &Store, method: &str, path: &str) -> (i64, Value) {
    let event = request(method, path, OWNER, None);
    let (inbox, settings) = (Inbox::default(), user_settings());
    read(&users::handle(store, &inbox, &SystemClock, &settings, event).await)
}

#[tokio::test]
async fn an_export_of_the_largest_books_comes_in_parts_that_lambda_can_answer() {
    let store = database().await.store();
    let event = request("POST", "/users", OWNER, Some("{}".to_owned()));
    let (inbox, settings) = (Inbox::default(), user_settings());
    let (_, account) = read(&users::handle(&store, &inbox, &SystemClock, &settings, event).await);
    let path = format!("/users/{}/export", account["user"]["id"]);
    let books = [(None, contacts(1)), (Some("pixel"), contacts(2))];
    for (udid, contacts) in &books {
        upload_to(&store, *udid, contacts).await;
        let scope = udid.map_or(Scope::Global, |udid| Scope::Device(udid.parse().expect("a udid")));
        match_all(&store, &scope).await;
    }

    let (mut parts, mut found) = (vec![], [(vec![], 0), (vec![], 0)]);
    loop {
        let (status, part) = call(&store, "GET", &format!("{path}?part={}", parts.len() + 1)).await;
        assert_eq!((status, &part["user"]), (200, &account["user"]));
        let in_lambda = json!({"body": part.to_string()}).to_string().len();
        assert!(in_lambda < 6_000_000, "an answer of {in_lambda} bytes");
        for book in part["address_books"].as_array().expect("books") {
            let (contacts, matches) = &mut found[usize::from(book["udid"] == "pixel")];
            contacts.extend(book["contacts"].as_array().expect("contacts").clone());
            *matches += book["registered_users"].as_array().expect("users").len();
        }
        parts.push(in_lambda);
        if part["parts"] == parts.len() {
            break;
        }
    }
    for ((_, contacts), (found, matches)) in books.into_iter().zip(found) {
        assert_eq!((Value::from(found), matches), (contacts, CONTACTS as usize));
    }
    assert!(parts.len() >= 3, "{parts:?}");
    let (_, first) = call(&store, "GET", &path).await;
    assert_eq!((&first["part"], &first["parts"]), (&json!(1), &json!(parts.len())));
    let beyond = format!("{path}?part={}", parts.len() + 1);
    let sentence = "There is no such part of the export.";
    let refused = (422, json!({"errors": {"part": [sentence]}}));
    assert_eq!(call(&store, "GET", &beyond).await, refused);
    assert_eq!(call(&store, "GET", &format!("{path}?part=0")).await, refused);
}
