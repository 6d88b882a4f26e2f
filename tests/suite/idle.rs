//! Tests of books that nobody uses: when they expire, and what keeps them.

use model::{Scope, SystemClock};
use serde_json::json;
use store::{BookReader, BookStore, Outcome, Store};

use support::embedded::{database, store_over};
use support::meter::Meter;
use support::requests::{read, request};
use support::{upload_settings, user};

const DAY: u64 = 24 * 60 * 60;

async fn upload(store: &Store, name: &str) {
    let body = json!({"contacts": [{"name": name, "phone": "+16505550123"}]}).to_string();
    let event = request("POST", "/address_book", "ann", Some(body));
    assert_eq!(read(&upload::handle(store, &SystemClock, &upload_settings(), event).await).0, 200);
}

async fn get(store: &Store) {
    let (status, book) =
        read(&get::handle(store, request("GET", "/address_book", "ann", None)).await);
    assert_eq!((status, book.as_array().map(Vec::len)), (200, Some(1)));
}

/// Returns in how many days the book expires, rounded.
async fn days_left(store: &Store) -> Option<u64> {
    let stored = store.read_book(&user("ann"), &Scope::Global).await.expect("readable");
    let now = model::Clock::now_ms(&SystemClock) / 1000;
    stored.expires_at.map(|at| (at - now + DAY / 2) / DAY)
}

#[tokio::test]
async fn a_book_expires_after_its_time_unless_somebody_uses_it() {
    let embedded = database().await;
    let with_days = |days: u64| embedded.store().with_book_ttl(Some(days * DAY));
    let forever = embedded.store();
    upload(&forever, "Bob").await;
    assert_eq!(days_left(&forever).await, None, "books stay by default");
    get(&with_days(100)).await;
    assert_eq!(days_left(&forever).await, Some(100), "a user who reads a book keeps it");
    get(&with_days(150)).await;
    assert_eq!(days_left(&forever).await, Some(100), "but not before half of its time is over");
    get(&with_days(250)).await;
    assert_eq!(days_left(&forever).await, Some(250));
    upload(&with_days(600), "Bob").await;
    assert_eq!(days_left(&forever).await, Some(600), "an upload that changes nothing is a use");
    upload(&with_days(50), "Robert").await;
    assert_eq!(days_left(&forever).await, Some(50), "and so is one that does");
    upload(&forever, "Bob").await;
    assert_eq!(days_left(&forever).await, None, "without the setting, no book expires any more");
}

#[tokio::test]
async fn a_join_does_not_count_as_a_use_of_a_book() {
    let embedded = database().await;
    let store = embedded.store().with_book_ttl(Some(100 * DAY));
    upload(&store, "Bob").await;
    let later = embedded.store().with_book_ttl(Some(900 * DAY));
    let seen = later.read_book(&user("ann"), &Scope::Global).await.expect("readable");
    let written =
        later.write_book(&user("ann"), &Scope::Global, &seen, &seen).await.expect("written");
    assert_eq!(written, Outcome::Done);
    assert_eq!(days_left(&store).await, Some(100));
}

#[tokio::test]
async fn reading_a_recently_used_book_writes_nothing() {
    let meter = Meter::new(database().await);
    let store = store_over(meter.clone()).with_book_ttl(Some(100 * DAY));
    upload(&store, "Bob").await;
    meter.take();
    get(&store).await;
    upload(&store, "Bob").await;
    assert_eq!(meter.take().written, 0.0);
}
