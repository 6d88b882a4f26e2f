//! Tests of what comes of a push, and of an invocation that dies over one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use model::{Change, Clock, Mode, Scope};
use protocol::push::Delivery;
use protocol::queue::{BookMessage, PushMessage, PushQueue, QueueError};
use protocol::{JoinQueues, ProfilePatch};
use serde_json::Value;
use store::Keyring;

use super::{BEYOND_LEASE_MS, P, Town, event};
use support::phones::{Death, endpoint};
use support::{contact, removal, upload_as, upload_of, user};

/// Returns a town of three owners, and the pushes about a user who joined: one for each owner, in
/// their order.
async fn three() -> (Town, Vec<PushMessage>) {
    let town = Town::new().await;
    for name in ["ann", "ben", "cat"] {
        town.subscribed(name).await;
    }
    let pushes = pushes_about_joy(&town).await;
    assert_eq!(pushes.len(), 3);
    (town, pushes)
}

/// Signs a user up and tells the books. Returns the pushes, in the order of their recipients.
async fn pushes_about_joy(town: &Town) -> Vec<PushMessage> {
    town.signs_up("joy", &ProfilePatch::default()).await;
    let messages = town.messages(&Value::Null).await;
    assert_eq!(messages.len(), 1);
    let (again, report) = town.invoke(&messages).await;
    assert_eq!((again.len(), report.joins), (0, 1));
    let mut pushes = town.queue.take_pushes();
    pushes.sort_by(|one, other| one.recipient.cmp(&other.recipient));
    pushes
}

fn taken(town: &Town) -> [usize; 3] {
    ["ann", "ben", "cat"].map(|name| town.phones.taken(name))
}

#[tokio::test]
async fn every_owner_gets_the_name_from_their_own_book_and_a_copy_pushes_nothing() {
    let town = Town::new().await;
    for name in ["ann", "ben", "cat"] {
        town.subscribed(name).await;
    }
    town.signs_up("joy", &ProfilePatch::default()).await;
    let messages = town.messages(&Value::Null).await;
    let (again, report) = town.invoke(&messages).await;
    assert_eq!(again, []);
    assert_eq!((report.joins, report.books, report.recipients), (1, 3, 3));
    assert_eq!(taken(&town), [0, 0, 0], "books are told without the push service");
    let (again, report) = town.push(&town.queue.take_pushes()).await;
    assert_eq!((again.len(), report.sent), (0, 3));
    let mut texts = town.phones.texts();
    texts.sort();
    assert_eq!(texts, ["ann is here", "ben is here", "cat is here"]);
    // A copy of the join sends the pushes again, whose copies push nothing.
    assert_eq!(town.invoke(&messages).await.1.recipients, 3);
    let (again, report) = town.push(&town.queue.take_pushes()).await;
    assert_eq!((again.len(), report.sent), (0, 0));
    assert_eq!(taken(&town), [1, 1, 1]);
}

/// A queue of pushes that takes them only once it is told to.
#[derive(Default)]
struct ShutQueue {
    open: AtomicBool,
}

impl PushQueue for ShutQueue {
    async fn send_pushes(&self, _: &[PushMessage]) -> Result<(), QueueError> {
        let open = self.open.load(Ordering::SeqCst);
        open.then_some(()).ok_or_else(|| QueueError { code: "busy".to_owned() })
    }
}

#[tokio::test]
async fn a_join_is_acknowledged_only_when_its_pushes_are_sent() {
    let town = Town::new().await;
    town.subscribed("ann").await;
    town.signs_up("joy", &ProfilePatch::default()).await;
    let messages: Vec<BookMessage> = town.messages(&Value::Null).await;
    let queues = JoinQueues { fan_out: town.queue.clone(), pushes: Some(ShutQueue::default()) };
    for open in [false, true] {
        queues.pushes.as_ref().expect("a queue").open.store(open, Ordering::SeqCst);
        let (keys, event) = (Keyring::default(), event(&messages));
        let (response, report) =
            join_push::handle(&town.store, &keys, &queues, &town.clock, event, u64::MAX).await;
        // The match is there already when the message comes the second time.
        assert_eq!((response.batch_item_failures.is_empty(), report.recipients), (open, 1));
    }
}

#[tokio::test]
async fn the_delay_from_the_change_to_the_push_is_measured() {
    let (town, pushes) = three().await;
    let changed_at_ms = pushes[0].changed_at_ms.expect("the stream tells it");
    town.clock.pass(500);
    let (_, report) = town.push(&pushes).await;
    assert_eq!(report.slowest_ms, Some(town.clock.now_ms() - changed_at_ms));
}

