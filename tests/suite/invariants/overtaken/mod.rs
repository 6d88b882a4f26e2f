//! A model of messages that overtake each other: every change of a phone's holder raises a sequence,
//! and a message ends early if a later one tells the books. Every state is visited. Each word of the
//! rule is left out or changed in turn, and something breaks each time.
//!
//! The model has one book, one upload that adds the phone, and a few changes and deliveries. It has
//! a copy of the rule, so that the rule can be changed. A test compares the copy with the real code.

mod state;

use std::collections::HashSet;

use self::state::Rule::*;
use self::state::{Broken, Item, Rule, Start, State};

/// Visits all states. Returns how many there are, or what breaks first.
fn visit(rule: Rule, start: Start, first: State) -> Result<usize, Broken> {
    let mut visited = HashSet::from([first.clone()]);
    let mut open = vec![first];
    while let Some(state) = open.pop() {
        state.check(rule, start)?;
        for next in state.next(rule, start)? {
            if visited.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    Ok(visited.len())
}

/// Returns the states in which the model begins.
fn beginnings(changes: u8, copies: u8) -> Vec<State> {
    let shown = Item { user: 1, epoch: 1, sequence: 1, shown: true };
    let items = [None, Some(shown), Some(Item { shown: false, ..shown })];
    let state = |in_book| items.map(|item| State::first(in_book, item, changes, copies));
    [state(true), state(false)].concat()
}

/// Visits all states from all beginnings.
fn visit_all(rule: Rule, changes: u8, copies: u8) -> Result<usize, Broken> {
    let mut states = 0;
    for start in [Start::Higher, Start::Lower] {
        for first in beginnings(changes, copies) {
            states += visit(rule, start, first)?;
        }
    }
    Ok(states)
}

#[test]
fn messages_that_overtake_each_other_leave_every_book_right() {
    let all: &[(u8, u8)] =
        if support::is_exhaustive() { &[(2, 1), (3, 0)] } else { &[(2, 0), (1, 1)] };
    for (changes, copies) in all {
        let states = visit_all(Exact, *changes, *copies);
        println!("{changes} changes, {copies} copies: {states:?} states");
        assert!(states.is_ok(), "{states:?}");
    }
}

#[test]
fn every_word_of_the_rule_is_needed() {
    for (rule, broken) in [
        (JoinerOutlivesAbsence, Broken::Work),
        (JoinerOutlivesEpoch, Broken::Work),
        (JoinerEndsBySequence, Broken::Announcement),
        (AbsenceEndsAll, Broken::Match),
        (NothingEnds, Broken::Work),
        (SameSequenceEnds, Broken::Match),
        (EventualRead, Broken::Announcement),
        (HiddenIsNotSent, Broken::Match),
        (FormerSequenceIsSent, Broken::Match),
        (HolderIsReadOnce, Broken::Match),
        (AgreementIsNotWritten, Broken::Match),
    ] {
        assert_eq!(visit_all(rule, 3, 0), Err(broken), "{rule:?}");
    }
}

#[test]
fn the_models_rule_is_that_of_the_code() {
    use model::{Holder, PublicId, Turnover};
    use protocol::queue::{BookMessage, Joiner};

    let id = |user: u8| PublicId::new(u64::from(user)).expect("an id");
    let user = |user: u8| support::user(&format!("user-{user}"));
    let holder = |item: Item| Holder {
        id: id(item.user),
        user: user(item.user),
        epoch: u64::from(item.epoch),
        discoverable: item.shown,
        announced: true,
        sequence: Some(u64::from(item.sequence)),
    };
    let mut items = vec![None];
    for (user, epoch) in [(1, 1), (2, 2), (1, 3)] {
        for sequence in 1..=3 {
            let item = |shown| Some(Item { user, epoch, sequence, shown });
            items.extend([item(true), item(false)]);
        }
    }
    for before in &items {
        for after in &items {
            let turnover =
                Turnover::between(before.map(holder).as_ref(), after.map(holder).as_ref());
            let same = before
                .zip(*after)
                .is_some_and(|(one, other)| (one.epoch, one.shown) == (other.epoch, other.shown));
            let message = Exact.message(*before, *after).filter(|_| !same);
            assert_eq!(turnover != Turnover::None, message.is_some(), "{before:?} to {after:?}");
            let Some(message) = message else { continue };
            let joined = message.joiner.is_some();
            assert_eq!(turnover == Turnover::Joined, joined, "{before:?} to {after:?}");
            let joiner = after.filter(|_| joined);
            let real = BookMessage {
                phone: support::phone("16505550123"),
                joiner: joiner.map(|item| Joiner::from(&holder(item))),
                sequence: Some(u64::from(message.sequence)),
                changed_at_ms: None,
                range: store::OwnerRange::default(),
            };
            for item in &items {
                let ends = real.is_overtaken(item.map(holder).as_ref());
                assert_eq!(Exact.ends(&message, *item), ends, "{message:?} at {item:?}");
            }
        }
    }
}
