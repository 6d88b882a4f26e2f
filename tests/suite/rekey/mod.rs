//! Tests of copying all tables under other keys, or from sealed to unsealed and back.

mod deployment;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use store::{ForgottenPhones, Keyring, Rekey, RekeyError, RekeyReport, Store, Table};

use support::dump::scan;
use support::embedded::sealed_store_over;
use support::faults::{Fault, Faulty};
use support::requests::{begin_session, in_session};
use support::{is_exhaustive, phone, user};

use self::deployment::{Deployment, FORGOTTEN, NEW, NEWCOMER, OLD, PEOPLE, contact, keys, town};

const QUIET: &(dyn Fn(Table, u64) + Sync) = &|_, _| {};

async fn finish(from: &Store, to: &Store) -> RekeyReport {
    Box::pin(Rekey::new(from, to, QUIET).finish()).await.expect("copied")
}

/// Checks that another run finds nothing to do.
async fn assert_same(from: &Store, to: &Store) {
    let compared = Rekey::new(from, to, QUIET).dry();
    let report = Box::pin(compared.finish()).await.expect("compared");
    for (table, copied) in report.each() {
        assert_eq!((copied.written, copied.deleted, copied.unreadable), (0, 0, 0), "{table}");
    }
}

#[tokio::test]
async fn all_that_people_read_is_the_same_under_other_keys_and_a_join_goes_on() {
    for (name, from, to) in [
        ("sealed, to another index key", keys(OLD), keys(NEW)),
        ("unsealed, to sealed", Keyring::default(), keys(NEW)),
        ("sealed, to unsealed", keys(OLD), Keyring::default()),
    ] {
        let (source, target) = (town(from).await, Deployment::new(to).await);
        let report = finish(source.store(), target.store()).await;
        assert_same(source.store(), target.store()).await;
        println!("{name}: {report:?}");
        for (table, copied) in report.each() {
            // Eve left. Nobody has her number now, so its two buckets have no payer that is known.
            let left = if table == Table::Budgets { 2 } else { 0 };
            let counts = (copied.left, copied.unreadable, copied.deleted);
            assert_eq!(counts, (left, 0, 0), "{name}: {table}");
        }
        assert!(report.claims.written > 0 && report.budgets.written > 0, "{name}: {report:?}");
        assert_same_answers(&source.all_that_is_read().await, &target).await;
        target.assert_invariants().await;

        assert!(target.store().is_forgotten(phone(FORGOTTEN)).await.expect("readable"), "{name}");

        // The records of the copy are never told.
        target.records();
        let pushes = target.functions.push.pushes().len();
        target.send("POST", "/users", NEWCOMER, json!({"user": {}})).await;
        target.settle().await;
        let told = target
            .send(
                "GET",
                "/address_book/registered_users?compact=1&udid=pixel",
                PEOPLE[0],
                Value::Null,
            )
            .await;
        assert!(told.to_string().contains("16505550107"), "{name}: {told}");
        // Ann has a device and two books, Bob a device. Fay wants no pushes.
        assert_eq!(target.functions.push.pushes().len(), pushes + 2, "{name}");
        target.assert_invariants().await;
    }
}

#[tokio::test]
async fn a_session_goes_on_while_its_key_is_among_the_new_ones_and_an_ended_one_stays_ended() {
    let (source, target) = (town(keys(OLD)).await, Deployment::new(keys(NEW)).await);
    let ann = begin_session(source.store(), &user("ann")).await;
    let ended = begin_session(source.store(), &user("ann")).await;
    let end = in_session("DELETE", "/session", &ended, None);
    assert_eq!(source.functions.http(end).await.status_code, 200);
    finish(source.store(), target.store()).await;
    for (token, expected) in [(&ann, 200), (&ended, 401)] {
        let body = json!({"contacts": [contact("Somebody", 120)]});
        let event = in_session("POST", "/address_book", token, Some(&body));
        assert_eq!(target.functions.http(event).await.status_code, expected);
    }
}

