//! Tests of books that nobody uses: when they expire, and what keeps them.

use model::{Change, Clock, Limits, Mode, Scope, SystemClock};
use protocol::read_book;
use serde_json::json;
use store::{BookReader, BookStore, Outcome, OwnerIndex, OwnerRange, Store, StoredBook};

use crate::invariants::TickingClock;
use support::embedded::{database, store_over};
use support::meter::Meter;
use support::requests::{read, request};
use support::{allowance, contact, home, phone, upload_as, upload_of, upload_settings, user};

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
    upload(&with_days(50), "Bob").await;
    assert_eq!(days_left(&forever).await, Some(50));
    get(&forever).await;
    assert_eq!(days_left(&forever).await, None, "a user who reads a book keeps it for ever then");
    upload(&with_days(50), "Bob").await;
    upload(&forever, "Bob").await;
    assert_eq!(days_left(&forever).await, None, "and so does an upload that changes nothing");
}

fn device(udid: &str) -> Scope {
    Scope::Device(udid.parse().expect("a udid"))
}

async fn upload_to(store: &Store, scope: &Scope) {
    let put = Change::Put(contact("16505550123", "Bob"));
    let upload = upload_of(Mode::Merge, vec![put]);
    upload_as(&user("ann"), store, scope, &upload).await.expect("uploaded");
}

async fn stored(store: &Store, scope: &Scope) -> StoredBook {
    store.read_book(&user("ann"), scope).await.expect("readable")
}

#[tokio::test]
async fn a_devices_book_expires_on_its_own() {
    let store = database().await.store();
    let store = store.with_book_ttl(Some(400 * DAY)).with_device_book_ttl(Some(90 * DAY));
    let days_left = async |store: &Store, scope: &Scope| {
        let at = stored(store, scope).await.expires_at.expect("it expires");
        (at - Clock::now_seconds(&SystemClock) + DAY / 2) / DAY
    };
    for (scope, days) in [(Scope::Global, 400), (device("pixel"), 90)] {
        upload_to(&store, &scope).await;
        assert_eq!(days_left(&store, &scope).await, days);
    }
    let as_global = store.with_device_book_ttl(None);
    read_book(&as_global, &user("ann"), &device("pixel")).await.expect("readable");
    assert_eq!(days_left(&as_global, &device("pixel")).await, 400);
}

#[tokio::test]
async fn a_use_of_a_devices_book_is_marked_once_a_day() {
    let meter = Meter::new(database().await);
    let clock = TickingClock::default();
    let store = store_over(meter.clone()).with_clock(clock.clone());
    let pixel = device("pixel");
    upload_to(&store, &pixel).await;
    upload_to(&store, &Scope::Global).await;
    let written = async |scope: &Scope| {
        meter.take();
        read_book(&store, &user("ann"), scope).await.expect("readable");
        upload_to(&store, scope).await;
        meter.take().written
    };
    assert_eq!(written(&pixel).await, 0.0);
    clock.pass(DAY * 1_000);
    assert_eq!((written(&pixel).await, written(&pixel).await), (1.0, 0.0));
    assert_eq!(written(&Scope::Global).await, 0.0, "nothing takes the global book's place");
    let used_at = stored(&store, &pixel).await.used_at;
    assert_eq!(used_at, Some(Clock::now_seconds(&clock)));
}

#[tokio::test]
async fn the_devices_book_that_was_used_longest_ago_makes_room_for_a_new_one() {
    let clock = TickingClock::default();
    let store = database().await.store().with_clock(clock.clone());
    let limits = Limits { books_per_user: 4, ..support::limits() };
    let add = async |scope: &Scope, digits: &str| {
        let upload = upload_of(Mode::Merge, vec![Change::Put(contact(digits, "Bob"))]);
        let (owner, home) = (user("ann"), home());
        let allowance = allowance(&owner, &limits, &SystemClock);
        protocol::upload(&store, &allowance, &owner, scope, &upload, &home).await
    };
    let (first, second, third) = (device("first"), device("second"), device("third"));
    for scope in [&Scope::Global, &first, &second, &third] {
        add(scope, "16505550123").await.expect("uploaded");
        clock.pass(2 * DAY * 1_000);
    }
    read_book(&store, &user("ann"), &first).await.expect("readable");
    clock.pass(2 * DAY * 1_000);
    // A join is not a use.
    let seen = stored(&store, &second).await;
    let joined = store.write_book(&user("ann"), &second, &seen, &seen).await;
    assert_eq!(joined.expect("written"), Outcome::Done);
    let new = device("new");
    add(&new, "16505550124").await.expect("room is made");
    let mut left = vec![];
    for scope in [&Scope::Global, &first, &second, &third, &new] {
        left.push(stored(&store, scope).await.book.entries().len());
    }
    assert_eq!(left, [1, 1, 0, 1, 1]);
    let hints = store.owners(phone("16505550123"), &OwnerRange::default(), 10).await;
    assert!(hints.expect("readable").hints.iter().all(|hint| hint.scope != second));
    // An upload to a book that is open makes none.
    add(&first, "16505550125").await.expect("uploaded");
    assert_eq!(stored(&store, &third).await.book.entries().len(), 1);
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
