//! A deployment whose tables are copied, and the people who live there.

use std::collections::BTreeSet;
use std::sync::Mutex;

use aws_sdk_dynamodb::types::AttributeValue;
use local::Inbox;
use model::{PublicId, SystemClock, UserId};
use serde_json::{Value, json};
use store::{
    AccountStore, BookReader, ForgottenPhones, HolderReader, Keyring, Outcome, OwnerIndex,
    OwnerRange, Store,
};

use support::dump::scan;
use support::embedded::{Embedded, database, sealed_store_over};
use support::functions::Functions;
use support::queue::RecordingQueue;
use support::requests::{read, request, subscription};
use support::{phone, user};

pub const OLD: &str = r#"{"index":"1","current":"1","1":"0123456789abcdefghijklmnopqrstuv"}"#;

/// The key of items is new. The old key still opens the tokens of sessions.
pub const NEW: &str = r#"{"index":"2","current":"2","1":"0123456789abcdefghijklmnopqrstuv",
                      "2":"another-key-of-more-than-32-letters"}"#;
/// Users of the town, with a phone each.
pub const PEOPLE: [&str; 6] = [
    "ann:+16505550101",
    "bob:+16505550102",
    "cem:+16505550103",
    "dee:+16505550104",
    "eve:+16505550105",
    "fay:+16505550106",
];

/// Nobody's number yet, which is in books.
pub const NEWCOMER: &str = "gus:+16505550107";

/// The number of somebody who wants to be in no book.
pub const FORGOTTEN: &str = "16505550199";

/// Contacts of the one book that is large enough for a base.
pub const MANY: usize = 400;

pub fn keys(secret: &str) -> Keyring {
    secret.parse().expect("a secret")
}

/// Tables, and the functions over them.
pub struct Deployment {
    pub embedded: Embedded,
    pub functions: Functions<Inbox, RecordingQueue, SystemClock>,
    pub read: Mutex<Option<String>>,
}

impl Deployment {
    pub async fn new(keys: Keyring) -> Self {
        let embedded = database().await;
        let functions = Functions {
            store: sealed_store_over(embedded.clone(), keys.clone()),
            keys,
            push: Inbox::default(),
            queue: RecordingQueue::default(),
            clock: SystemClock,
        };
        Self { embedded, functions, read: Mutex::default() }
    }

    pub fn store(&self) -> &Store {
        &self.functions.store
    }

    pub async fn send(&self, method: &str, path: &str, token: &str, body: Value) -> Value {
        let body = (!body.is_null()).then(|| body.to_string());
        let event = request(method, path, token, body);
        let (status, answer) = read(&Box::pin(self.functions.http(event)).await);
        assert!(status < 300, "{method} {path} of {token}: {status} {answer}");
        answer
    }

    pub async fn upload(&self, token: &str, udid: Option<&str>, contacts: Value) {
        let body = json!({"contacts": contacts, "udid": udid});
        Box::pin(self.send("POST", "/address_book", token, body)).await;
    }

    /// Tells the books and the devices of all changes of users.
    pub async fn settle(&self) {
        Box::pin(self.functions.joins(&self.records())).await;
        let (queue, keys) = (&self.functions.queue, &self.functions.keys);
        for message in queue.take() {
            assert!(self.functions.join_push(&message.to_body(keys)).await.0);
        }
        for message in queue.take_pushes() {
            assert!(self.functions.push(&message.to_body(keys)).await.0);
        }
    }

    /// Returns the stream's records since the last call.
    pub fn records(&self) -> Vec<Value> {
        let mut read = self.read.lock().expect("no panic");
        let records = self.embedded.stream(read.as_deref());
        if let Some(last) = records.last() {
            *read = last["dynamodb"]["SequenceNumber"].as_str().map(ToOwned::to_owned);
        }
        records
    }

    pub async fn subject(&self, token: &str) -> Option<PublicId> {
        self.store().subject(&owner_of(token)).await.expect("readable").id
    }

    pub async fn id(&self, token: &str) -> PublicId {
        self.subject(token).await.expect("they have signed up")
    }

    /// Returns all that the people can read.
    pub async fn all_that_is_read(&self) -> Vec<Value> {
        let mut answers = vec![];
        for token in PEOPLE {
            for path in [
                "/address_book",
                "/address_book?udid=pixel",
                "/address_book/registered_users",
                "/address_book/registered_users?compact=1&udid=pixel",
                "/users",
                "/subscriptions",
            ] {
                let event = request("GET", path, token, None);
                let (status, answer) = read(&Box::pin(self.functions.http(event)).await);
                answers.push(json!([token, path, status, answer]));
            }
            if let Some(id) = self.subject(token).await {
                let export =
                    self.send("GET", &format!("/users/{id}/export"), token, Value::Null).await;
                answers.push(export);
            }
        }
        answers
    }

