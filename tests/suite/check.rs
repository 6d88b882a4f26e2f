//! `check`: every kind of damage that it knows is made by hand, found, and nothing else is; and what
//! can be repaired is.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use local::{Database, Inbox, tables};
use model::{Book, Change, Clock, Mode, PublicId, Scope, SystemClock};
use operator::check::{Kind, check};
use protocol::{PhoneClaim, ProfilePatch, read_book, sign_up, subscribe, wipe};
use store::{
    AccountStore, BookReader, BookStore, ClaimStore, ForgottenPhones, Keyring, Life, OwnerIndex,
    PushId, Store, StoredBook,
};
use support::dump::Item;
use support::embedded::{database, sealed_store_over};
use support::meter::Meter;
use support::{contact, phone, upload_as, upload_of, user};

const ALICE: &str = "16505550100";
const BOB: &str = "16505550101";
const CAROL: &str = "16505550102";
/// In nobody's book.
const DAVE: &str = "16505550103";
const NOBODY: &str = "16505550109";
/// A number of Benin as it was before 2024, and as it is.
const FORMER: &str = "22997000001";
const PRESENT: &str = "2290197000001";

/// A clock of long ago, by which a device subscribed.
#[derive(Clone, Copy, Debug)]
struct LongAgo;

impl Clock for LongAgo {
    fn now_ms(&self) -> u64 {
        1_700_000_000_000
    }
}

/// Tables in which everything is as it has to be.
struct World {
    database: Database,
    store: Store,
}

impl World {
    /// Makes unsealed tables, in which one can find an item to damage.
    async fn new() -> Self {
        Self::sealed_by(Keyring::default()).await
    }

    async fn sealed_by(keys: Keyring) -> Self {
        let started = Database::start(None, Ipv4Addr::LOCALHOST, 0, keys).await;
        let database = started.expect("started");
        // With a base for each book.
        let store = database.store().with_most_changes_bytes(0);
        let world = Self { store, database };
        world.sign_up("alice", ALICE, true).await;
        world.sign_up("bob", BOB, true).await;
        world.sign_up("dave", DAVE, false).await;
        world.upload("alice", &Scope::Global, &[BOB, CAROL]).await;
        world.upload("bob", &pixel(), &[ALICE]).await;
        // She has a book and no account.
        world.upload("erin", &Scope::Global, &[ALICE]).await;
        for user in ["alice", "bob", "erin"] {
            world.subscribe(user, &SystemClock).await;
        }
        world.claim("alice").await;
        world
    }

    async fn sign_up(&self, name: &str, digits: &str, notify_me: bool) {
        let claim = PhoneClaim::Proven(phone(digits));
        let patch = ProfilePatch { notify_me: Some(notify_me), ..ProfilePatch::default() };
        sign_up(&self.store, &SystemClock, &user(name), claim, &patch).await.expect("signed up");
    }

    async fn upload(&self, name: &str, scope: &Scope, phones: &[&str]) {
        let changes = phones.iter().map(|digits| Change::Put(contact(digits, "A Friend")));
        let upload = upload_of(Mode::Merge, changes.collect());
        upload_as(&user(name), &self.store, scope, &upload).await.expect("uploaded");
    }

    async fn subscribe(&self, name: &str, clock: &impl Clock) {
        let request = support::pixel(&format!("token of {name}"));
        let inbox = Inbox::default();
        subscribe(&self.store, &inbox, clock, &user(name), &request).await.expect("subscribed");
    }

    async fn claim(&self, name: &str) {
        let device = "pixel".parse().expect("a udid");
        let push = PushId { phone: phone(BOB), device: &device };
        let now_ms = SystemClock.now_ms();
        self.store.claim(&user(name), push, now_ms, 1_000).await.expect("claimed");
    }

    /// Marks a phone as forgotten, and leaves it in its books.
    async fn mark(&self, digits: &str) {
        let marked = self.store.mark_forgotten(phone(digits)).await;
        assert_eq!(marked.expect("marked"), store::Outcome::Done);
    }

    /// Deletes the one item of a table that `is_meant`.
    async fn delete(&self, table: &str, keys: &[&str], is_meant: impl Fn(&Item) -> bool) {
        let client = self.database.client();
        let found = client.scan().table_name(table).send().await.expect("scanned");
        let meant: Vec<Item> =
            found.items.unwrap_or_default().into_iter().filter(|item| is_meant(item)).collect();
        let [item] = &meant[..] else { panic!("{} items are meant", meant.len()) };
        let key: HashMap<String, AttributeValue> =
            keys.iter().map(|name| ((*name).to_owned(), item[*name].clone())).collect();
        client.delete_item().table_name(table).set_key(Some(key)).send().await.expect("deleted");
    }

    /// Puts an item of two texts, or one.
    async fn put(&self, table: &str, attributes: &[(&str, &str)]) {
        let client = self.database.client();
        let mut put = client.put_item().table_name(table);
        for (name, value) in attributes {
            put = put.item(*name, text(value));
        }
        put.send().await.expect("put");
    }

