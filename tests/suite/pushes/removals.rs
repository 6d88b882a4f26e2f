//! Tests of a device that repeats its subscription while a call takes its token or its endpoint away:
//! it is never answered from its item then, whenever that call comes and wherever it crashes.

use std::sync::{Arc, Mutex};

use model::Subscription;
use protocol::{
    PhoneClaim, ProfilePatch, Renewal, SubscribeError, SubscribeRequest, keep_subscribed,
    remove_account, sign_up, subscribe, unsubscribe,
};
use store::{Store, SubscriptionStore};

use super::repeats::{BEYOND_REMOVAL_MS, pixel, starts};
use crate::invariants::TickingClock;
use support::embedded::{Embedded, database};
use support::gate::{Request, Scheduler, on_a_stopped_clock};
use support::phones::{FakePhones, endpoint};
use support::user;

/// What takes the token or the endpoint of Ann's device away.
#[derive(Clone, Copy, Debug)]
enum Removal {
    /// She unsubscribes the device.
    Unsubscribe,
    /// The device subscribes with another token.
    Rotate,
    /// Another user's device subscribes with the token.
    Move,
    /// She deletes her account.
    Leave,
}

const REMOVALS: [Removal; 4] =
    [Removal::Unsubscribe, Removal::Rotate, Removal::Move, Removal::Leave];

/// A deployment in which Ann's device is subscribed.
#[derive(Clone)]
struct Stage {
    embedded: Embedded,
    phones: FakePhones,
    clock: TickingClock,
    subscription: Subscription,
}

impl Stage {
    async fn new() -> Self {
        let (embedded, phones, clock) =
            (database().await, FakePhones::default(), TickingClock::default());
        let (store, patch) = (embedded.store(), ProfilePatch::default());
        sign_up(&store, &clock, &user("ann"), PhoneClaim::None, &patch).await.expect("signed up");
        let subscription = starts(&store, &phones, &clock, &pixel()).await.expect("subscribed");
        Self { embedded, phones, clock, subscription }
    }

    async fn removes(self, removal: Removal, store: Store) {
        let Self { phones, clock, subscription, .. } = &self;
        let (ann, ben) = (user("ann"), user("ben"));
        let rotated = SubscribeRequest { token: "new".to_owned(), ..pixel() };
        let done = match removal {
            Removal::Unsubscribe => unsubscribe(&store, phones, clock, &ann, subscription.id).await,
            Removal::Rotate => subscribe(&store, phones, clock, &ann, &rotated).await.map(drop),
            Removal::Move => subscribe(&store, phones, clock, &ben, &pixel()).await.map(drop),
            Removal::Leave => {
                remove_account(&store, phones, clock, &ann).await.expect("deleted");
                Ok(())
            }
        };
        assert!(matches!(done, Ok(()) | Err(SubscribeError::Contended(_))), "{removal:?} {done:?}");
    }

    fn has(&self, endpoint: &str) -> bool {
        self.phones.endpoints().contains(endpoint)
    }

    /// Checks an answer that was just given from the item.
    async fn is_true(&self, answer: &Subscription, taken: &[usize]) {
        assert!(self.has(&answer.endpoint), "answered without an endpoint, after {taken:?}");
        let generation = self.embedded.store().generation(&user("ann")).await.expect("readable");
        assert_eq!(generation, 0, "answered for an account that was deleted, after {taken:?}");
    }

    /// Checks that every subscription has its endpoint.
    async fn is_whole(&self, what: &str) {
        for name in ["ann", "ben"] {
            let store = self.embedded.store();
            for stored in store.subscriptions(&user(name)).await.expect("readable") {
                assert!(self.has(&stored.endpoint), "a device without an endpoint: {what}");
            }
        }
    }
}

/// Returns whether the time of a request may matter to the other actor: it is about subscriptions, or
/// writes. An account is only read besides, and its books and claims concern nobody else.
fn races(request: &Request) -> bool {
    request.body["TableName"] == local::tables().subscriptions
        || request.operation == "TransactWriteItems"
}

