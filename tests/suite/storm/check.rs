//! Checks what has to hold once the storm is over.

use std::collections::BTreeMap;

use model::Scope;
use store::{AccountStore, BookReader, HolderReader, OwnerIndex, OwnerRange, Store, StoredBook};
use tokio::time::Instant;

use super::clients::{BOOKS, USERS};
use super::history::BookName;
use super::{PHONES, WATCHERS, World, digits};
use support::embedded::sealed_store_over;
use support::{phone, user};

pub async fn at_rest(world: &World) {
    let store = sealed_store_over(world.embedded.clone(), world.functions.keys.clone());
    for owner in USERS {
        for device in BOOKS {
            let scope =
                device.map_or(Scope::Global, |udid| Scope::Device(udid.parse().expect("a udid")));
            let stored = store.read_book(&user(owner), &scope).await.expect("readable");
            hints_and_matches(&store, owner, &scope, &stored).await;
            nothing_is_lost(world, &(owner, device), &stored);
        }
    }
    for watcher in WATCHERS {
        let stored = store.read_book(&user(watcher), &Scope::Global).await.expect("readable");
        assert_eq!(stored.book.entries().len(), PHONES, "a watcher's contacts are lost");
        hints_and_matches(&store, watcher, &Scope::Global, &stored).await;
    }
    accounts_are_whole(&store).await;
    everybody_was_told(world, &store).await;
    assert!(world.history.count(503) > 0, "the store never gave up");
    assert!(world.history.count(200) > world.history.count(503), "too few requests succeeded");
}

/// Checks I1, I2 and I3.
async fn hints_and_matches(store: &Store, owner: &str, scope: &Scope, stored: &StoredBook) {
    for entry in stored.book.entries() {
        let phone = entry.contact.phone;
        let hints = store.owners(phone, &OwnerRange::default(), 100).await.expect("readable").hints;
        let hinted = hints.iter().any(|hint| hint.user == user(owner) && hint.scope == *scope);
        assert!(hinted, "I1: a contact of {owner} has no hint");
        let holder = store.holder(phone).await.expect("readable");
        let expected = holder.and_then(|holder| holder.match_for(&user(owner)));
        assert_eq!(entry.matched, expected, "I2, I3: a match of {owner} isn't what Users says");
    }
}

/// Checks I5, and that no acknowledged upload is overwritten by an older one.
fn nothing_is_lost(world: &World, book: &BookName, stored: &StoredBook) {
    let found: BTreeMap<&str, &str> = stored
        .book
        .entries()
        .iter()
        .map(|entry| (entry.contact.phone.digits(), entry.contact.name.as_str()))
        .collect();
    for phone in world.history.phones(book) {
        let name = found.get(phone.as_str()).copied();
        let explained = world.history.explains(book, &phone, name, Instant::now());
        assert!(
            explained,
            "{book:?} has {name:?} for {phone}, which an acknowledged upload had overwritten"
        );
    }
}

/// Checks that the item of a phone's holder agrees with the holder's profile.
async fn accounts_are_whole(store: &Store) {
    for digits in (0..PHONES).map(digits) {
        let Some(holder) = store.holder(phone(&digits)).await.expect("readable") else { continue };
        let profile =
            store.profile(holder.id).await.expect("readable").expect("a holder has a profile");
        assert_eq!(profile.phone, Some((phone(&digits), holder.epoch)), "{digits}");
        assert_eq!(
            store.subject(&holder.user).await.expect("readable").id,
            Some(holder.id),
            "{digits}"
        );
    }
}

/// Checks I4: every watcher was told of every phone that has a holder now, once. A watcher may be
/// told twice only if a push's answer was lost, an invocation ended in the middle, or the push's
/// mark could not be set.
async fn everybody_was_told(world: &World, store: &Store) {
    let mut told: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for ((recipient, device, _, phone), times) in world.functions.push.told() {
        *told.entry((recipient, device, phone)).or_default() += times;
    }
    for digits in (0..PHONES).map(digits) {
        if store.holder(phone(&digits)).await.expect("readable").is_none() {
            continue;
        }
        for watcher in WATCHERS {
            let push = (watcher.to_owned(), "pixel".to_owned(), digits.clone());
            assert!(told.contains_key(&push), "I4: {watcher} was never told of {digits}");
        }
    }
    let again: usize = told.values().map(|times| times - 1).sum();
    let excused = world.functions.push.lost_answers()
        + world.functions.queue.crashes()
        + world.weather.lost_marks();
    assert!(again <= excused, "I4: {again} pushes came twice, {excused} of them for a reason");
}
