//! Tests of the life of an account, from sign-up to the last trace, on the running server.

use local::{Args, Server, tables};
use model::{Book, Change, Mode, Scope};
use protocol::wipe;
use serde_json::{Value, json};
use store::{BookReader, BookStore, Life, Outcome, OwnerIndex, OwnerRange, StoredBook};

use support::dump::{Item, contains, scan};
use support::embedded::database;
use support::http::call;
use support::wait::until;
use support::{contact, phone, upload_as, upload_of, user};

/// The user who has Bob's numbers in her book, and a device.
const OLGA: &str = "subject-of-olga:+14155550100";
const BOB: &str = "subject-of-bob:+16505550123";
/// Bob after he has changed his number.
const BOB_ELSEWHERE: &str = "subject-of-bob:+16505550124";
/// The user who gets Bob's old number.
const CAROL: &str = "subject-of-carol:+16505550123";

struct Story(Server);

impl Story {
    async fn begin(unsealed: bool) -> Self {
        let server =
            Server::start(&Args { port: 0, unsealed, ..Args::default() }).await.expect("a server");
        let story = Self(server);
        let device = json!({
            "notification_channel": "gcm",
            "push_token": {"environment": "production", "client_identification_sequence": "token-of-olga"},
            "device": {"platform": "android", "udid": "udid-of-olga"}
        });
        story.send("POST", "/subscriptions", OLGA, device, 201).await;
        let contacts = json!([{"name": "Bob", "phone": "+16505550123"}, {"name": "Bob's other", "phone": "+16505550124"}]);
        story.send("POST", "/address_book", OLGA, json!({ "contacts": contacts }), 200).await;
        story
    }

    async fn send(&self, method: &str, path: &str, token: &str, body: Value, status: u16) -> Value {
        let (answered, answer) = call(self.0.address(), method, path, token, body).await;
        assert_eq!(answered, status, "{method} {path}: {answer}");
        answer
    }

    /// Signs up, and returns the id.
    async fn sign_up(&self, token: &str) -> Value {
        self.send("POST", "/users", token, json!({"user": {"full_name": "Marked Name"}}), 201).await
            ["user"]["id"]
            .clone()
    }

    /// Waits until Olga sees just these people, each by id and the end of the phone.
    async fn olga_sees(&self, expected: &[(&Value, &str)]) {
        let expected: Vec<Value> =
            expected.iter().map(|(id, end)| json!([id, format!("1650555{end}")])).collect();
        until(&format!("Olga sees {expected:?}"), async || {
            let answer = self
                .send("GET", "/address_book/registered_users?compact=1", OLGA, Value::Null, 200)
                .await;
            let items = answer["items"].as_array().expect("a list").clone();
            let seen: Vec<Value> = items
                .iter()
                .map(|item| json!([item["user"]["id"], item["user"]["phone"]]))
                .collect();
            seen == expected
        })
        .await;
    }

    /// Waits until Olga has got just these pushes, the newest first.
    async fn olga_heard_of(&self, expected: &[(&Value, &str)]) {
        let expected: Vec<Value> = expected
            .iter()
            .map(|(id, end)| json!({"id": id, "phone": format!("1650555{end}")}))
            .collect();
        until(&format!("Olga heard of {expected:?}"), async || {
            let pushes = self.send("GET", "/_local/pushes", OLGA, Value::Null, 200).await;
            let data: Vec<Value> = pushes
                .as_array()
                .expect("a list")
                .iter()
                .map(|push| push["data"].clone())
                .collect();
            data == expected
        })
        .await;
    }

    async fn dump(&self) -> Vec<(String, Item)> {
        scan(&self.0.database().client()).await
    }

    async fn end(self) {
        self.0.stop().await.expect("stopped");
    }
}