/// Lets Ann's device repeat its subscription during a removal, in an order that begins with `turns`.
/// Returns whether it was answered with one request, and the first turns of other orders.
async fn repeat_during(removal: Removal, turns: &[usize]) -> (bool, Vec<Vec<usize>>) {
    /// A repeat that waits for the removal makes at most so many requests before it goes on.
    const PATIENCE: usize = 8;
    let stage = Stage::new().await;
    let mut scheduler = Scheduler::new(stage.embedded.clone(), |_, _| false);
    let answer = Arc::new(Mutex::new(None));
    let (ann, kept) = (stage.clone(), Arc::clone(&answer));
    let repeat = async move |store: Store| {
        let Stage { phones, clock, .. } = &ann;
        let (name, renewal) = (user("ann"), Renewal::default());
        let repeated = keep_subscribed(&store, phones, clock, renewal, &name, &pixel()).await;
        let fair = matches!(
            repeated,
            Ok(_) | Err(SubscribeError::Contended(_) | SubscribeError::AccountDeleted)
        );
        assert!(fair, "{removal:?}: {repeated:?}");
        *kept.lock().expect("no panic while noting") = repeated.ok();
    };
    scheduler.spawn(repeat).await;
    let other = stage.clone();
    scheduler.spawn(move |store| other.removes(removal, store)).await;
    let (mut taken, mut others): (Vec<usize>, Vec<Vec<usize>>) = (vec![], vec![]);
    let mut at_once = false;
    loop {
        let waiting = taken.iter().rev().take_while(|actor| **actor == 0).count();
        let actor = match (turns.get(taken.len()), [scheduler.next_of(0), scheduler.next_of(1)]) {
            (_, [None, None]) => break,
            (Some(turn), _) => *turn,
            (None, [None, Some(_)]) => 1,
            (None, [Some(_), None]) => 0,
            (None, [Some(_), Some(next)]) if !races(&next) || waiting >= PATIENCE => 1,
            (None, [Some(_), Some(_)]) => {
                others.push([&taken[..], &[1]].concat());
                0
            }
        };
        stage.clock.pass(1);
        scheduler.step(actor).await;
        taken.push(actor);
        let made = taken.iter().filter(|actor| **actor == 0).count();
        let answered = answer.lock().expect("no panic while noting").clone();
        if let (0, 1, Some(answered)) = (actor, made, answered) {
            stage.is_true(&answered, &taken).await;
            at_once = true;
        }
    }
    stage.is_whole(&format!("{removal:?}, after {taken:?}")).await;
    (at_once, others)
}

#[test]
fn a_repeat_is_never_answered_without_its_endpoint_whenever_a_removal_comes() {
    for removal in REMOVALS {
        let mut open = vec![vec![]];
        let (mut at_once, mut registered) = (0, 0);
        while let Some(turns) = open.pop() {
            let (is_at_once, others) = on_a_stopped_clock(repeat_during(removal, &turns));
            *if is_at_once { &mut at_once } else { &mut registered } += 1;
            open.extend(others);
        }
        let counted = format!("{removal:?}: {at_once} orders from the item, {registered} not");
        println!("{counted}");
        assert!(at_once > 0 && registered > 3, "{counted}");
    }
}

/// Lets a removal crash before its request of this number, and Ann's app start after that. Returns
/// whether the removal made so many requests.
async fn start_after_crash(removal: Removal, before: usize) -> bool {
    let stage = Stage::new().await;
    let mut scheduler = Scheduler::new(stage.embedded.clone(), |_, _| false);
    let other = stage.clone();
    scheduler.spawn(move |store| other.removes(removal, store)).await;
    for _ in 0..before {
        if scheduler.next_of(0).is_none() {
            return false;
        }
        stage.clock.pass(1);
        scheduler.step(0).await;
    }
    scheduler.crash(0).await;
    let what = format!("{removal:?} crashes before request {before}");
    let Stage { embedded, phones, clock, .. } = &stage;
    let store = embedded.store();
    let left = store.generation(&user("ann")).await.expect("readable") > 0;
    // At once, it may have to wait.
    match starts(&store, phones, clock, &pixel()).await {
        Ok(kept) => assert!(stage.has(&kept.endpoint), "{what}"),
        Err(error) => assert!(matches!(error, SubscribeError::Contended(_)), "{what}: {error:?}"),
    }
    // After a minute, it is subscribed.
    clock.pass(BEYOND_REMOVAL_MS);
    for _ in 0..2 {
        let kept = starts(&store, phones, clock, &pixel()).await.expect("subscribed");
        assert!(stage.has(&kept.endpoint), "{what}");
        assert!(store.subscriptions(&user("ann")).await.expect("readable") == [kept], "{what}");
    }
    assert!(!left || phones.registrations() > 1, "answered for a deleted account: {what}");
    remove_account(&store, phones, clock, &user("ann")).await.expect("deleted");
    assert!(store.subscriptions(&user("ann")).await.expect("readable").is_empty(), "{what}");
    assert!(!stage.has(&endpoint("token")), "{what}");
    true
}

#[test]
fn a_device_is_subscribed_by_its_next_start_wherever_a_removal_crashes() {
    for removal in REMOVALS {
        let crashes =
            (0..).take_while(|before| on_a_stopped_clock(start_after_crash(removal, *before)));
        let crashes = crashes.count();
        assert!(crashes > 2, "{removal:?} makes more requests than {crashes}");
    }
}
