//! Tests of what a person who gets hold of a dump of the tables can read.

use aws_sdk_dynamodb::types::AttributeValue;
use local::{Args, Server, tables};
use model::{Mode, Scope, SystemClock};
use serde_json::{Value, json};
use store::{BookReader, Keyring, Store};

use support::dump::{Item, contains, scan};
use support::embedded::{database, sealed_store_over};
use support::http::call;
use support::requests::{read, request};
use support::wait::until;
use support::{contact, upload_of, upload_settings, user};

const OWNER: &str = "subject-of-olga:+14155550100";
const JOINER: &str = "subject-of-bob:+16505550123";

/// The texts in the story below, which no dump may show. Phones are searched without their first
/// digits too, since a number without its country code is still a number.
const MARKS: [&str; 19] = [
    "subject-of-olga",
    "subject-of-bob",
    "4155550100",
    "6505550123",
    "5550199",
    "Olga Marked",
    "olga@marked.example",
    "olga-login",
    "olga-custom-data",
    "https://marked.example",
    "Bob In Her Book",
    "Bob At Work",
    "Robert Marked",
    "Nobody Marked",
    "(650) 555",
    "udid-of-a-pixel",
    "udid-of-a-tablet",
    "token-of-a-pixel",
    "olga-tag",
];

async fn tell_the_story(server: &Server) {
    let at = server.address();
    let send = async |method: &str, path: &str, token: &str, body: Value, status: u16| {
        let (answered, answer) = call(at, method, path, token, body).await;
        assert_eq!(answered, status, "{method} {path}: {answer}");
        answer
    };
    let olga = json!({"user": {"full_name": "Olga Marked", "email": "olga@marked.example", "login": "olga-login",
                               "custom_data": "olga-custom-data", "website": "https://marked.example",
                               "tag_list": "olga-tag"}});
    send("POST", "/users", OWNER, olga, 201).await;
    let device = json!({
        "notification_channel": "gcm",
        "push_token": {"environment": "production", "client_identification_sequence": "token-of-a-pixel"},
        "device": {"platform": "android", "udid": "udid-of-a-pixel"}
    });
    send("POST", "/subscriptions", OWNER, device, 201).await;
    let global = json!({"contacts": [{"name": "Bob In Her Book", "phone": "(650) 555-0123"},
                                     {"name": "Nobody Marked", "phone": "+1 650 555 0199"}]});
    send("POST", "/address_book", OWNER, global, 200).await;
    for udid in ["udid-of-a-pixel", "udid-of-a-tablet"] {
        let book =
            json!({"udid": udid, "contacts": [{"name": "Bob At Work", "phone": "+16505550123"}]});
        send("POST", "/address_book", OWNER, book, 200).await;
    }
    send("POST", "/users", JOINER, json!({"user": {"full_name": "Robert Marked"}}), 201).await;
    until("the join is told everywhere", async || {
        let pushed = send("GET", "/_local/pushes", OWNER, Value::Null, 200).await != json!([]);
        let mut matched = true;
        for query in ["", "?udid=udid-of-a-pixel", "?udid=udid-of-a-tablet"] {
            let path = format!("/address_book/registered_users{query}");
            matched &= send("GET", &path, OWNER, Value::Null, 200).await["items"] != json!([]);
        }
        pushed && matched
    })
    .await;
    send("DELETE", "/address_book?udid=udid-of-a-tablet", OWNER, Value::Null, 200).await;
}

fn shown(dump: &[(String, Item)]) -> Vec<String> {
    let shows = |(table, item): &(String, Item)| {
        MARKS
            .iter()
            .filter(|mark| contains(item, mark))
            .map(|mark| format!("{table}: {mark}"))
            .collect::<Vec<_>>()
    };
    dump.iter().flat_map(shows).collect()
}

#[tokio::test]
async fn a_dump_shows_no_name_no_number_and_no_subject() {
    let server = Server::start(&Args { port: 0, ..Args::default() }).await.expect("a server");
    tell_the_story(&server).await;
    let dump = scan(&server.database().client()).await;
    let of = |table: &str| dump.iter().filter(|(name, _)| name == table).count();
    let tables = tables();
    let counts = [
        &tables.address_books,
        &tables.contact_owners,
        &tables.users,
        &tables.subscriptions,
        &tables.claims,
    ];
    assert_eq!(counts.map(|table| of(table)), [3, 3, 7, 2, 1], "the story left its traces");
    // The new numbers of one, and the changes of both accounts and of their phones.
    assert_eq!(of(&tables.budgets), 5);
    assert_eq!(shown(&dump), [""; 0]);
    server.stop().await.expect("stopped");
}