    /// Writes one of Alice's books as `change` makes it.
    async fn rewrite(&self, change: impl FnOnce(StoredBook) -> StoredBook) {
        let alice = user("alice");
        let seen = self.store.read_book(&alice, &Scope::Global).await.expect("readable");
        let next = change(seen.clone());
        let written = self.store.write_book(&alice, &Scope::Global, &seen, &next).await;
        assert_eq!(written.expect("written"), store::Outcome::Done);
    }

    /// Returns the store as it is if books expire.
    fn expiring(&self) -> Store {
        self.store.clone().with_book_ttl(Some(24 * 60 * 60))
    }

    /// Returns the items of the books of one user.
    async fn books_of(&self, name: &str) -> Vec<Item> {
        let scan = self.database.client().scan().table_name(tables().address_books);
        let items = scan.send().await.expect("scanned").items.unwrap_or_default();
        items.into_iter().filter(|item| item["user_id"] == text(name)).collect()
    }

    async fn id(&self, name: &str) -> PublicId {
        self.store.subject(&user(name)).await.expect("readable").id.expect("an account")
    }

    /// Returns what a check finds that is still wrong, with how many of each there are.
    async fn check(&self, repairs: bool) -> Vec<(Kind, usize)> {
        let report = check(&self.store, 3, Duration::ZERO, repairs).await.expect("checked");
        let open = report.findings.into_iter().filter(|finding| !finding.is_repaired);
        open.map(|finding| (finding.kind, finding.count)).collect()
    }
}