#[tokio::test]
async fn a_user_who_changes_their_number_is_found_and_announced_under_the_new_one() {
    let story = Story::begin(false).await;
    let bob = story.sign_up(BOB).await;
    story.olga_sees(&[(&bob, "0123")]).await;
    let change = json!({"user": {"phone": "+16505550124"}});
    story.send("PUT", &format!("/users/{bob}"), BOB_ELSEWHERE, change, 200).await;
    story.olga_sees(&[(&bob, "0124")]).await;
    story.olga_heard_of(&[(&bob, "0124"), (&bob, "0123")]).await;
    story.end().await;
}

#[tokio::test]
async fn a_recycled_number_belongs_to_its_new_holder_and_is_announced_once_in_30_days() {
    let story = Story::begin(false).await;
    let bob = story.sign_up(BOB).await;
    story.olga_sees(&[(&bob, "0123")]).await;
    story.olga_heard_of(&[(&bob, "0123")]).await;
    let carol = story.sign_up(CAROL).await;
    assert_ne!(bob, carol);
    story.olga_sees(&[(&carol, "0123")]).await;
    story.olga_heard_of(&[(&bob, "0123")]).await;
    let left = story.send("GET", &format!("/users/{bob}"), BOB, Value::Null, 200).await;
    assert_eq!(left["user"]["phone"], Value::Null, "the number is not Bob's any more");
    story.end().await;
}

#[tokio::test]
async fn when_two_accounts_claim_a_number_at_once_one_of_them_gets_it() {
    let story = Story::begin(false).await;
    for _ in 0..5 {
        let (bob, carol) = tokio::join!(story.sign_up(BOB), story.sign_up(CAROL));
        let phone = async |token: &str, id: &Value| {
            story.send("GET", &format!("/users/{id}"), token, Value::Null, 200).await["user"]["phone"].clone()
        };
        let holders = [(phone(BOB, &bob).await, &bob), (phone(CAROL, &carol).await, &carol)];
        let winners: Vec<&Value> = holders
            .iter()
            .filter(|(phone, _)| *phone == json!("16505550123"))
            .map(|(_, id)| *id)
            .collect();
        assert_eq!(winners.len(), 1, "{holders:?}");
        story.olga_sees(&[(winners[0], "0123")]).await;
        for (token, id) in [(BOB, &bob), (CAROL, &carol)] {
            story.send("DELETE", &format!("/users/{id}"), token, Value::Null, 200).await;
        }
        story.olga_sees(&[]).await;
    }
    story.end().await;
}

/// Lets Olga and Bob sign up, each with the other in their book, and then lets Olga leave.
async fn olga_leaves(unsealed: bool) -> Story {
    let story = Story::begin(unsealed).await;
    let olga = story.sign_up(OLGA).await;
    let book = json!({"udid": "udid-of-olga", "contacts": [{"name": "Marked Contact", "phone": "+16505550199"}]});
    story.send("POST", "/address_book", OLGA, book, 200).await;
    let bobs = json!({"contacts": [{"name": "Olga", "phone": "+14155550100"}]});
    story.send("POST", "/address_book", BOB, bobs, 200).await;
    let bob = story.sign_up(BOB).await;
    story.olga_heard_of(&[(&bob, "0123")]).await;
    let bob_sees = async || {
        story.send("GET", "/address_book/registered_users?compact=1", BOB, Value::Null, 200).await["items"].clone()
    };
    assert_eq!(bob_sees().await[0]["user"]["id"], olga);

    for _ in 0..2 {
        story.send("DELETE", &format!("/users/{olga}"), OLGA, Value::Null, 200).await;
    }
    until("Bob no longer sees Olga", async || bob_sees().await == json!([])).await;
    story
}