#[tokio::test]
async fn a_push_looks_again_at_the_joiner_and_at_the_book() {
    for (what, told) in
        [("leaves", 0), ("hides", 0), ("is quiet", 0), ("deleted", 0), ("renamed", 1)]
    {
        let town = Town::new().await;
        town.subscribed("ann").await;
        let pushes = pushes_about_joy(&town).await;
        let joy = town.holder().await.expect("a holder").id;
        let mut patch = ProfilePatch::default();
        let change = match what {
            "leaves" => {
                town.leaves("joy", joy).await;
                None
            }
            "hides" => {
                patch.discoverable_by_phone = Some(false);
                None
            }
            "is quiet" => {
                patch.announce_me = Some(false);
                None
            }
            "deleted" => Some(removal(P)),
            _ => Some(Change::Put(contact(P, "Joy of old"))),
        };
        if patch != ProfilePatch::default() {
            town.changes("joy", joy, &patch).await;
        }
        if let Some(change) = change {
            let upload = upload_of(Mode::Merge, vec![change]);
            upload_as(&user("ann"), &town.store, &Scope::Global, &upload).await.expect("uploaded");
        }
        let (again, report) = town.push(&pushes).await;
        assert_eq!((again.len(), report.sent), (0, told), "{what}");
        assert!(town.phones.texts().iter().all(|text| text == "Joy of old is here"), "{what}");
    }
}

#[tokio::test]
async fn a_change_older_than_28_days_is_not_news() {
    const DAY_MS: u64 = 24 * 60 * 60 * 1000;
    for (days, sent) in [(28, 1), (29, 0)] {
        let town = Town::new().await;
        town.subscribed("ann").await;
        let mut pushes = pushes_about_joy(&town).await;
        pushes[0].changed_at_ms = Some(town.clock.now_ms());
        town.clock.pass(days * DAY_MS);
        let (again, report) = town.push(&pushes).await;
        assert_eq!((again.len(), report.sent), (0, sent), "{days} days");
    }
}