fn pixel() -> Scope {
    Scope::Device("pixel".parse().expect("a udid"))
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn begins(item: &Item, name: &str, prefix: &str) -> bool {
    item[name].as_s().is_ok_and(|value| value.starts_with(prefix))
}

/// A kind of damage.
#[derive(Clone, Copy, Debug)]
enum Damage {
    HintDeleted,
    MatchTakenAway,
    MatchOfSomebodyElse,
    ForgottenKept,
    ForgottenKeptUnhinted,
    ForgottenFormKept,
    StrayHint,
    HeadDeleted,
    HalfEmptied,
    BookExpires,
    ClaimOfNobody,
    SubscriptionOfNobody,
    DeviceDeleted,
    TokenDeleted,
    ProfileDeleted,
    HolderDeleted,
    SubjectDeleted,
    CounterReset,
    MuteMarkDeleted,
    MuteMarkPut,
    UnreadableUser,
    UnreadableHint,
}

/// What a check finds: how many of which kind.
type Found = &'static [(Kind, usize)];

impl Damage {
    /// The damage, what is found, and what of it can't be repaired.
    const ALL: &[(Self, Found, Found)] = &[
        (Self::HintDeleted, &[(Kind::MissingHint, 2)], &[]),
        (Self::MatchTakenAway, &[(Kind::MissingMatch, 1)], &[]),
        (Self::MatchOfSomebodyElse, &[(Kind::Ghost, 2)], &[]),
        (Self::ForgottenKept, &[(Kind::ForgottenContact, 1)], &[]),
        (Self::ForgottenKeptUnhinted, &[(Kind::MissingHint, 1), (Kind::ForgottenContact, 1)], &[]),
        (Self::ForgottenFormKept, &[(Kind::ForgottenContact, 1)], &[]),
        (Self::StrayHint, &[(Kind::StrayHint, 1)], &[]),
        // The hint of the one contact is then without a contact.
        (Self::HeadDeleted, &[(Kind::StrayHint, 1), (Kind::OrphanedBase, 1)], &[]),
        (Self::HalfEmptied, &[(Kind::HalfEmptied, 1)], &[]),
        (Self::BookExpires, &[(Kind::ExpiringBook, 1)], &[]),
        (Self::ClaimOfNobody, &[(Kind::ClaimsOfNobody, 1)], &[]),
        (Self::SubscriptionOfNobody, &[(Kind::SubscriptionsOfNobody, 1)], &[]),
        (Self::DeviceDeleted, &[(Kind::TokenOfNobody, 1)], &[]),
        (Self::TokenDeleted, &[(Kind::MissingToken, 1)], &[(Kind::MissingToken, 1)]),
        // Dave doesn't want pushes, and nothing says so any more.
        (
            Self::ProfileDeleted,
            &[(Kind::HolderWithoutProfile, 1), (Kind::SubjectAndProfile, 1), (Kind::MuteMark, 1)],
            &[],
        ),
        (Self::HolderDeleted, &[(Kind::ProfileWithoutHolder, 1)], &[]),
        (Self::SubjectDeleted, &[(Kind::SubjectAndProfile, 1)], &[]),
        (Self::CounterReset, &[(Kind::CounterBehind, 1)], &[]),
        (Self::MuteMarkDeleted, &[(Kind::MuteMark, 1)], &[]),
        (Self::MuteMarkPut, &[(Kind::MuteMark, 1)], &[]),
        (Self::UnreadableUser, &[(Kind::Unreadable, 1)], &[(Kind::Unreadable, 1)]),
        (Self::UnreadableHint, &[(Kind::Unreadable, 1)], &[(Kind::Unreadable, 1)]),
    ];

    async fn make(self, world: &World) {
        let names = tables();
        match self {
            Self::HintDeleted => {
                let (alice, version) = (user("alice"), u64::MAX >> 1);
                let phones = [phone(BOB), phone(CAROL)];
                let deleted =
                    world.store.delete_hints(&alice, &Scope::Global, &phones, version).await;
                deleted.expect("deleted");
            }
            Self::MatchTakenAway => {
                world
                    .rewrite(|seen| StoredBook {
                        book: seen.book.clone().rematched(|_| None),
                        ..seen
                    })
                    .await;
            }
            Self::MatchOfSomebodyElse => {
                let dave = world.id("dave").await;
                let to_dave = |seen: StoredBook| StoredBook {
                    book: seen.book.clone().rematched(|_| Some(dave)),
                    ..seen
                };
                world.rewrite(to_dave).await;
            }
            Self::ForgottenKept => world.mark(CAROL).await,
            Self::ForgottenKeptUnhinted => {
                let (alice, phones) = (user("alice"), [phone(CAROL)]);
                let deleted =
                    world.store.delete_hints(&alice, &Scope::Global, &phones, u64::MAX >> 1);
                deleted.await.expect("deleted");
                world.mark(CAROL).await;
            }
            Self::ForgottenFormKept => {
                world.upload("erin", &Scope::Global, &[FORMER]).await;
                world.mark(PRESENT).await;
            }
            Self::StrayHint => {
                let (alice, phones) = (user("alice"), [phone(NOBODY)]);
                let put = world.store.put_hints(&alice, &Scope::Global, &phones, 1);
                put.await.expect("put");
            }
            Self::HeadDeleted => {
                let is_head =
                    |item: &Item| item["user_id"] == text("erin") && item["book"] == text("g");
                world.delete(&names.address_books, &["user_id", "book"], is_head).await;
            }
            Self::HalfEmptied => {
                let leaving = |seen: StoredBook| StoredBook {
                    life: Life::Unopened,
                    leaving: seen.book.clone().without_region(),
                    book: Book::default(),
                    uploaded_by: None,
                    ..seen
                };
                world.rewrite(leaving).await;
            }
            Self::BookExpires => {
                read_book(&world.expiring(), &user("bob"), &pixel()).await.expect("readable");
            }
            Self::ClaimOfNobody => world.claim("nobody").await,
            Self::SubscriptionOfNobody => world.subscribe("nobody", &LongAgo).await,
            Self::DeviceDeleted => {
                let is_device = |item: &Item| item["pk"] == text("user#alice");
                world.delete(&names.subscriptions, &["pk", "sk"], is_device).await;
            }
            Self::TokenDeleted => {
                let hash = format!("token#{}", store::token_hash("token of alice"));
                let is_token = |item: &Item| begins(item, "pk", &hash);
                world.delete(&names.subscriptions, &["pk", "sk"], is_token).await;
            }
            Self::ProfileDeleted => {
                let key = format!("id#{}", world.id("dave").await);
                world.delete(&names.users, &["key"], |item| begins(item, "key", &key)).await;
            }
            Self::HolderDeleted => {
                let id = world.id("dave").await.to_string();
                let is_holder = |item: &Item| {
                    begins(item, "key", "phone#") && item["id"].as_n().is_ok_and(|n| *n == id)
                };
                world.delete(&names.users, &["key"], is_holder).await;
            }
            Self::SubjectDeleted => {
                let id = world.id("dave").await.to_string();
                let is_subject = |item: &Item| {
                    begins(item, "key", "subject#") && item["id"].as_n().is_ok_and(|n| *n == id)
                };
                world.delete(&names.users, &["key"], is_subject).await;
            }
            Self::CounterReset => {
                world.delete(&names.users, &["key"], |item| begins(item, "key", "counter#")).await;
            }
            Self::MuteMarkDeleted => {
                let is_mark = |item: &Item| begins(item, "sk", "muted");
                world.delete(&names.subscriptions, &["pk", "sk"], is_mark).await;
            }
            Self::MuteMarkPut => {
                let mark = [("pk", "user#alice"), ("sk", "muted")];
                world.put(&names.subscriptions, &mark).await;
            }
            Self::UnreadableUser => world.put(&names.users, &[("key", "phone#by hand")]).await,
            Self::UnreadableHint => {
                let hint = [("phone", "by hand"), ("owner", "by hand")];
                world.put(&names.contact_owners, &hint).await;
            }
        }
    }
}

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
async fn a_book_that_has_to_stay_loses_its_expiry_by_a_repair_and_that_is_no_use_of_it() {
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
