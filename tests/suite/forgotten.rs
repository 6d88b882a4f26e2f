//! Tests of forgetting a phone, from the upload that is told so to the user who signs up with it.

use std::collections::HashSet;

use local::Inbox;
use model::{Change, Contact, Mode, Scope, SystemClock};
use numbering::Phone;
use protocol::{
    ForgetError, ForgetReport, PhoneClaim, ProfilePatch, allow, delete_account, finish_forgetting,
    forget, sign_up,
};
use serde_json::{Value, json};
use store::{BookReader, ForgottenPhones, HolderReader, Keyring, Outcome, Store};

use support::dump::{Item, scan};
use support::embedded::{Embedded, database, sealed_store_over};
use support::queue::RecordingQueue;
use support::requests::{read, request};
use support::{contact, phone, upload_as, upload_of, upload_settings, user};

const P: &str = "16505550123";
const Q: &str = "16505550124";
/// A number of Mexico as it was before 2019, and as it is.
const FORMER: &str = "5215512345678";
const PRESENT: &str = "525512345678";

async fn send(store: &Store, who: &str, contacts: &[&str]) -> Value {
    let contacts: Vec<Value> = contacts
        .iter()
        .map(|digits| json!({"name": "Nobody Marked", "phone": format!("+{digits}")}))
        .collect();
    let event =
        request("POST", "/address_book", who, Some(json!({"contacts": contacts}).to_string()));
    let (status, answer) =
        read(&upload::handle(store, &SystemClock, &upload_settings(), event).await);
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn sign_up_with(store: &Store, who: &str, digits: &str) -> model::Profile {
    let (claim, none) = (PhoneClaim::Proven(phone(digits)), ProfilePatch::default());
    sign_up(store, &SystemClock, &user(who), claim, &none).await.expect("signed up")
}

/// Returns how many joins `joins` makes of all changes of holders so far. It has to read all of them.
async fn relayed(embedded: &Embedded) -> usize {
    let mut records = embedded.stream(None);
    records.retain(|record| {
        record["dynamodb"]["Keys"]["key"]["S"].as_str().is_some_and(|key| key.starts_with("phone#"))
    });
    assert!(!records.is_empty());
    let event = serde_json::from_value(json!({ "Records": records })).expect("an event");
    let queue = RecordingQueue::default();
    let response = joins::handle(&Keyring::default(), &queue, &queue, event).await;
    assert_eq!(response.batch_item_failures.len(), 0);
    let messages = queue.take();
    assert!(messages.iter().all(|message| message.joiner.is_some()), "nobody left");
    messages.len()
}

#[tokio::test]
async fn a_forgotten_phone_is_in_no_book_and_is_rejected_until_it_is_allowed() {
    let store = database().await.store();
    for who in ["ann", "bea"] {
        send(&store, who, &[P, Q]).await;
    }
    send(&store, "cleo", &[Q]).await;
    let report = forget(&store, phone(P)).await.expect("forgotten");
    assert_eq!(report, ForgetReport { books: 2, contacts: 2 });
    let again = forget(&store, phone(P)).await.expect("forgotten");
    assert_eq!(again, ForgetReport::default(), "a repeat finds nothing");
    for who in ["ann", "bea", "cleo"] {
        let rejected = json!({"0": ["This phone can't be stored."]});
        let expected = json!({"created": 0, "updated": 0, "deleted": 0, "rejected": rejected});
        assert_eq!(send(&store, who, &[P, Q]).await, expected, "{who}");
        let stored = store.read_book(&user(who), &Scope::Global).await.expect("readable");
        assert_eq!(stored.book.phones_not_in(&model::Book::default()), [phone(Q)], "{who}");
    }
    assert!(allow(&store, phone(P)).await.expect("allowed"));
    assert!(!allow(&store, phone(P)).await.expect("allowed"), "it is allowed already");
    let expected = json!({"created": 1, "updated": 0, "deleted": 0, "rejected": {}});
    assert_eq!(send(&store, "ann", &[P, Q]).await, expected);
}

#[tokio::test]
async fn a_phone_named_twice_is_rejected_once() {
    let store = database().await.store();
    forget(&store, phone(P)).await.expect("forgotten");
    let answer = send(&store, "ann", &[P, Q, P]).await;
    let rejected = json!({"2": ["This phone can't be stored."]});
    let expected = json!({"created": 1, "updated": 0, "deleted": 0, "rejected": rejected});
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn a_user_is_not_forgotten_and_who_signs_up_later_is_announced() {
    let embedded = database().await;
    let store = embedded.store();
    let dora = sign_up_with(&store, "dora", Q).await;
    assert!(matches!(forget(&store, phone(Q)).await, Err(ForgetError::HasHolder)));
    assert!(!allow(&store, phone(Q)).await.expect("nothing to allow"));
    assert_eq!(store.holder(phone(Q)).await.expect("readable").map(|held| held.id), Some(dora.id));

    forget(&store, phone(P)).await.expect("forgotten");
    assert_eq!(relayed(&embedded).await, 1, "a mark is nobody's");
    let eve = sign_up_with(&store, "eve", P).await;
    assert_eq!(relayed(&embedded).await, 2, "who signs up over a mark is a joiner");
    assert!(!store.is_forgotten(phone(P)).await.expect("readable"));
    let answer = send(&store, "ann", &[P]).await;
    assert_eq!(answer["rejected"], json!({}));
    let stored = store.read_book(&user("ann"), &Scope::Global).await.expect("readable");
    assert_eq!(stored.book.entries()[0].matched, Some(eve.id));
    let inbox = Inbox::default();
    delete_account(&store, &inbox, &SystemClock, &user("eve"), eve.id).await.expect("deleted");
    assert_eq!(send(&store, "bea", &[P]).await["rejected"], json!({}), "the mark is gone");
}

#[tokio::test]
async fn only_what_is_marked_is_finished() {
    let store = database().await.store();
    send(&store, "ann", &[P, Q]).await;
    let unmarked = finish_forgetting(&store, phone(P)).await;
    assert!(matches!(unmarked, Err(ForgetError::Overtaken)));
    sign_up_with(&store, "dora", Q).await;
    let held = finish_forgetting(&store, phone(Q)).await;
    assert!(matches!(held, Err(ForgetError::HasHolder)));
    assert!(!store.is_forgotten(phone(P)).await.expect("readable"));
    let stored = store.read_book(&user("ann"), &Scope::Global).await.expect("readable");
    assert_eq!(stored.book.entries().len(), 2);

    let marked = store.mark_forgotten(phone(P)).await.expect("marked");
    assert_eq!(marked, Outcome::Done);
    let report = finish_forgetting(&store, phone(P)).await.expect("finished");
    assert_eq!(report, ForgetReport { books: 1, contacts: 1 });
}

#[tokio::test]
async fn marks_are_copied_into_older_tables_but_not_over_a_user() {
    let keys: Keyring = Keyring::generate_secret().parse().expect("a secret");
    let (live, older) = (database().await, database().await);
    let live = sealed_store_over(live, keys.clone());
    let older = sealed_store_over(older, keys);
    send(&older, "ann", &[P, Q]).await;
    sign_up_with(&older, "dora", Q).await;
    forget(&live, phone(P)).await.expect("forgotten");
    forget(&live, phone(Q)).await.expect("forgotten");
    for _ in 0..2 {
        assert_eq!(older.copy_marks(&live, 2).await.expect("copied"), 1);
        assert!(older.is_forgotten(phone(P)).await.expect("readable"));
        assert!(!older.is_forgotten(phone(Q)).await.expect("readable"));
        assert!(older.holder(phone(Q)).await.expect("readable").is_some());
    }
}

#[tokio::test]
async fn a_phone_is_forgotten_in_all_its_forms() {
    let [former, present] = [FORMER, PRESENT].map(|digits| Phone::stored(digits).expect("a phone"));
    for asked in [former, present] {
        let store = database().await.store();
        let put = |phone: Phone| {
            let spelling = phone.digits().into();
            Change::Put(Contact { phone, spelling, name: "Nobody".parse().expect("a name") })
        };
        for (who, form) in [("ann", former), ("bea", present)] {
            let upload = upload_of(Mode::Merge, vec![put(form)]);
            upload_as(&user(who), &store, &Scope::Global, &upload).await.expect("uploaded");
        }
        let report = forget(&store, asked).await.expect("forgotten");
        assert_eq!(report, ForgetReport { books: 2, contacts: 2 });
        let holders = store.holders(&[former, present]).await.expect("readable");
        assert_eq!(holders.forgotten, HashSet::from([former, present]));
        let upload = upload_of(Mode::Merge, vec![put(former)]);
        let uploaded = upload_as(&user("cleo"), &store, &Scope::Global, &upload).await;
        assert_eq!(uploaded.expect("uploaded").forgotten, [0]);
        assert!(allow(&store, asked).await.expect("allowed"));

        // Somebody registered before their country changed the number.
        let (claim, none) = (PhoneClaim::Proven(former), ProfilePatch::default());
        sign_up(&store, &SystemClock, &user("maria"), claim, &none).await.expect("signed up");
        assert!(matches!(forget(&store, asked).await, Err(ForgetError::HasHolder)));
    }
}

#[tokio::test]
async fn a_base_that_holds_a_forgotten_phone_is_written_again() {
    for keyring in [Keyring::default(), Keyring::generate_secret().parse().expect("a secret")] {
        let embedded = database().await;
        let store = sealed_store_over(embedded.clone(), keyring);
        // So many contacts that the book has a base, which holds the phone.
        let mut changes: Vec<Change> =
            (200..900).map(|n| Change::Put(contact(&format!("1650555{n:04}"), "x"))).collect();
        changes.push(Change::Put(contact(P, "Nobody Marked")));
        let many = upload_of(Mode::Merge, changes);
        upload_as(&user("ann"), &store, &Scope::Global, &many).await.expect("uploaded");
        let before = scan(&embedded.client()).await;
        let report = forget(&store, phone(P)).await.expect("forgotten");
        assert_eq!(report, ForgetReport { books: 1, contacts: 1 });
        let stored = store.read_book(&user("ann"), &Scope::Global).await.expect("readable");
        assert_eq!(stored.book.entries().len(), 700);
        let after = scan(&embedded.client()).await;
        let hints = |dump: &[(String, Item)]| {
            dump.iter().filter(|(table, _)| *table == local::tables().contact_owners).count()
        };
        assert_eq!((hints(&before), hints(&after)), (701, 700));
        let [base_before, base_after] = [before, after].map(|dump| {
            let mut bases = dump.into_iter().filter(|(_, item)| item.contains_key("tag"));
            bases.next().expect("a base").1
        });
        assert_ne!(base_before["tag"], base_after["tag"], "the base still holds the phone");
    }
}