#[tokio::test]
async fn books_that_change_after_the_first_run_are_copied_by_the_last_one() {
    let (source, target) = (town(keys(OLD)).await, Deployment::new(keys(NEW)).await);
    let first =
        Box::pin(Rekey::new(source.store(), target.store(), QUIET).books()).await.expect("copied");
    assert_eq!(first.address_books.written, first.address_books.items);
    assert_eq!(first.users.written, 0, "the service runs");

    source
        .upload(
            PEOPLE[1],
            None,
            json!([contact("New", 130), {"phone": "+16505550108", "destroy": 1}]),
        )
        .await;
    let forced = json!({"force": 1, "contacts": [contact("Alone", 131)]});
    source.send("POST", "/address_book", PEOPLE[2], forced).await;
    source.upload(PEOPLE[3], Some("new"), json!([contact("Bob", 102)])).await;
    source.send("DELETE", "/address_book?udid=pixel", PEOPLE[0], Value::Null).await;
    source.send("POST", "/users", NEWCOMER, json!({"user": {}})).await;
    source.settle().await;

    let second =
        Box::pin(Rekey::new(source.store(), target.store(), QUIET).books()).await.expect("copied");
    assert!((5..=8).contains(&second.address_books.written), "{:?}", second.address_books);
    let third =
        Box::pin(Rekey::new(source.store(), target.store(), QUIET).books()).await.expect("copied");
    assert_eq!((third.address_books.written, third.contact_owners.written), (0, 0));
    let last = finish(source.store(), target.store()).await;
    assert_eq!(last.address_books.written, 0);
    assert_same(source.store(), target.store()).await;
    assert_same_answers(&source.all_that_is_read().await, &target).await;
    target.assert_invariants().await;
    let straight = Deployment::new(keys(NEW)).await;
    finish(source.store(), straight.store()).await;
    assert_eq!(target.shape().await, straight.shape().await);
}

#[tokio::test]
async fn what_leaves_the_source_between_two_last_runs_leaves_the_target() {
    let (source, target) = (town(keys(OLD)).await, Deployment::new(keys(NEW)).await);
    finish(source.store(), target.store()).await;
    let id = source.id(PEOPLE[1]).await;
    source.send("DELETE", &format!("/users/{id}"), PEOPLE[1], Value::Null).await;
    source.settle().await;
    let dump = scan(&source.embedded.client()).await;
    // As TTL does, after 7 days.
    for (table, item) in dump
        .iter()
        .filter(|(table, item)| table == "AddressBooks" && item.contains_key("expires_at"))
    {
        let key = ["user_id", "book"].map(|name| (name.to_owned(), item[name].clone()));
        let delete =
            source.embedded.client().delete_item().table_name(table).set_key(Some(key.into()));
        delete.send().await.expect("deleted");
    }
    let report = finish(source.store(), target.store()).await;
    assert!(report.users.deleted >= 2 && report.address_books.deleted >= 1, "{report:?}");
    assert_same(source.store(), target.store()).await;
    assert_same_answers(&source.all_that_is_read().await, &target).await;
    target.assert_invariants().await;
}

/// Checks that people read the same from these tables.
async fn assert_same_answers(expected: &[Value], target: &Deployment) {
    for (answer, expected) in target.all_that_is_read().await.iter().zip(expected) {
        assert_eq!(answer.to_string(), expected.to_string());
    }
}

