//! `check`: every kind of damage that it knows is made by hand, found, and nothing else is; and what
//! can be repaired is.

mod damage;
mod world;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use local::tables;
use model::{Book, Change, Mode, Scope, SystemClock};
use operator::check::{Kind, check};
use protocol::wipe;
use store::{BookReader, ForgottenPhones, Keyring, Store};
use support::dump::Item;
use support::embedded::{database, sealed_store_over};
use support::meter::Meter;
use support::{contact, phone, upload_as, upload_of, user};

use self::damage::Damage;
use self::world::{ALICE, BOB, CAROL, World, pixel, text};

#[tokio::test]
async fn nothing_is_found_where_everything_is_as_it_has_to_be() {
    for keys in [Keyring::default(), Keyring::generate_secret().parse().expect("a secret")] {
        let world = World::sealed_by(keys).await;
        let report = check(&world.store, 4, Duration::ZERO, false).await.expect("checked");
        assert_eq!(report.findings, []);
        let counts = [report.users, report.books, report.contacts, report.hints];
        assert_eq!((counts, report.subscriptions, report.claims), ([3, 3, 4, 4], 3, 1));
    }
}

#[tokio::test]
async fn with_other_keys_nothing_can_be_read() {
    let secret = || Keyring::generate_secret().parse::<Keyring>().expect("a secret");
    let world = World::sealed_by(secret()).await;
    let store = Store::new(world.database.client(), tables(), secret(), SystemClock);
    let report = check(&store, 2, Duration::ZERO, true).await.expect("checked");
    assert!(report.findings.iter().all(|finding| finding.kind == Kind::Unreadable));
    // All but the counter: 3 holders, subjects and profiles, 3 heads and bases, 4 hints, 3 devices
    // and a mark, and a claim.
    let count: usize = report.findings.iter().map(|finding| finding.count).sum();
    assert_eq!(count, 9 + 6 + 4 + 4 + 1);
}

#[tokio::test]
async fn every_kind_of_damage_is_found_and_nothing_else_and_repaired_if_it_can_be() {
    for (damage, found, left) in Damage::ALL {
        let world = World::new().await;
        damage.make(&world).await;
        assert_eq!(world.check(false).await, *found, "{damage:?}");
        assert_eq!(world.check(true).await, *left, "{damage:?}, not repaired");
        assert_eq!(world.check(false).await, *left, "{damage:?}, after its repair");
    }
}

#[tokio::test]
async fn a_forgotten_number_leaves_its_books_by_a_repair_and_stays_forgotten() {
    let world = World::sealed_by(Keyring::generate_secret().parse().expect("a secret")).await;
    world.upload("bob", &pixel(), &[CAROL]).await;
    Damage::ForgottenKept.make(&world).await;
    assert_eq!(world.check(true).await, []);
    for (name, scope, left) in [("alice", Scope::Global, BOB), ("bob", pixel(), ALICE)] {
        let stored = world.store.read_book(&user(name), &scope).await.expect("readable");
        assert_eq!(stored.book.phones_not_in(&Book::default()), [phone(left)], "{name}");
    }
    assert!(world.store.is_forgotten(phone(CAROL)).await.expect("readable"));
    let report = check(&world.store, 4, Duration::ZERO, false).await.expect("checked");
    assert_eq!((report.contacts, report.hints, report.findings), (3, 3, vec![]));
}

#[tokio::test]
async fn a_repair_takes_the_expiry_from_a_book_that_has_to_stay_and_nothing_else() {
    let world = World::new().await;
    Damage::BookExpires.make(&world).await;
    let key = [("user_id", text("bob")), ("book", world.books_of("bob").await[0]["book"].clone())];
    let used = world.database.client().update_item().table_name(tables().address_books);
    let used = key.into_iter().fold(used, |used, (name, value)| used.key(name, value));
    let used = used.update_expression("SET used_at = :used");
    let long_ago = AttributeValue::N("1".to_owned());
    used.expression_attribute_values(":used", long_ago).send().await.expect("updated");
    wipe(&world.store, &user("erin"), &Scope::Global).await.expect("wiped");

    let (before, tombstone) = (world.books_of("bob").await, world.books_of("erin").await);
    assert_eq!(before.len(), 2, "a head and a base");
    assert!(before.iter().chain(&tombstone).all(|item| item.contains_key("expires_at")));
    let expiring = check(&world.expiring(), 1, Duration::ZERO, true).await.expect("checked");
    assert_eq!(expiring.findings, [], "books may expire in such a stack");
    assert_eq!(world.check(true).await, []);
    let without = |mut item: Item| {
        item.remove("expires_at").expect("it expires");
        item
    };
    let kept: Vec<Item> = before.into_iter().map(without).collect();
    assert_eq!(world.books_of("bob").await, kept);
    assert_eq!(world.books_of("erin").await, tombstone, "what is wiped has to go");
}

#[tokio::test]
async fn marks_cost_a_check_no_request() {
    let meter = Meter::new(database().await);
    let keys: Keyring = Keyring::generate_secret().parse().expect("a secret");
    let store = sealed_store_over(meter.clone(), keys);
    let put = |n: u32| Change::Put(contact(&format!("1650555{n:04}"), "A Friend"));
    let many = upload_of(Mode::Merge, (0..300).map(put).collect());
    upload_as(&user("alice"), &store, &Scope::Global, &many).await.expect("uploaded");
    let requests = async || {
        meter.take();
        let report = check(&store, 1, Duration::ZERO, false).await.expect("checked");
        assert_eq!(report.findings, []);
        meter.take().requests
    };
    let before = requests().await;
    for n in 1_000..1_100 {
        let marked = store.mark_forgotten(phone(&format!("1650555{n}"))).await;
        assert_eq!(marked.expect("marked"), store::Outcome::Done);
    }
    assert_eq!(requests().await, before);
}

#[tokio::test]
async fn a_report_names_nobody() {
    let world = World::new().await;
    Damage::MatchTakenAway.make(&world).await;
    let report = check(&world.store, 1, Duration::ZERO, false).await.expect("checked");
    let texts = [report.to_string(), serde_json::to_string(&report).expect("JSON")];
    for text in texts {
        for private in ["alice", "A Friend", BOB] {
            assert!(!text.contains(private), "{text}");
        }
    }
}
