//! Tests of what a deletion leaves behind: nothing, whenever it comes and whatever is under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use local::{Inbox, tables};
use model::{
    Book, Change, Channel, Clock, Mode, Platform, PushEnvironment, Scope, SystemClock, UserId,
};
use protocol::queue::BookMessage;
use protocol::{
    JoinQueues, PhoneClaim, ProfilePatch, SubscribeError, SubscribeRequest, remove_account,
    sign_up, spread, subscribe, wipe,
};
use serde_json::json;
use store::{
    BookReader, BookStore, Life, Outcome, OwnerIndex, OwnerRange, Store, StoredBook,
    SubscriptionStore,
};

use support::embedded::{Embedded, database, operation, store_over};
use support::faults::{Fault, Faulty};
use support::gate::{Request, Scheduler, on_a_stopped_clock};
use support::meter::Meter;
use support::queue::RecordingQueue;
use support::requests::{read, request};
use support::{contact, phone, upload_as, upload_of, user};

const P: &str = "16505550123";
const Q: &str = "16505550124";

async fn put(store: &Store, digits: &str, name: &str) {
    let upload = upload_of(Mode::Merge, vec![Change::Put(contact(digits, name))]);
    upload_as(&user("ann"), store, &Scope::Global, &upload).await.expect("uploaded");
}

async fn remove(store: &Store, digits: &str) {
    let upload = upload_of(Mode::Merge, vec![support::removal(digits)]);
    upload_as(&user("ann"), store, &Scope::Global, &upload).await.expect("uploaded");
}

async fn hints(store: &Store, digits: &str) -> usize {
    store.owners(phone(digits), &OwnerRange::default(), 10).await.expect("readable").hints.len()
}

async fn book(store: &Store) -> StoredBook {
    store.read_book(&user("ann"), &Scope::Global).await.expect("readable")
}

/// Deletes an item, as DynamoDB does when its time to live is over.
async fn expire(embedded: &Embedded, table: &str, key: &[(&str, &str)]) {
    let mut delete = embedded.client().delete_item().table_name(table);
    for (name, value) in key {
        delete = delete.key(*name, AttributeValue::S((*value).to_owned()));
    }
    delete.send().await.expect("deleted");
}

const ANNS_BOOK: [(&str, &str); 2] = [("user_id", "ann"), ("book", "g")];

#[tokio::test]
async fn a_deletion_finds_every_book_although_an_earlier_one_is_forgotten() {
    let embedded = database().await;
    let (store, endpoints) = (embedded.store(), Inbox::default());
    let leave = async || {
        remove_account(&store, &endpoints, &SystemClock, &user("ann")).await.expect("deleted");
    };
    leave().await;
    put(&store, P, "Bob").await;
    // The generation is kept for 14 days after a deletion.
    expire(&embedded, &tables().users, &[("key", "subject#ann")]).await;
    leave().await;
    let left = book(&store).await;
    assert!(matches!(left.life, Life::Deleted { .. }), "{:?}", left.life);
    assert_eq!((left.book, left.leaving), (Book::default(), Book::default()));
    assert_eq!(hints(&store, P).await, 0);
}

#[tokio::test]
async fn generations_of_an_account_are_never_used_again() {
    let embedded = database().await;
    let store = embedded.store();
    let mut last = 0;
    for _ in 0..3 {
        remove_account(&store, &Inbox::default(), &SystemClock, &user("ann"))
            .await
            .expect("deleted");
        let generation = store.generation(&user("ann")).await.expect("readable");
        assert!(generation > last, "{generation} after {last}");
        last = generation;
        // The clock ticks at least once in 14 days.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        expire(&embedded, &tables().users, &[("key", "subject#ann")]).await;
    }
}

#[tokio::test]
async fn a_book_that_comes_back_has_a_version_above_all_of_its_old_hints() {
    let embedded = database().await;
    let store = embedded.store();
    for name in ["one", "two", "three"] {
        put(&store, P, name).await;
    }
    // An upload that died had put this hint.
    let version = book(&store).await.version + 1;
    store.put_hints(&user("ann"), &Scope::Global, &[phone(Q)], version).await.expect("written");
    wipe(&store, &user("ann"), &Scope::Global).await.expect("wiped");
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    expire(&embedded, &tables().address_books, &ANNS_BOOK).await;
    put(&store, Q, "Carol").await;
    remove(&store, Q).await;
    assert_eq!(hints(&store, Q).await, 0, "the hint is as old as the book that was");
}

