//! Forgetting a phone, beside all that may write it into a book or look for it there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use local::tables;
use model::{Change, Mode, Scope, Upload};
use serde_json::json;
use store::{BookReader, ForgottenPhones, HolderReader, OwnerIndex, OwnerRange, unpack};

use super::change::Change as Turn;
use super::explore::{Crashes, explore, sample};
use super::scenario::{Actor, OWNER, P, Q, Scenario, upload_by};
use super::{add, force_with, remove, rename};
use support::embedded::Embedded;
use support::{contact, phone, upload_of, user};

/// Checks that nothing of a forgotten phone is left, and that nothing of it is stored any more. A
/// crash of an upload, or an answer that it didn't get, `excuses` a hint. A crash of a wipe also
/// excuses contacts that were about to be deleted, and whose hints are deleted already. If such a book
/// is opened again, they stay in its base until the next fold, as removed contacts do.
pub async fn at_rest(scenario: &Scenario, embedded: &Embedded, excuses: bool) {
    let (store, owner, forgotten) = (embedded.store(), user(OWNER), phone(P));
    if !store.is_forgotten(forgotten).await.expect("readable") {
        let changed = scenario.registered || scenario.changes().next().is_some();
        assert!(changed, "the phone isn't forgotten, and was nobody's");
        return;
    }
    assert_eq!(store.holder(forgotten).await.expect("readable"), None);
    let is_left = async || {
        let stored = store.read_book(&owner, &Scope::Global).await.expect("readable");
        let is_leaving = stored.leaving.find(forgotten).is_some();
        let is_deleted = is_leaving || is_in_base(embedded, forgotten);
        stored.book.find(forgotten).is_some() || is_deleted && !excuses
    };
    let hints = async || {
        let range = OwnerRange::default();
        store.owners(forgotten, &range, 10).await.expect("readable").hints.len()
    };
    assert!(!is_left().await, "a book holds a forgotten phone");
    assert!(excuses || hints().await == 0, "a forgotten phone has a hint");
    if scenario.deletes_owner() {
        return;
    }
    let before = hints().await;
    let uploaded = upload_by(&owner, &store, &add_both()).await.expect("uploaded");
    assert_eq!(uploaded.forgotten, [0], "an upload isn't told that a phone was forgotten");
    assert!(!is_left().await, "an upload stored a forgotten phone");
    assert!(hints().await <= before, "an upload left a hint of a forgotten phone");
    let stored = store.read_book(&owner, &Scope::Global).await.expect("readable");
    assert!(stored.book.find(phone(Q)).is_some(), "the rest of an upload wasn't stored");
}

/// Returns whether the base of the owner's book holds the phone, whatever the head says.
fn is_in_base(embedded: &Embedded, phone: numbering::Phone) -> bool {
    let key = json!({"user_id": {"S": OWNER}, "book": {"S": "g\u{1f}base"}});
    let Some(base) = embedded.item(&tables().address_books, &key) else { return false };
    let contacts = base["contacts"]["B"].as_str().expect("bytes");
    let contacts = STANDARD.decode(contacts).expect("Base64");
    unpack(None, &contacts, None).expect("contacts").find(phone).is_some()
}

fn add_both() -> Upload {
    upload_of(Mode::Merge, [P, Q].map(|digits| Change::Put(contact(digits, "added"))).to_vec())
}

fn forgetting(name: &'static str, in_book: bool, others: Vec<Actor>) -> Scenario {
    let actors = others.into_iter().chain([Actor::Forget]).collect();
    Scenario { name, in_book, actors, ..Scenario::default() }
}

#[test]
fn one_upload_against_forgetting_with_a_crash_at_every_step() {
    for (name, in_book, upload) in [
        ("forget and add", false, add()),
        ("forget and add two", false, add_both()),
        ("forget and rename", true, rename()),
        ("forget and remove", true, remove()),
        ("forget and force with", true, force_with()),
    ] {
        for crashes in [Crashes::One, Crashes::LostAnswer] {
            let others = vec![Actor::Upload(upload.clone())];
            explore(&forgetting(name, in_book, others), crashes);
        }
    }
}

#[test]
fn two_uploads_against_forgetting() {
    for (name, in_book, one, other) in [
        ("forget, add and add two", false, add(), add_both()),
        ("forget, remove and add", true, remove(), add()),
        ("forget, rename and add two", true, rename(), add_both()),
    ] {
        let others = [one, other].map(Actor::Upload).to_vec();
        sample(&forgetting(name, in_book, others), Crashes::None);
    }
}

#[test]
fn a_base_keeps_nothing_of_a_forgotten_phone() {
    for (name, folding, upload) in [
        ("forget in a base, and rename", &[][..], rename()),
        ("forget in a base, and add two", &[], add_both()),
        ("forget in a base, and remove", &[], remove()),
        ("forget in a base, and fold", &[0], rename()),
    ] {
        let others = vec![Actor::Upload(upload)];
        let scenario = forgetting(name, true, others);
        explore(&Scenario { has_base: true, folding, ..scenario }, Crashes::One);
    }
}

#[test]
fn forgetting_against_a_book_that_is_emptied_with_a_crash_at_every_step() {
    let nothing = || upload_of(Mode::Replace, vec![]);
    for (name, others) in [
        ("forget and wipe", vec![Actor::Wipe(nothing())]),
        ("forget, wipe and add", vec![Actor::Wipe(nothing()), Actor::Upload(add())]),
        ("forget and expire", vec![Actor::Expire(nothing()), Actor::Upload(add())]),
        ("forget, and the owner leaves", vec![Actor::DeleteOwner]),
        ("forget, add, and the owner leaves", vec![Actor::Upload(add()), Actor::DeleteOwner]),
    ] {
        for has_base in [false, true] {
            let scenario = forgetting(name, true, others.clone());
            sample(&Scenario { has_base, ..scenario }, Crashes::One);
        }
    }
}

#[test]
fn forgetting_against_a_user_who_signs_up_or_leaves() {
    for change in [Turn::Register, Turn::Remove] {
        for (name, in_book, upload) in [
            ("forget, change and add", false, add()),
            ("forget, change and rename", true, rename()),
        ] {
            let others =
                vec![Actor::Upload(upload), Actor::Change(change), Actor::Message { of: 1 }];
            let registered = change.registered_before();
            let scenario = forgetting(name, in_book, others);
            sample(&Scenario { registered, ..scenario }, Crashes::None);
        }
    }
}

#[test]
fn a_user_who_signs_up_while_they_are_forgotten_is_shown_or_in_no_book() {
    for (changes, crashes) in [
        (&[Turn::Register][..], Crashes::One),
        (&[Turn::Register, Turn::Remove], Crashes::None),
        (&[Turn::RegisterHidden, Turn::Show], Crashes::None),
    ] {
        let mut others: Vec<Actor> = changes.iter().copied().map(Actor::Change).collect();
        others.extend((0..changes.len()).map(|of| Actor::Message { of }));
        let scenario = forgetting("forget and sign up", true, others);
        sample(&Scenario { subscribed: true, ..scenario }, crashes);
    }
}
