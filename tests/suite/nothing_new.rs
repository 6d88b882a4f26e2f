//! Tests of reads that find nothing new: 304, from the book's head alone.

use api::EventBuilder;
use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use aws_lambda_events::encodings::Body;
use local::Inbox;
use model::{Clock, SystemClock};
use serde_json::{Value, json};
use store::Store;

use support::embedded::{Embedded, database, store_over};
use support::meter::Meter;
use support::requests::{read, request};
use support::{upload_settings, user_settings};

const OLGA: &str = "olga:+14155550100";
const BOB: &str = "bob:+16505550123";
const BOOK: &str = "/address_book";
const COMPACT: &str = "/address_book/registered_users?compact=1";
const FULL: &str = "/address_book/registered_users";
const DAY: u64 = 24 * 60 * 60;

struct Api {
    embedded: Embedded,
    meter: Meter,
    store: Store,
}

impl Api {
    async fn new() -> Self {
        let embedded = database().await;
        let meter = Meter::new(embedded.clone());
        let store = store_over(meter.clone());
        Self { embedded, meter, store }
    }

    async fn upload(&self, token: &str, body: Value) {
        let event = request("POST", BOOK, token, Some(body.to_string()));
        let answer =
            upload::handle(&self.embedded.store(), &SystemClock, &upload_settings(), event).await;
        assert_eq!(answer.status_code, 200);
    }

    async fn users(&self, method: &str, path: &str, user: Value) -> Value {
        let event = request(method, path, BOB, Some(json!({ "user": user }).to_string()));
        let (store, settings) = (self.embedded.store(), user_settings());
        read(&users::handle(&store, &Inbox::default(), &SystemClock, &settings, event).await).1
    }

    /// Reads, with these values of `If-None-Match`.
    async fn get(&self, token: &str, target: &str, tags: &[&str]) -> ApiGatewayV2httpResponse {
        let mut event = EventBuilder::new("GET", target).token(token);
        if !tags.is_empty() {
            event = event.header("if-none-match", &tags.join(", "));
        }
        if target.starts_with(FULL) {
            registered_users::handle(&self.store, event.build()).await
        } else {
            get::handle(&self.store, event.build()).await
        }
    }

    async fn tag(&self, token: &str, target: &str) -> String {
        let answer = self.get(token, target, &[]).await;
        assert_eq!(answer.status_code, 200, "{target}");
        assert_eq!(answer.headers["cache-control"], "private, no-cache");
        let tag = answer.headers["etag"].to_str().expect("a text").to_owned();
        assert!(tag.starts_with('"') && tag.len() > 20, "{tag} is strong");
        tag
    }

    /// Returns the status of a read by a client that has `tag`.
    async fn status(&self, token: &str, target: &str, tag: &str) -> i64 {
        self.get(token, target, &[tag]).await.status_code
    }
}

fn bob() -> Value {
    json!({"contacts": [{"name": "Bob", "phone": "+16505550123"}]})
}

#[tokio::test]
async fn a_client_that_has_the_answer_gets_304_for_one_read_unit() {
    let api = Api::new().await;
    api.users("POST", "/users", json!({})).await;
    let contacts: Vec<Value> = (0..1_000)
        .map(|n| json!({"name": format!("Contact {n}"), "phone": format!("+1650556{n:04}")}))
        .collect();
    api.upload(OLGA, json!({ "contacts": contacts })).await;
    for target in [BOOK, COMPACT] {
        let tag = api.tag(OLGA, target).await;
        let weak = format!("W/{tag}");
        for tags in [vec![&tag[..]], vec!["\"another\"", &tag], vec![&weak]] {
            api.meter.take();
            let answer = api.get(OLGA, target, &tags).await;
            assert_eq!((answer.status_code, answer.body), (304, Some(Body::Text(String::new()))));
            assert_eq!(answer.headers["etag"], tag[..]);
            assert_eq!(answer.headers["cache-control"], "private, no-cache");
            let units = api.meter.take();
            assert_eq!((units.requests, units.read, units.written), (1, 1.0, 0.0), "{target}");
        }
        for tags in [vec![], vec!["\"another\""], vec!["*"], vec![tag.trim_matches('"')]] {
            assert_eq!(api.get(OLGA, target, &tags).await.status_code, 200, "{tags:?}");
        }
    }
}

#[tokio::test]
async fn whatever_changes_the_answer_changes_its_tag() {
    let api = Api::new().await;
    let nothing = api.tag(OLGA, BOOK).await;
    assert_eq!(api.status(OLGA, BOOK, &nothing).await, 304, "there is no book yet");
    let account = api.users("POST", "/users", json!({"full_name": "Bob"})).await;
    api.upload(OLGA, bob()).await;
    assert_eq!(api.status(OLGA, BOOK, &nothing).await, 200);

    let tags = [api.tag(OLGA, BOOK).await, api.tag(OLGA, COMPACT).await, api.tag(OLGA, FULL).await];
    api.upload(OLGA, bob()).await;
    for (target, tag) in [BOOK, COMPACT, FULL].into_iter().zip(&tags) {
        assert_eq!(api.status(OLGA, target, tag).await, 304, "{target}: the same upload again");
    }
    let path = format!("/users/{}", account["user"]["id"]);
    api.users("PUT", &path, json!({"full_name": "Robert"})).await;
    assert_eq!(api.status(OLGA, COMPACT, &tags[1]).await, 304, "it doesn't show profiles");
    assert_eq!(api.status(OLGA, FULL, &tags[2]).await, 200, "a profile has changed");

    api.upload(OLGA, json!({"contacts": [{"name": "Bobby", "phone": "+16505550123"}]})).await;
    for (target, tag) in [BOOK, COMPACT, FULL].into_iter().zip(&tags) {
        assert_eq!(api.status(OLGA, target, tag).await, 200, "{target}: another name");
    }
    api.upload(OLGA, json!({"contacts": [], "force": 1})).await;
    assert_eq!(api.status(OLGA, BOOK, &nothing).await, 200, "an open book isn't no book");
}

#[tokio::test]
async fn nobody_elses_tag_is_known() {
    let api = Api::new().await;
    api.upload(OLGA, bob()).await;
    api.upload("ann:+14155550101", bob()).await;
    let device = format!("{BOOK}?udid=pixel");
    let tag = api.tag(OLGA, BOOK).await;
    for (token, target) in [("ann:+14155550101", BOOK), (OLGA, &device), ("carol", BOOK)] {
        assert_eq!(api.status(token, target, &tag).await, 200, "{token} {target}");
    }
}

#[tokio::test]
async fn a_read_that_finds_nothing_new_is_a_use_of_the_book() {
    let mut api = Api::new().await;
    api.upload(OLGA, bob()).await;
    let tag = api.tag(OLGA, BOOK).await;
    api.store = api.store.with_book_ttl(Some(100 * DAY));
    assert_eq!(api.status(OLGA, BOOK, &tag).await, 304);
    let key = json!({"user_id": {"S": "olga"}, "book": {"S": "g"}});
    let item = api.embedded.item(&local::tables().address_books, &key).expect("a book");
    let expires_at: u64 =
        item["expires_at"]["N"].as_str().expect("it expires").parse().expect("a time");
    assert!(expires_at > SystemClock.now_seconds() + 99 * DAY);
}