#[tokio::test]
async fn a_device_that_is_gone_loses_its_subscription_and_its_endpoint() {
    let (town, pushes) = three().await;
    town.phones.answer("ben", &[Delivery::Gone]);
    let (again, report) = town.push(&pushes).await;
    assert_eq!((again.len(), report.sent, report.gone), (0, 2, 1));
    assert_eq!(taken(&town), [1, 0, 1]);
    assert_eq!(town.store_devices("ben").await, 0);
    assert!(!town.phones.endpoints().contains(&endpoint("ben")));
    assert_eq!(town.store_devices("ann").await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_push_that_was_throttled_for_a_while_gets_out_in_the_same_invocation() {
    let (town, pushes) = three().await;
    town.phones.answer("ben", &[Delivery::Throttled, Delivery::Unavailable, Delivery::Throttled]);
    let (again, report) = town.push(&pushes).await;
    assert_eq!((again.len(), report.sent, report.throttled), (0, 3, 0));
    assert_eq!((taken(&town), town.phones.attempts("ben")), ([1, 1, 1], 4));
}

#[tokio::test(start_paused = true)]
async fn trouble_with_one_recipient_delays_nobody_else_and_the_push_is_sent_later() {
    for trouble in [Delivery::Throttled, Delivery::Unavailable] {
        let (town, pushes) = three().await;
        town.phones.answer("ben", &[trouble; 5]);
        let (again, report) = town.push(&pushes).await;
        assert_eq!(again, pushes[1..2], "that message comes again, and no other");
        assert_eq!((report.sent, report.throttled + report.unavailable), (2, 1), "{trouble:?}");
        assert_eq!((taken(&town), town.phones.attempts("ben")), ([1, 0, 1], 5), "{trouble:?}");
        // The claim was given back, so the next attempt doesn't have to wait for its lease.
        let (again, report) = town.push(&again).await;
        assert_eq!((again.len(), report.sent), (0, 1), "{trouble:?}");
        assert_eq!(taken(&town), [1, 1, 1], "{trouble:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_push_whose_answer_is_lost_is_repeated_once_at_most() {
    use Delivery::{Sent, Throttled, Unanswered};
    for (name, answers, attempts) in [
        ("lost once", &[&[Unanswered][..], &[Sent]][..], 2),
        ("lost each time", &[&[Unanswered], &[Unanswered], &[]], 2),
        ("busy in between", &[&[Unanswered], &[Throttled; 5], &[Unanswered], &[]], 7),
    ] {
        let (town, pushes) = three().await;
        let mut again = pushes[1..2].to_vec();
        for answers in answers {
            town.phones.answer("ben", answers);
            again = town.push(&again).await.0;
        }
        assert_eq!(again, [], "{name}");
        assert_eq!(town.phones.attempts("ben"), attempts, "{name}");
        assert_eq!(town.phones.taken("ben"), 2, "{name}");
        // Nor does a re-driven copy repeat it.
        assert_eq!(town.push(&pushes[1..2]).await.1.sent, 0, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_disabled_application_stops_its_own_pushes_and_is_noticed_once() {
    let town = Town::new().await;
    for name in ["ann", "ben"] {
        town.owner(name).await;
        for application in ["old", "new"] {
            for device in ["phone", "tablet"] {
                let device = format!("{name}'s {device} of {application}");
                town.device(name, &device, &format!("{application}/{device}")).await;
            }
        }
    }
    let pushes = pushes_about_joy(&town).await;
    let old: Vec<String> = ["ann", "ben"]
        .iter()
        .flat_map(|name| ["phone", "tablet"].map(|device| format!("old/{name}'s {device} of old")))
        .collect();
    for token in &old {
        town.phones.answer(token, &[Delivery::ApplicationDisabled]);
    }
    let (again, report) = town.push(&pushes).await;
    assert_eq!(again, pushes, "what is left is sent once the application works again");
    assert_eq!((report.sent, report.disabled_applications), (4, 1));
    let tried: usize = old.iter().map(|token| town.phones.attempts(token)).sum();
    assert!(tried <= pushes.len(), "{tried} devices of the application were tried");
    for token in &old {
        town.phones.answer(token, &[]);
    }
    let (again, report) = town.push(&again).await;
    assert_eq!((again.len(), report.sent, report.disabled_applications), (0, 4, 0));
    assert!(town.phones.all_taken().values().all(|taken| *taken == 1));
}

#[tokio::test]
async fn a_push_that_is_refused_is_counted_and_not_tried_again() {
    let (town, pushes) = three().await;
    town.phones.answer("ben", &[Delivery::Refused]);
    let (again, report) = town.push(&pushes).await;
    assert_eq!((again.len(), report.sent, report.refused), (0, 2, 1));
    let (again, report) = town.push(&pushes).await;
    assert_eq!((again.len(), report.sent, town.phones.attempts("ben")), (0, 0, 1));
    assert_eq!(town.store_devices("ben").await, 1);
}

#[tokio::test(start_paused = true)]
async fn two_books_of_one_owner_do_not_fail_each_others_claim() {
    let town = Town::new().await;
    town.subscribed("ann").await;
    let device = Scope::Device("ann's".parse().expect("a udid"));
    let put = upload_of(Mode::Merge, vec![Change::Put(contact(P, "Joy at work"))]);
    upload_as(&user("ann"), &town.store, &device, &put).await.expect("uploaded");
    let pushes = pushes_about_joy(&town).await;
    assert_eq!(pushes.len(), 2, "one for each book");
    town.phones.delay(Duration::from_millis(100));
    let (again, report) = town.push(&pushes).await;
    assert_eq!((again.len(), report.sent, town.phones.taken("ann")), (0, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_live_claim_fails_its_message_after_the_other_devices_were_told() {
    let town = Town::new().await;
    town.subscribed("ann").await;
    let pushes = pushes_about_joy(&town).await;
    town.phones.kill_next(Death::BeforeSending);
    town.push_until_death(&pushes).await;
    town.device("ann", "tablet", "another").await;
    let (again, report) = town.push(&pushes).await;
    assert_eq!(again, pushes);
    assert_eq!((report.sent, town.phones.taken("ann"), town.phones.taken("another")), (1, 0, 1));
    town.clock.pass(BEYOND_LEASE_MS);
    let (again, _) = town.push(&again).await;
    assert_eq!((again.len(), town.phones.taken("ann"), town.phones.taken("another")), (0, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_invocation_that_dies_between_claim_and_push_skips_nobody() {
    let (town, pushes) = three().await;
    town.phones.kill_next(Death::BeforeSending);
    town.push_until_death(&pushes[..1]).await;
    // Another invocation before the lease is over fails, so that the message comes again.
    let (again, _) = town.push(&pushes).await;
    assert_eq!(again, pushes[..1]);
    town.clock.pass(BEYOND_LEASE_MS);
    let (again, _) = town.push(&pushes).await;
    assert_eq!((again.len(), taken(&town)), (0, [1, 1, 1]));
}

#[tokio::test]
async fn an_invocation_that_dies_between_push_and_mark_pushes_that_one_again_and_no_other() {
    let (town, pushes) = three().await;
    town.phones.kill_next(Death::AfterSending);
    town.push_until_death(&pushes[..1]).await;
    town.clock.pass(BEYOND_LEASE_MS);
    let (again, _) = town.push(&pushes).await;
    assert_eq!(again, []);
    assert_eq!(taken(&town), [2, 1, 1]);
}

#[tokio::test]
async fn nothing_is_begun_when_there_is_no_time_left() {
    let (town, pushes) = three().await;
    let now_ms = town.clock.now_ms();
    let (again, report) = town.push_over(&town.store, &pushes, now_ms).await;
    assert_eq!((again, report.sent), (pushes.clone(), 0));
    let (again, report) = town.push(&pushes).await;
    assert_eq!((again.len(), report.sent), (0, 3));

    let before = town.image().await;
    town.joins("jim").await;
    let messages = town.messages(&before).await;
    let (again, report) = town.invoke_over(&town.store, &messages, now_ms).await;
    assert_eq!((again, report.books), (messages, 0));
}