/// A store that is out of reach after so many requests. The last of them is executed or not, and
/// isn't answered.
fn dying(of: &Deployment, after: usize, executed: bool) -> Store {
    let count = Arc::new(AtomicUsize::new(0));
    let plan = Arc::new(move |_: &_| match count.fetch_add(1, Ordering::Relaxed) {
        number if number < after => None,
        number if number == after => Some(Fault::Cut { executed }),
        _ => Some(Fault::Refused(400, "AccessDeniedException")),
    });
    let faulty = Faulty::new(of.embedded.clone(), Duration::ZERO, plan);
    sealed_store_over(faulty, of.functions.keys.clone())
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_is_killed_anywhere_and_started_again_ends_in_the_same_state() {
    let source = town(keys(OLD)).await;
    let straight = Deployment::new(keys(NEW)).await;
    finish(source.store(), straight.store()).await;
    let (expected, answers) = (straight.shape().await, straight.all_that_is_read().await);
    let mut kills = 0;
    'everywhere: for after in (0..).step_by(if is_exhaustive() { 1 } else { 7 }) {
        for executed in [false, true] {
            let target = Deployment::new(keys(NEW)).await;
            let killed = dying(&target, after, executed);
            if Rekey::new(source.store(), &killed, QUIET).finish().await.is_ok() {
                break 'everywhere;
            }
            kills += 1;
            finish(source.store(), target.store()).await;
            assert_eq!(target.shape().await, expected, "killed after {after} requests");
            if after % 14 == 0 {
                assert_same_answers(&answers, &target).await;
            }
        }
    }
    println!("killed {kills} times");
    assert!(kills > 20, "killed only {kills} times");
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_was_killed_leaves_no_hint_of_what_was_removed_before_the_next_run() {
    for after in (0..60).step_by(3) {
        let source = town(keys(OLD)).await;
        let target = Deployment::new(keys(NEW)).await;
        let killed = dying(&target, after, true);
        let _ = Rekey::new(source.store(), &killed, QUIET).books().await;
        for token in [PEOPLE[0], PEOPLE[1], PEOPLE[3]] {
            let forced = json!({"force": 1, "contacts": [contact("Alone", 131)]});
            source.send("POST", "/address_book", token, forced).await;
        }
        finish(source.store(), target.store()).await;
        target.assert_invariants().await;
    }
}

#[tokio::test]
async fn a_target_that_is_in_use_or_has_other_keys_is_refused() {
    let (source, target) = (town(keys(OLD)).await, Deployment::new(keys(NEW)).await);
    finish(source.store(), target.store()).await;
    let other = sealed_store_over(
        target.embedded.clone(),
        Keyring::generate_secret().parse().expect("a secret"),
    );
    let refused = Rekey::new(source.store(), &other, QUIET).books().await;
    assert!(matches!(refused, Err(RekeyError::OtherKeys(Table::AddressBooks))), "{refused:?}");
    target.upload(PEOPLE[0], None, json!([contact("Newer", 140)])).await;
    let refused = Box::pin(Rekey::new(source.store(), target.store(), QUIET).books()).await;
    assert!(matches!(refused, Err(RekeyError::InUse(Table::AddressBooks))), "{refused:?}");
}

#[tokio::test]
async fn a_dry_run_counts_what_a_run_writes_and_writes_nothing() {
    let (source, target) = (town(keys(OLD)).await, Deployment::new(keys(NEW)).await);
    let dry =
        Rekey::new(source.store(), target.store(), QUIET).dry().finish().await.expect("counted");
    assert!(scan(&target.embedded.client()).await.is_empty());
    let report = finish(source.store(), target.store()).await;
    for ((table, dry), (_, copied)) in dry.each().into_iter().zip(report.each()) {
        assert_eq!((dry.items, dry.written), (copied.items, copied.written), "{table}");
    }
}

#[tokio::test]
async fn what_can_not_be_carried_or_read_is_counted() {
    let (source, target) = (town(keys(OLD)).await, Deployment::new(keys(NEW)).await);
    let client = source.embedded.client();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = |table: &'static str, attributes: Vec<(&'static str, AttributeValue)>| {
        let put = client.put_item().table_name(table);
        attributes.into_iter().fold(put, |put, (name, value)| put.item(name, value)).send()
    };
    put(
        "Budgets",
        vec![
            ("payer", text("of-somebody-unknown")),
            ("empty_at_ms", AttributeValue::N("1".to_owned())),
        ],
    )
    .await
    .expect("put");
    put("Users", vec![("key", text("subject#by-hand"))]).await.expect("put");
    put(
        "AddressBooks",
        vec![
            ("user_id", text("by-hand")),
            ("book", text("g")),
            ("version", AttributeValue::N("1".to_owned())),
        ],
    )
    .await
    .expect("put");
    // Bob was told of Cem, and doesn't know him any more.
    let removed = json!([{"phone": "+16505550103", "destroy": 1}]);
    source.upload(PEOPLE[1], None, removed).await;
    let report = finish(source.store(), target.store()).await;
    assert_eq!(report.claims.left, 1);
    assert_eq!(
        (report.budgets.left, report.users.unreadable, report.address_books.unreadable),
        (3, 1, 1)
    );
}
