//! Tests of the stretches of a phone's hints into which the messages of a join are split.

use model::Scope;
use store::{OwnerIndex, OwnerRange, Store};

use support::embedded::{database, store_over};
use support::gate::{Scheduler, on_a_stopped_clock};
use support::meter::Meter;
use support::{phone, user};

const P: &str = "16505550123";

async fn names(store: &Store, range: &OwnerRange, limit: usize) -> (Vec<String>, bool) {
    let page = store.owners(phone(P), range, limit).await.expect("readable");
    (page.hints.iter().map(|hint| hint.user.as_str().to_owned()).collect(), page.more)
}

#[tokio::test]
async fn a_range_begins_after_one_place_and_ends_with_another() {
    let store = database().await.store();
    for name in ["ann", "ben", "cat", "dan"] {
        store.put_hints(&user(name), &Scope::Global, &[phone(P)], 1).await.expect("written");
    }
    let all = store.owners(phone(P), &OwnerRange::default(), 10).await.expect("readable").hints;
    let place = |n: usize| Some(all[n].place.clone());
    for (after, through, expected) in [
        (None, None, &["ann", "ben", "cat", "dan"][..]),
        (None, place(1), &["ann", "ben"]),
        (place(1), None, &["cat", "dan"]),
        (place(0), place(2), &["ben", "cat"]),
        (place(3), None, &[]),
    ] {
        let range = OwnerRange { after, through };
        let (found, more) = names(&store, &range, 10).await;
        assert_eq!(
            (found.as_slice(), more),
            (&expected.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()[..], false)
        );
    }
    assert_eq!(
        names(&store, &OwnerRange::default(), 2).await,
        (vec!["ann".to_owned(), "ben".to_owned()], true)
    );
}

#[tokio::test]
async fn an_older_version_neither_puts_nor_deletes_a_newer_hint() {
    let store = database().await.store();
    let (owner, scope, phones) = (user("ann"), Scope::Global, [phone(P)]);
    store.put_hints(&owner, &scope, &phones, 5).await.expect("written");
    store.put_hints(&owner, &scope, &phones, 3).await.expect("an older one isn't an error");
    store.delete_hints(&owner, &scope, &phones, 4).await.expect("a newer one isn't an error");
    assert_eq!(names(&store, &OwnerRange::default(), 10).await.0, ["ann"]);
    store.delete_hints(&owner, &scope, &phones, 5).await.expect("deleted");
    assert_eq!(names(&store, &OwnerRange::default(), 10).await.0, [""; 0]);
}

#[tokio::test]
async fn hints_that_exist_are_raised_in_batches() {
    let meter = Meter::new(database().await);
    let store = store_over(meter.clone());
    let phones: Vec<_> = (0..1_000).map(|n| phone(&format!("1650555{n:04}"))).collect();
    let put = async |version| {
        store.put_hints(&user("ann"), &Scope::Global, &phones, version).await.expect("written");
        meter.take().requests
    };
    assert_eq!(put(5).await, 40, "new hints are inserted, 25 in one call");
    assert_eq!(put(9).await, 80, "older ones are then updated, 25 in one call");
    assert_eq!(put(9).await, 80, "those of the same version stay");
    assert_eq!(put(7).await, 80, "and so do newer ones");
    let ann = user("ann");
    let deleted = |version| store.delete_hints(&ann, &Scope::Global, &phones, version);
    deleted(8).await.expect("none is as old as that");
    let left = store.owners(phones[999], &OwnerRange::default(), 10).await.expect("readable");
    assert_eq!(left.hints.len(), 1, "it has version 9");
    deleted(9).await.expect("deleted");
    let left = store.owners(phones[999], &OwnerRange::default(), 10).await.expect("readable");
    assert_eq!(left.hints.len(), 0);
}

/// An upload's late clean-up deletes an old hint just after another upload found it.
#[test]
fn a_hint_that_is_deleted_while_it_is_raised_is_put_again() {
    on_a_stopped_clock(async {
        let embedded = database().await;
        let store = embedded.store();
        let hint = (user("ann"), Scope::Global, [phone(P)]);
        store.put_hints(&hint.0, &hint.1, &hint.2, 3).await.expect("written");
        let mut scheduler = Scheduler::new(embedded.clone(), |_, _| false);
        let (ann, scope, phones) = hint.clone();
        let put = scheduler
            .spawn(async move |store: Store| {
                store.put_hints(&ann, &scope, &phones, 5).await.expect("written");
            })
            .await;
        // The insertion, which finds the old hint.
        scheduler.step(put).await;
        store.delete_hints(&hint.0, &hint.1, &hint.2, 3).await.expect("deleted");
        while scheduler.next_of(put).is_some() {
            scheduler.step(put).await;
        }
        assert_eq!(names(&store, &OwnerRange::default(), 10).await.0, ["ann"]);
        store.delete_hints(&hint.0, &hint.1, &hint.2, 4).await.expect("a newer one stays");
        assert_eq!(names(&store, &OwnerRange::default(), 10).await.0, ["ann"]);
    });
}