#[tokio::test]
async fn a_book_of_an_earlier_release_keeps_its_small_versions() {
    let embedded = database().await;
    let store = embedded.store();
    put(&store, P, "Bob").await;
    let mut item = embedded
        .item(&tables().address_books, &json!({"user_id": {"S": "ann"}, "book": {"S": "g"}}))
        .expect("a book");
    item["version"] = json!({"N": "2"});
    let request = json!({"TableName": tables().address_books, "Item": item}).to_string();
    assert_eq!(embedded.answer("PutItem", request.as_bytes()).0, 200);
    put(&store, Q, "Carol").await;
    assert_eq!((book(&store).await.version, hints(&store, Q).await), (3, 1));
    remove_account(&store, &Inbox::default(), &SystemClock, &user("ann")).await.expect("deleted");
    assert_eq!((hints(&store, Q).await, book(&store).await.book), (0, Book::default()));
}

#[tokio::test]
async fn a_join_at_a_book_that_is_gone_deletes_the_hint_and_leaves_its_fence() {
    let store = database().await.store();
    let bob = PhoneClaim::Proven(phone(P));
    sign_up(&store, &SystemClock, &user("bob"), bob, &ProfilePatch::default())
        .await
        .expect("signed up");
    store.put_hints(&user("ann"), &Scope::Global, &[phone(P)], 7).await.expect("written");
    let before = SystemClock.now_ms();
    let message = BookMessage {
        phone: phone(P),
        joiner: None,
        sequence: None,
        changed_at_ms: None,
        range: OwnerRange::default(),
    };
    let queues = JoinQueues { fan_out: RecordingQueue::default(), pushes: None::<RecordingQueue> };
    spread(&store, &queues, &SystemClock, &message, u64::MAX).await.result.expect("told");
    assert_eq!(hints(&store, P).await, 0);
    let fence = book(&store).await;
    assert_eq!((fence.is_stored, fence.life), (true, Life::Unopened));
    assert!(fence.version > before, "an upload that saw no book starts over");
}

/// The state that a wipe leaves if it dies before it deletes the hints.
async fn half_wiped(store: &Store) {
    put(store, P, "Bob").await;
    let seen = book(store).await;
    let leaving = seen.book.clone().rematched(|_| None).without_region();
    let half = StoredBook { life: Life::Unopened, book: Book::default(), leaving, ..seen.clone() };
    let written = store.write_book(&user("ann"), &Scope::Global, &seen, &half).await;
    assert_eq!(written.expect("written"), Outcome::Done);
}

#[tokio::test]
async fn what_a_half_done_wipe_left_is_deleted_before_the_book_opens_again() {
    let store = database().await.store();
    half_wiped(&store).await;
    put(&store, Q, "Carol").await;
    assert_eq!((hints(&store, P).await, hints(&store, Q).await), (0, 1));
    // A contact who was leaving and is there again keeps the new hint.
    half_wiped(&store).await;
    put(&store, P, "Bob again").await;
    assert_eq!((hints(&store, P).await, book(&store).await.book.entries().len()), (1, 1));
}

#[tokio::test]
async fn a_tombstone_does_not_expire_while_it_knows_hints_that_are_left() {
    let embedded = database().await;
    let expires = || {
        let key = json!({"user_id": {"S": "ann"}, "book": {"S": "g"}});
        embedded
            .item(&tables().address_books, &key)
            .expect("a tombstone")
            .get("expires_at")
            .cloned()
    };
    half_wiped(&embedded.store()).await;
    assert_eq!(expires(), None);
    wipe(&embedded.store(), &user("ann"), &Scope::Global).await.expect("wiped");
    assert!(expires().is_some());
}

#[tokio::test]
async fn another_book_that_is_half_wiped_is_finished_by_the_next_upload() {
    let store = database().await.store();
    half_wiped(&store).await;
    let upload = upload_of(Mode::Merge, vec![Change::Put(contact(Q, "Carol"))]);
    let device = Scope::Device("pixel".parse().expect("a udid"));
    upload_as(&user("ann"), &store, &device, &upload).await.expect("uploaded");
    assert_eq!((hints(&store, P).await, book(&store).await.leaving), (0, Book::default()));
}

fn device() -> SubscribeRequest {
    SubscribeRequest {
        device: "pixel".parse().expect("a udid"),
        platform: Platform::Android,
        channel: Channel::Gcm,
        environment: PushEnvironment::Production,
        token: "token".to_owned(),
    }
}