    /// Returns the keys and versions of all items, without what sealing makes different each time.
    pub async fn shape(&self) -> BTreeSet<String> {
        let dump = scan(&self.embedded.client()).await;
        let shape = |(table, item): (String, support::dump::Item)| {
            let attributes: BTreeSet<String> = item
                .iter()
                // A hint that was there already keeps its version.
                .filter(|(name, _)| *name != "version" || table != "ContactOwners")
                .map(|(name, value)| match value {
                    AttributeValue::B(bytes) => format!("{name}: {} bytes", bytes.as_ref().len()),
                    other => format!("{name}: {other:?}"),
                })
                .collect();
            format!("{table} {attributes:?}")
        };
        dump.into_iter().map(shape).collect()
    }

    /// Checks I1, I2 and I3 for each book, and that there is no hint besides.
    pub async fn assert_invariants(&self) {
        let store = self.store();
        let mut expected = 0;
        for token in PEOPLE {
            let owner = owner_of(token);
            for (scope, stored) in store.read_books(&owner).await.expect("readable") {
                for entry in stored.book.entries() {
                    let phone = entry.contact.phone;
                    let page = store.owners(phone, &OwnerRange::default(), 100).await;
                    let hints = page.expect("readable").hints;
                    assert!(
                        hints.iter().any(|hint| hint.user == owner && hint.scope == scope),
                        "I1: {token} has no hint"
                    );
                    let holder = store.holder(phone).await.expect("readable");
                    let matched = holder.and_then(|holder| holder.match_for(&owner));
                    assert_eq!(entry.matched, matched, "I2, I3: a match of {token}");
                    expected += 1;
                }
            }
        }
        let dump = scan(&self.embedded.client()).await;
        let hints = dump.iter().filter(|(table, _)| table == "ContactOwners").count();
        assert_eq!(hints, expected, "hints of no book");
        assert!(dump.iter().all(|(_, item)| !item.contains_key("copying")), "a mark is left");
    }
}

pub fn owner_of(token: &str) -> UserId {
    user(token.split(':').next().expect("a name"))
}

pub fn contact(name: &str, end: usize) -> Value {
    json!({"name": name, "phone": format!("+1650555{end:04}")})
}

/// A town in which everything has happened that leaves an item. All of it together would be too much
/// for the stack of a test.
pub async fn town(keys: Keyring) -> Deployment {
    let town = Deployment::new(keys).await;
    Box::pin(live(&town)).await;
    town
}

pub async fn live(town: &Deployment) {
    for (token, device) in [(PEOPLE[0], "pixel"), (PEOPLE[1], "phone"), (PEOPLE[5], "tablet")] {
        let answered = town.functions.http(subscription(token, device)).await;
        assert_eq!(answered.status_code, 201);
    }
    let many = (0..MANY).map(|end| contact("Somebody", 1_000 + end)).collect::<Vec<_>>();
    town.upload(PEOPLE[0], None, many.into()).await;
    for token in PEOPLE {
        let all: Vec<Value> = (101..109).map(|end| contact("Somebody", end)).collect();
        town.upload(token, None, all.into()).await;
    }
    town.upload(PEOPLE[0], Some("pixel"), json!([contact("Bob", 102), contact("Gus", 107)])).await;
    town.upload(PEOPLE[2], Some("gone"), json!([contact("Bob", 102)])).await;
    for token in PEOPLE {
        let profile = json!({"user": {"full_name": format!("Name of {token}")}});
        town.send("POST", "/users", token, profile).await;
        town.settle().await;
    }
    town.send("DELETE", "/address_book?udid=gone", PEOPLE[2], Value::Null).await;
    let id = town.id(PEOPLE[5]).await;
    let quiet = json!({"user": {"notify_me": false}});
    town.send("PUT", &format!("/users/{id}"), PEOPLE[5], quiet).await;
    let id = town.id(PEOPLE[4]).await;
    town.send("DELETE", &format!("/users/{id}"), PEOPLE[4], Value::Null).await;
    town.upload(PEOPLE[0], None, json!([{"phone": "+16505551000", "destroy": 1}])).await;
    let forgotten = town.store().mark_forgotten(phone(FORGOTTEN)).await.expect("written");
    assert_eq!(forgotten, Outcome::Done);
    town.settle().await;
}