/// Shows that the test above could fail: if nothing is sealed, the same search of the same story
/// finds everything.
#[tokio::test]
async fn without_keys_the_same_dump_shows_everything() {
    let args = Args { port: 0, unsealed: true, ..Args::default() };
    let server = Server::start(&args).await.expect("a server");
    tell_the_story(&server).await;
    let shown = shown(&scan(&server.database().client()).await);
    // Books are always compressed, and tokens always hashed.
    let packed =
        ["Bob In Her Book", "Bob At Work", "Nobody Marked", "(650) 555", "token-of-a-pixel"];
    for mark in MARKS.iter().filter(|mark| !packed.contains(mark)) {
        assert!(
            shown.iter().any(|found| found.ends_with(mark)),
            "{mark} is stored, but the search doesn't find it"
        );
    }
    server.stop().await.expect("stopped");
}

/// A person who has the keys reads all of it, except push tokens, which are hashes.
#[tokio::test]
async fn the_servers_keys_open_everything_but_hashes() {
    for unsealed in [false, true] {
        let args = Args { port: 0, unsealed, ..Args::default() };
        let server = Server::start(&args).await.expect("a server");
        tell_the_story(&server).await;
        let path = "/_local/tables?unsealed=1";
        let (status, opened) = call(server.address(), "GET", path, OWNER, Value::Null).await;
        assert_eq!(status, 200);
        let text = opened.to_string();
        for mark in MARKS.iter().filter(|mark| **mark != "token-of-a-pixel") {
            assert!(text.contains(mark), "{mark} isn't opened");
        }
        assert!(!text.contains("token-of-a-pixel") && !text.contains("\"sealed\""), "{text}");
        let books = opened["AddressBooks"].as_array().expect("a list");
        let book = books.iter().find(|item| item["book"] == "global").expect("a book");
        let bob = json!({"name": "Bob In Her Book", "phone": "16505550123", "spelling": "(650) 555-0123", "match": 2});
        assert!(book["contacts"].as_array().is_some_and(|contacts| contacts.contains(&bob)));
        let wiped = books.iter().find(|item| item["book"] == "device udid-of-a-tablet");
        assert_eq!(wiped.map(|book| &book["contacts"]), Some(&json!([])));
        for (table, key) in [("ContactOwners", "phone"), ("Budgets", "payer"), ("Claims", "claim")]
        {
            let items = opened[table].as_array().expect("a list");
            let hashed = |item: &Value| item[key]["hash"].is_string();
            let is_readable = unsealed && table == "ContactOwners";
            assert!(!items.is_empty() && items.iter().all(|item| hashed(item) != is_readable));
        }
        server.stop().await.expect("stopped");
    }
}

async fn upload(store: &Store, name: &str) {
    let body = json!({"contacts": [{"name": name, "phone": "+16505550123"}]}).to_string();
    let event = request("POST", "/address_book", "olga", Some(body));
    assert_eq!(read(&upload::handle(store, &SystemClock, &upload_settings(), event).await).0, 200);
}

#[tokio::test]
async fn a_book_under_an_older_key_is_read_and_its_next_write_uses_the_current_one() {
    const FIRST: &str = r#"{"index":"1","current":"1","1":"0123456789abcdefghijklmnopqrstuv"}"#;
    const ROTATED: &str = r#"{"index":"1","current":"2","1":"0123456789abcdefghijklmnopqrstuv",
                              "2":"vutsrqponmlkjihgfedcba9876543210"}"#;
    let embedded = database().await;
    let keys = |secret: &str| secret.parse::<Keyring>().expect("a secret");
    let store = |secret: &str| sealed_store_over(embedded.clone(), keys(secret));
    let (before, after) = (store(FIRST), store(ROTATED));
    let key_id = async || {
        let dump = scan(&embedded.client()).await;
        let (_, book) = dump
            .iter()
            .find(|(table, _)| *table == tables().address_books)
            .expect("a book")
            .clone();
        let Some(AttributeValue::B(contacts)) = book.get("contacts") else {
            panic!("contacts are not bytes")
        };
        contacts.as_ref()[1]
    };
    upload(&before, "Bob").await;
    assert_eq!(key_id().await, 1);
    upload(&after, "Bob").await;
    assert_eq!(key_id().await, 1, "an upload that changes nothing writes nothing");
    let read = async |store: &Store| {
        store.read_book(&user("olga"), &Scope::Global).await.expect("readable").book
    };
    let expected = upload_of(Mode::Merge, vec![model::Change::Put(contact("16505550123", "Bob"))]);
    assert!(read(&after).await.diff(&expected).growth.is_empty(), "the old book reads as it was");
    upload(&after, "Robert").await;
    assert_eq!(key_id().await, 2);
    assert!(
        before.read_book(&user("olga"), &Scope::Global).await.is_err(),
        "the old keys can't read the new book"
    );
}
