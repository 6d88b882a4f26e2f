//! Tests of public ids and epochs, which several processes give out at once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use model::{Clock, SystemClock};
use protocol::{PhoneClaim, ProfilePatch, sign_up};
use store::{AccountStore, HolderReader, Store};

use support::embedded::{database, store_over};
use support::meter::Meter;
use support::{phone, user};

const P: &str = "16505550123";
const Q: &str = "16505550124";

#[tokio::test]
async fn ids_are_drawn_in_blocks_that_grow() {
    let meter = Meter::new(database().await);
    let store = store_over(meter.clone());
    for expected in 1..=1_000_u64 {
        assert_eq!(store.draw_id().await.expect("drawn"), expected);
    }
    // 1, 2, 4, …, 64, and then 100 at once.
    assert_eq!(meter.take().requests, 16);
    assert_eq!(store.take_ids_left().await, Some(i32::MAX as u64 - 1_027));
    assert_eq!(store.take_ids_left().await, None, "until another block is drawn");
}

#[tokio::test]
async fn processes_that_draw_at_once_never_get_the_same_id() {
    let embedded = database().await;
    let stores: Vec<Store> = (0..5).map(|_| embedded.store()).collect();
    let mut drawn = BTreeSet::new();
    let mut random = fastrand::Rng::with_seed(support::seed("IDS_SEED"));
    for _ in 0..2_000 {
        let store = random.choice(&stores).expect("some");
        // Clones of one store are the tasks of one process.
        let (one, other) = (store.clone(), store.clone());
        let (one, other) = tokio::join!(one.draw_id(), other.draw_id());
        for id in [one, other] {
            assert!(drawn.insert(id.expect("drawn")), "an id is given twice");
        }
    }
    let last = *drawn.last().expect("some");
    assert!(last <= 4_000 + 5 * 100, "at most a block of each process is left: {last}");
}

#[tokio::test]
async fn a_process_that_ends_throws_away_no_more_ids_than_it_gave() {
    let embedded = database().await;
    for given in [1, 1, 2, 3, 5, 40] {
        let store = embedded.store();
        let first = store.draw_id().await.expect("drawn");
        for _ in 1..given {
            store.draw_id().await.expect("drawn");
        }
        let next = embedded.store().draw_id().await.expect("drawn");
        assert!(next - first <= 2 * given, "{given} ids given, {} used up", next - first);
    }
}

/// A clock that each time tells the next of these times.
#[derive(Debug)]
struct Times(&'static [u64], AtomicUsize);

impl Clock for Times {
    fn now_ms(&self) -> u64 {
        self.0[self.1.fetch_add(1, Ordering::Relaxed) % self.0.len()]
    }
}

#[tokio::test]
async fn a_phone_that_passes_from_one_to_another_gets_greater_epochs_whatever_the_clocks_say() {
    let embedded = database().await;
    // Two processes, each with a block of ids of its own, and clocks that disagree.
    let processes = [embedded.store(), embedded.store()];
    let clock = Times(&[1_000_000, 999_000, 1_000_000, 5, 999_999], AtomicUsize::new(0));
    let (mut last, none) = (0, ProfilePatch::default());
    for turn in 0..20 {
        let (store, who) = (&processes[turn % 2], user(["ann", "ben", "cat"][turn % 3]));
        sign_up(store, &clock, &who, PhoneClaim::Proven(phone(P)), &none).await.expect("signed up");
        let holder = store.holder(phone(P)).await.expect("readable").expect("a holder");
        assert_eq!(holder.user, who);
        assert!(holder.epoch > last, "{} after {last}", holder.epoch);
        last = holder.epoch;
    }
}

#[tokio::test]
async fn a_user_who_gives_a_phone_up_and_takes_it_back_has_a_greater_epoch() {
    let store = database().await.store();
    let clock = Times(&[1_000_000, 7, 999_000], AtomicUsize::new(0));
    let mut last = 0;
    for digits in [P, Q, P, Q, P] {
        let claim = PhoneClaim::Proven(phone(digits));
        let profile = sign_up(&store, &clock, &user("ann"), claim, &ProfilePatch::default())
            .await
            .expect("signed up");
        let (_, epoch) = profile.phone.expect("she has one");
        assert!(epoch > last, "{epoch} after {last}");
        last = epoch;
    }
}

#[tokio::test]
async fn an_epoch_is_greater_than_those_that_were_drawn_from_the_counter() {
    let store = database().await.store();
    let claim = PhoneClaim::Proven(phone(P));
    let before = SystemClock.now_ms();
    let profile = sign_up(&store, &SystemClock, &user("ann"), claim, &ProfilePatch::default())
        .await
        .expect("signed up");
    assert!(profile.phone.is_some_and(|(_, epoch)| epoch >= before && epoch > i32::MAX as u64));
}
