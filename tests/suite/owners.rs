//! Tests of the stretches of a phone's hints into which the messages of a join are split.

use model::Scope;
use store::{OwnerIndex, OwnerRange, Store};

use support::embedded::database;
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
