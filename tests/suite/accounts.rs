//! Tests of one user's requests about their account, in flight at once.

use std::sync::{Arc, Mutex};

use model::{Profile, SystemClock};
use protocol::{AccountError, PhoneClaim, ProfilePatch, sign_up};
use store::HolderReader;

use support::embedded::database;
use support::gate::{Scheduler, on_a_stopped_clock};
use support::{phone, user};

const BOB: &str = "bob";
const P: &str = "16505550123";

/// Creates Bob's account, and sends his number twice at once, in an order that begins with `turns`.
/// Returns the answers, and the turns at which the other request could have been first.
async fn tell_twice(
    claim: PhoneClaim,
    turns: &[usize],
) -> (Vec<Result<Profile, AccountError>>, Vec<Vec<usize>>) {
    let embedded = database().await;
    let none = ProfilePatch::default();
    sign_up(&embedded.store(), &SystemClock, &user(BOB), PhoneClaim::None, &none)
        .await
        .expect("signed up");
    let mut scheduler = Scheduler::new(embedded.clone(), |_, _| false);
    let answers = Arc::new(Mutex::new(vec![]));
    for _ in 0..2 {
        let answers = Arc::clone(&answers);
        let tell = async move |store| {
            let answer =
                sign_up(&store, &SystemClock, &user(BOB), claim, &ProfilePatch::default()).await;
            answers.lock().expect("no panic").push(answer);
        };
        scheduler.spawn(tell).await;
    }
    let others = scheduler.finish_both(turns, |_| true).await;
    let holder =
        embedded.store().holder(phone(P)).await.expect("readable").expect("Bob has told it");
    assert_eq!(holder.user, user(BOB));
    (std::mem::take(&mut answers.lock().expect("no panic")), others)
}

#[test]
fn a_number_that_two_requests_send_at_once_is_taken_once_and_both_succeed() {
    for claim in [PhoneClaim::Proven(phone(P)), PhoneClaim::Stated(phone(P))] {
        let mut open = vec![vec![]];
        let mut runs = 0;
        while let Some(turns) = open.pop() {
            runs += 1;
            let (answers, others) = on_a_stopped_clock(tell_twice(claim, &turns));
            open.extend(others);
            let phones: Vec<_> = answers
                .into_iter()
                .map(|answer| {
                    answer.unwrap_or_else(|error| panic!("after {turns:?}: {error}")).phone
                })
                .collect();
            assert!(
                phones.len() == 2 && phones[0].is_some() && phones[0] == phones[1],
                "after {turns:?}: {phones:?}"
            );
        }
        assert!(runs >= 70, "two requests of four calls have more orders than {runs}");
    }
}