#[tokio::test]
async fn a_user_who_leaves_leaves_no_trace_but_the_budget_and_empty_tombstones() {
    let story = olga_leaves(true).await;
    let (tables, dump) = (tables(), story.dump().await);
    for (table, item) in &dump {
        for mark in ["token-of-olga", "Marked Contact", "6505550199"] {
            assert!(!contains(item, mark), "{table} shows {mark}");
        }
        // What Bob has stored about her belongs to Bob.
        if contains(item, "4155550100") {
            assert!([&tables.contact_owners, &tables.address_books].contains(&table), "{table}");
            assert!(contains(item, "subject-of-bob"), "{table}");
        }
        if contains(item, "subject-of-olga") {
            let mut rest: Vec<&str> = item.keys().map(String::as_str).collect();
            rest.sort_unstable();
            let tombstone: &[&str] = if *table == tables.users {
                &["expires_at", "generation", "key"]
            } else {
                assert_eq!(*table, tables.address_books);
                &["book", "deleted", "expires_at", "generation", "user_id", "version"]
            };
            assert_eq!(rest, tombstone, "{table}");
        }
    }
    let budgets = dump.iter().filter(|(table, _)| *table == tables.budgets).count();
    assert_eq!(budgets, 6, "hers and Bob's: of new numbers, of the account and of the phone");
    story.end().await;
}

#[tokio::test]
async fn with_keys_not_even_the_tombstones_say_whose_they_were() {
    let story = olga_leaves(false).await;
    for (table, item) in &story.dump().await {
        for mark in ["olga", "4155550100", "6505550199", "Marked"] {
            assert!(!contains(item, mark), "{table} shows {mark}");
        }
    }
    story.end().await;
}

#[tokio::test]
async fn an_export_holds_all_that_is_stored_and_only_its_user_gets_it() {
    let story = Story::begin(false).await;
    let olga = story.sign_up(OLGA).await;
    let bob = story.sign_up(BOB).await;
    story.olga_heard_of(&[(&bob, "0123")]).await;
    story.olga_sees(&[(&bob, "0123")]).await;
    let path = format!("/users/{olga}/export");
    story.send("GET", &path, BOB, Value::Null, 403).await;
    let export = story.send("GET", &format!("{path}.json"), OLGA, Value::Null, 200).await;
    assert_eq!((&export["user"]["id"], &export["user"]["phone"]), (&olga, &json!("14155550100")));
    let contacts = json!([{"name": "Bob", "phone": "+16505550123"}, {"name": "Bob's other", "phone": "+16505550124"}]);
    let registered =
        json!([{"user": {"id": bob, "phone": "16505550123", "address_book_name": "Bob"}}]);
    let book = json!({"udid": null, "home_region": null, "contacts": contacts, "registered_users": registered});
    assert_eq!(export["address_books"], json!([book]));
    assert_eq!(export["subscriptions"][0]["subscription"]["device"]["udid"], "udid-of-olga");
    assert_eq!(export["pushes_of_the_last_30_days"], 1);
    for budget in ["new_phones_budget", "book_changes_budget", "holder_changes_budget"] {
        assert!(export[budget]["empty_at"].is_string(), "{budget}");
    }
    assert_eq!((&export["part"], &export["parts"]), (&json!(1), &json!(1)));
    story.end().await;
}

#[tokio::test]
async fn a_repeated_wipe_finishes_what_a_crash_left() {
    let store = database().await.store();
    let (olga, scope, bob) = (user("olga"), Scope::Global, "16505550123");
    let put = upload_of(Mode::Merge, vec![Change::Put(contact(bob, "Bob"))]);
    upload_as(&olga, &store, &scope, &put).await.expect("uploaded");
    let seen = store.read_book(&olga, &scope).await.expect("readable");
    // The state that a wipe leaves if it dies before it deletes the hints.
    let leaving = seen.book.clone().rematched(|_| None).without_region();
    let half = StoredBook { life: Life::Unopened, book: Book::default(), leaving, ..seen.clone() };
    assert_eq!(
        store.write_book(&olga, &scope, &seen, &half).await.expect("written"),
        Outcome::Done
    );
    let hints = async || {
        store.owners(phone(bob), &OwnerRange::default(), 10).await.expect("readable").hints.len()
    };
    assert_eq!(hints().await, 1);
    for _ in 0..2 {
        wipe(&store, &olga, &scope).await.expect("wiped");
        assert_eq!(hints().await, 0);
    }
    let left = store.read_book(&olga, &scope).await.expect("readable");
    assert_eq!(
        (left.leaving, left.book, left.life),
        (Book::default(), Book::default(), Life::Unopened)
    );
}
