//! Tests of what comes of a push, and of an invocation that dies over one.

use protocol::ProfilePatch;
use protocol::push::Delivery;
use protocol::queue::BookMessage;
use serde_json::Value;

use super::{BEYOND_LEASE_MS, Town};
use support::phones::{Death, endpoint};

/// Returns a town of three owners, and the message of a user who joined.
async fn three() -> (Town, Vec<BookMessage>) {
    let town = Town::new().await;
    for name in ["ann", "ben", "cat"] {
        town.subscribed(name).await;
    }
    town.signs_up("joy", &ProfilePatch::default()).await;
    let messages = town.messages(&Value::Null).await;
    assert_eq!(messages.len(), 1);
    (town, messages)
}

fn taken(town: &Town) -> [usize; 3] {
    ["ann", "ben", "cat"].map(|name| town.phones.taken(name))
}

#[tokio::test]
async fn every_owner_gets_the_name_from_their_own_book_and_a_copy_pushes_nothing() {
    let (town, messages) = three().await;
    let (again, report) = town.invoke(&messages).await;
    assert_eq!(again, []);
    assert_eq!((report.joins, report.books, report.recipients, report.sent), (1, 3, 3, 3));
    let mut texts = town.phones.texts();
    texts.sort();
    assert_eq!(texts, ["ann is here", "ben is here", "cat is here"]);
    let (again, report) = town.invoke(&messages).await;
    assert_eq!((again.len(), report.sent), (0, 0));
    assert_eq!(taken(&town), [1, 1, 1]);
}

#[tokio::test]
async fn the_delay_from_the_change_to_the_push_is_measured() {
    let (town, messages) = three().await;
    let changed_at_ms = messages[0].changed_at_ms.expect("the stream tells it");
    town.clock.pass(500);
    let (_, report) = town.invoke(&messages).await;
    use model::Clock;
    assert_eq!(report.slowest_ms, Some(town.clock.now_ms() - changed_at_ms));
}

#[tokio::test]
async fn a_device_that_is_gone_loses_its_subscription_and_its_endpoint() {
    let (town, messages) = three().await;
    town.phones.answer("ben", &[Delivery::Gone]);
    let (again, report) = town.invoke(&messages).await;
    assert_eq!((again.len(), report.sent, report.gone), (0, 2, 1));
    assert_eq!(taken(&town), [1, 0, 1]);
    assert_eq!(town.store_devices("ben").await, 0);
    assert!(!town.phones.endpoints().contains(&endpoint("ben")));
    assert_eq!(town.store_devices("ann").await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_push_that_was_throttled_for_a_while_gets_out_in_the_same_invocation() {
    let (town, messages) = three().await;
    town.phones.answer("ben", &[Delivery::Throttled, Delivery::Unavailable, Delivery::Throttled]);
    let (again, report) = town.invoke(&messages).await;
    assert_eq!((again.len(), report.sent, report.throttled), (0, 3, 0));
    assert_eq!((taken(&town), town.phones.attempts("ben")), ([1, 1, 1], 4));
}

#[tokio::test(start_paused = true)]
async fn trouble_with_one_recipient_delays_nobody_else_and_the_push_is_sent_later() {
    for trouble in [Delivery::Throttled, Delivery::Unavailable] {
        let (town, messages) = three().await;
        town.phones.answer("ben", &[trouble; 5]);
        let (again, report) = town.invoke(&messages).await;
        assert_eq!(again, messages, "the message comes again");
        assert_eq!((report.sent, report.throttled + report.unavailable), (2, 1), "{trouble:?}");
        assert_eq!((taken(&town), town.phones.attempts("ben")), ([1, 0, 1], 5), "{trouble:?}");
        // The claim was given back, so the next attempt doesn't have to wait for its lease.
        let (again, report) = town.invoke(&again).await;
        assert_eq!((again.len(), report.sent), (0, 1), "{trouble:?}");
        assert_eq!(taken(&town), [1, 1, 1], "{trouble:?}");
    }
}

#[tokio::test]
async fn a_push_that_is_refused_is_counted_and_not_tried_again() {
    let (town, messages) = three().await;
    town.phones.answer("ben", &[Delivery::Refused]);
    let (again, report) = town.invoke(&messages).await;
    assert_eq!((again.len(), report.sent, report.refused), (0, 2, 1));
    let (again, report) = town.invoke(&messages).await;
    assert_eq!((again.len(), report.sent, town.phones.attempts("ben")), (0, 0, 1));
    assert_eq!(town.store_devices("ben").await, 1);
}

#[tokio::test]
async fn an_invocation_that_dies_between_claim_and_push_skips_nobody() {
    let (town, messages) = three().await;
    town.phones.kill_next(Death::BeforeSending);
    town.invoke_until_death(&messages).await;
    // Another invocation before the lease is over fails, so that the message comes again.
    let (again, _) = town.invoke(&messages).await;
    assert_eq!(again, messages);
    town.clock.pass(BEYOND_LEASE_MS);
    let (again, _) = town.invoke(&messages).await;
    assert_eq!((again.len(), taken(&town)), (0, [1, 1, 1]));
}

#[tokio::test]
async fn an_invocation_that_dies_between_push_and_mark_pushes_that_one_again_and_no_other() {
    let (town, messages) = three().await;
    town.phones.kill_next(Death::AfterSending);
    town.invoke_until_death(&messages).await;
    town.clock.pass(BEYOND_LEASE_MS);
    let (again, _) = town.invoke(&messages).await;
    assert_eq!(again, []);
    let mut taken = taken(&town);
    taken.sort_unstable();
    assert_eq!(taken, [1, 1, 2]);
}

#[tokio::test]
async fn nothing_is_begun_when_there_is_no_time_left() {
    let (town, messages) = three().await;
    use model::Clock;
    let (again, report) = town.invoke_over(&town.store, &messages, town.clock.now_ms()).await;
    assert_eq!((again, report.books, report.sent), (messages.clone(), 0, 0));
    let (again, report) = town.invoke(&messages).await;
    assert_eq!((again.len(), report.sent), (0, 3));
}
