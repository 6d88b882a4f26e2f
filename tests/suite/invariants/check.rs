//! Checks the invariants on the tables of one run.

use std::collections::HashSet;

use local::Inbox;
use model::{Book, Contact, Scope, Upload};
use numbering::HomeRegion;
use store::{
    AccountStore, BookReader, ClaimStore, HolderReader, Life, OwnerIndex, OwnerRange, Store,
    StoredBook, SubscriptionStore,
};

use super::change::Change;
use super::scenario::{End, OWNER, P, Q, Scenario};
use support::{home, phone, user};

fn contacts(book: &Book) -> Vec<Contact> {
    book.entries().iter().map(|entry| entry.contact.clone()).collect()
}

/// Returns the books that whole uploads can lead to. Each of `uploads` is made at most once, in any
/// order. If the phone is forgotten, it may be missing from any of them.
fn reachable(scenario: &Scenario, uploads: &[&Upload]) -> Vec<(Vec<usize>, Vec<Contact>)> {
    let home: HomeRegion = home();
    let forgotten = HashSet::from([phone(P)]);
    let mut reached = vec![(vec![], scenario.first_book())];
    let mut next = 0;
    while next < reached.len() {
        let (done, book): (Vec<usize>, Book) = reached[next].clone();
        if scenario.forgets() && book.find(phone(P)).is_some() {
            reached.push((done.clone(), book.clone().without(&forgotten)));
        }
        for (index, upload) in uploads.iter().enumerate() {
            if !done.contains(&index) {
                let after = book.apply(&book.diff(upload)).settled_in(&home);
                reached.push(([&done[..], &[index]].concat(), after));
            }
        }
        next += 1;
    }
    reached.into_iter().map(|(done, book)| (done, contacts(&book))).collect()
}

/// Checks I5, which has to hold at any moment.
pub async fn whole_uploads(scenario: &Scenario, store: &Store) {
    let stored = store.read_book(&user(OWNER), &Scope::Global).await.expect("readable");
    is_of_whole_uploads(scenario, &stored.book);
}

/// Fails unless the book is the result of some whole uploads.
pub fn is_of_whole_uploads(scenario: &Scenario, book: &Book) {
    let uploads: Vec<&Upload> = scenario.uploads().map(|(_, upload)| upload).collect();
    let book = contacts(book);
    let deleted = scenario.deletes_owner() && book.is_empty();
    assert!(
        deleted || reachable(scenario, &uploads).iter().any(|(_, contacts)| *contacts == book),
        "I5: the book is not the result of whole uploads"
    );
}

/// Checks all invariants, once every actor has ended.
pub async fn at_rest(
    scenario: &Scenario,
    store: &Store,
    ends: &[Option<End>],
    pushes: &Inbox,
    crashed: bool,
) {
    let owner = user(OWNER);
    let stored = store.read_book(&owner, &Scope::Global).await.expect("readable");
    for entry in stored.book.entries() {
        let phone = entry.contact.phone;
        let hints = store.owners(phone, &OwnerRange::default(), 10).await.expect("readable").hints;
        let hinted = hints.iter().any(|hint| hint.user == owner && hint.scope == Scope::Global);
        assert!(hinted, "I1: a contact has no hint");
        let holder = store.holder(phone).await.expect("readable");
        let expected = holder.and_then(|holder| holder.match_for(&owner));
        assert_eq!(entry.matched, expected, "I2, I3: a match isn't what Users says");
    }
    if scenario.deletes_owner() {
        after_deletion(store, &stored, pushes, crashed).await;
        return;
    }
    acknowledged(scenario, &stored.book, ends);
    if scenario.subscribed {
        let told = pushes.pushes().len();
        let holder = store.holder(phone(P)).await.expect("readable");
        // A user who ever hid may have been hidden when their message came.
        let was_shown = !scenario.changes().any(Change::hides);
        let is_news = stored.book.find(phone(P)).is_some() && was_shown && holder.is_some();
        assert!(told >= 1 || !is_news, "I4: a push was skipped");
        assert!(told <= 1 || crashed, "I4: a push was sent {told} times");
    }
}

/// Checks that nothing is left of an account that was deleted.
async fn after_deletion(store: &Store, stored: &StoredBook, pushes: &Inbox, crashed: bool) {
    let owner = user(OWNER);
    // A book of the account's generation comes from an upload that began after the account was
    // deleted.
    let generation = store.subject(&owner).await.expect("readable").generation;
    let deleted = matches!(stored.life, Life::Unopened | Life::Deleted { .. });
    assert!(deleted || stored.life == Life::Open { generation }, "an upload raised the dead");
    assert!(!deleted || stored.book == Book::default(), "a deleted book holds contacts");
    assert_eq!(stored.leaving, Book::default(), "hints of a deleted book are left behind");
    for phone in [P, Q].map(phone).into_iter().filter(|phone| stored.book.find(*phone).is_none()) {
        let hints = store.owners(phone, &OwnerRange::default(), 10).await.expect("readable").hints;
        let left = hints.iter().any(|hint| hint.user == owner);
        assert!(!left || crashed, "a hint without a contact is left behind");
    }
    assert_eq!(store.subscriptions(&owner).await.expect("readable"), [], "a device is left behind");
    assert_eq!(store.count_claims(&owner).await.expect("readable"), 0, "a claim is left behind");
    let told = pushes.pushes().len();
    assert!(told <= 1 || crashed, "I4: a push was sent {told} times");
}

/// Checks that the book holds every acknowledged upload. An upload that gave up may be missing.
fn acknowledged(scenario: &Scenario, book: &Book, ends: &[Option<End>]) {
    let uploads: Vec<(usize, &Upload)> = scenario.uploads().collect();
    let wanted: Vec<&Upload> = uploads.iter().map(|(_, upload)| *upload).collect();
    let found = reachable(scenario, &wanted).into_iter().any(|(done, contacts)| {
        let acknowledged = |place: usize| ends[uploads[place].0] == Some(End::Done);
        let all = (0..uploads.len()).all(|place| !acknowledged(place) || done.contains(&place));
        all && contacts == self::contacts(book)
    });
    assert!(found, "I5: an acknowledged upload is lost");
}