/// Subscribes a device of Ann's while her account is deleted, in an order that begins with `turns`.
/// Returns the turns at which the other could have been first.
async fn subscribe_and_leave(turns: &[usize]) -> Vec<Vec<usize>> {
    let embedded = database().await;
    let mut scheduler = Scheduler::new(embedded.clone(), |_, _| false);
    let joining = async |store: Store| {
        let ann: UserId = user("ann");
        match subscribe(&store, &Inbox::default(), &SystemClock, &ann, &device()).await {
            Ok(_) | Err(SubscribeError::AccountDeleted) => {}
            Err(error) => panic!("{error}"),
        }
    };
    let leaving = async |store: Store| {
        remove_account(&store, &Inbox::default(), &SystemClock, &user("ann"))
            .await
            .expect("deleted");
    };
    scheduler.spawn(joining).await;
    scheduler.spawn(leaving).await;
    let (mut taken, mut others): (Vec<usize>, Vec<Vec<usize>>) = (vec![], vec![]);
    let (mut asked, mut left) = (None, None);
    loop {
        let next = [scheduler.next_of(0), scheduler.next_of(1)];
        let actor = match (turns.get(taken.len()), &next) {
            (_, [None, None]) => break,
            (Some(turn), _) => *turn,
            (None, [Some(_), Some(_)]) => {
                others.push([&taken[..], &[1]].concat());
                0
            }
            (None, [first, _]) => usize::from(first.is_none()),
        };
        let request: &Request = next[actor].as_ref().expect("it is its turn");
        if actor == 0 && request.is("GetItem", &tables().users) {
            asked.get_or_insert(taken.len());
        }
        if actor == 1 && request.operation == "TransactWriteItems" {
            left.get_or_insert(taken.len());
        }
        scheduler.step(actor).await;
        taken.push(actor);
    }
    let stays = !embedded.store().subscriptions(&user("ann")).await.expect("readable").is_empty();
    assert!(!stays || asked > left, "a subscription survives its account, after {taken:?}");
    others
}

#[test]
fn a_subscription_in_flight_does_not_survive_the_account() {
    let mut open = vec![vec![]];
    let mut runs = 0;
    while let Some(turns) = open.pop() {
        runs += 1;
        open.extend(on_a_stopped_clock(subscribe_and_leave(&turns)));
    }
    assert!(runs > 100, "two rows of five requests have more orders than {runs}");
}

#[tokio::test(start_paused = true)]
async fn a_deletion_whose_removal_of_a_device_loses_to_another_ones_tries_again() {
    let embedded = database().await;
    let (endpoints, ann) = (Inbox::default(), user("ann"));
    let store = embedded.store();
    subscribe(&store, &endpoints, &SystemClock, &ann, &device()).await.expect("subscribed");
    // The first transaction ends the account. The second and the third would remove the device, but
    // another call is removing it at the same time, and crashes.
    let transactions = AtomicUsize::new(0);
    let plan = move |request: &HttpRequest| {
        let place = (operation(request) == "TransactWriteItems")
            .then(|| transactions.fetch_add(1, Ordering::SeqCst));
        matches!(place, Some(1 | 2)).then_some(Fault::Refused(400, "TransactionCanceledException"))
    };
    let faulty = Faulty::new(embedded.clone(), Duration::ZERO, Arc::new(plan));
    remove_account(&store_over(faulty), &endpoints, &SystemClock, &ann).await.expect("deleted");
    assert_eq!(store.subscriptions(&ann).await.expect("readable"), []);
}

#[tokio::test]
async fn a_deletion_tells_nobody_whether_an_id_exists() {
    let meter = Meter::new(database().await);
    let store = store_over(meter.clone());
    let settings = support::user_settings();
    let send = async |method: &str, path: &str, who: &str| {
        let event = request(method, path, who, Some("{}".to_owned()));
        let answer =
            read(&users::handle(&store, &Inbox::default(), &SystemClock, &settings, event).await);
        (answer, meter.take())
    };
    let id = async |who: &str| send("POST", "/users", who).await.0.1["user"]["id"].clone();
    let (bob, _carol) = (id("bob").await, id("carol").await);
    for (who, status) in [("carol", 403), ("nobody", 200)] {
        // A first deletion by somebody without an account leaves a mark that it happened.
        send("DELETE", "/users/2000000000", who).await;
        let [there, nowhere] = [
            send("DELETE", &format!("/users/{bob}"), who).await,
            send("DELETE", "/users/2000000000", who).await,
        ];
        assert_eq!(there.0.0, status, "{who}");
        assert_eq!(there.0, nowhere.0, "{who} gets the same answer");
        assert_eq!(
            (there.1.requests, there.1.read, there.1.written),
            (nowhere.1.requests, nowhere.1.read, nowhere.1.written),
            "{who} waits for the same requests"
        );
    }
    let put = send("PUT", &format!("/users/{bob}"), "bob").await;
    assert_eq!(put.0.0, 200, "Bob is still there");
}
