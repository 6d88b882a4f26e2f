//! A deployment with a little of everything, which a check has nothing to say about.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use local::{Database, Inbox, tables};
use model::{Change, Clock, Mode, PublicId, Scope, SystemClock};
use operator::check::{Kind, check};
use protocol::{PhoneClaim, ProfilePatch, sign_up, subscribe};
use store::{
    AccountStore, BookReader, BookStore, ClaimStore, ForgottenPhones, Keyring, PushId, Store,
    StoredBook,
};
use support::dump::Item;
use support::{contact, phone, upload_as, upload_of, user};

pub const ALICE: &str = "16505550100";
pub const BOB: &str = "16505550101";
pub const CAROL: &str = "16505550102";

/// In nobody's book.
pub const DAVE: &str = "16505550103";
pub const NOBODY: &str = "16505550109";

/// A number of Benin as it was before 2024, and as it is.
pub const FORMER: &str = "22997000001";
pub const PRESENT: &str = "2290197000001";

/// A clock of long ago, by which a device subscribed.
#[derive(Clone, Copy, Debug)]
pub struct LongAgo;

impl Clock for LongAgo {
    fn now_ms(&self) -> u64 {
        1_700_000_000_000
    }
}

/// Tables in which everything is as it has to be.
pub struct World {
    pub database: Database,
    pub store: Store,
}

impl World {
    /// Makes unsealed tables, in which one can find an item to damage.
    pub async fn new() -> Self {
        Self::sealed_by(Keyring::default()).await
    }

    pub async fn sealed_by(keys: Keyring) -> Self {
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

    pub async fn sign_up(&self, name: &str, digits: &str, notify_me: bool) {
        let claim = PhoneClaim::Proven(phone(digits));
        let patch = ProfilePatch { notify_me: Some(notify_me), ..ProfilePatch::default() };
        sign_up(&self.store, &SystemClock, &user(name), claim, &patch).await.expect("signed up");
    }

    pub async fn upload(&self, name: &str, scope: &Scope, phones: &[&str]) {
        let changes = phones.iter().map(|digits| Change::Put(contact(digits, "A Friend")));
        let upload = upload_of(Mode::Merge, changes.collect());
        upload_as(&user(name), &self.store, scope, &upload).await.expect("uploaded");
    }

    pub async fn subscribe(&self, name: &str, clock: &impl Clock) {
        let request = support::pixel(&format!("token of {name}"));
        let inbox = Inbox::default();
        subscribe(&self.store, &inbox, clock, &user(name), &request).await.expect("subscribed");
    }

    pub async fn claim(&self, name: &str) {
        let device = "pixel".parse().expect("a udid");
        let push = PushId { phone: phone(BOB), device: &device };
        let now_ms = SystemClock.now_ms();
        self.store.claim(&user(name), push, now_ms, 1_000).await.expect("claimed");
    }

    /// Marks a phone as forgotten, and leaves it in its books.
    pub async fn mark(&self, digits: &str) {
        let marked = self.store.mark_forgotten(phone(digits)).await;
        assert_eq!(marked.expect("marked"), store::Outcome::Done);
    }

    /// Deletes the one item of a table that `is_meant`.
    pub async fn delete(&self, table: &str, keys: &[&str], is_meant: impl Fn(&Item) -> bool) {
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
    pub async fn put(&self, table: &str, attributes: &[(&str, &str)]) {
        let client = self.database.client();
        let mut put = client.put_item().table_name(table);
        for (name, value) in attributes {
            put = put.item(*name, text(value));
        }
        put.send().await.expect("put");
    }

    /// Writes one of Alice's books as `change` makes it.
    pub async fn rewrite(&self, change: impl FnOnce(StoredBook) -> StoredBook) {
        let alice = user("alice");
        let seen = self.store.read_book(&alice, &Scope::Global).await.expect("readable");
        let next = change(seen.clone());
        let written = self.store.write_book(&alice, &Scope::Global, &seen, &next).await;
        assert_eq!(written.expect("written"), store::Outcome::Done);
    }

    /// Returns the store as it is if books expire.
    pub fn expiring(&self) -> Store {
        self.store.clone().with_book_ttl(Some(24 * 60 * 60))
    }

    /// Returns the items of the books of one user.
    pub async fn books_of(&self, name: &str) -> Vec<Item> {
        let scan = self.database.client().scan().table_name(tables().address_books);
        let items = scan.send().await.expect("scanned").items.unwrap_or_default();
        items.into_iter().filter(|item| item["user_id"] == text(name)).collect()
    }

    pub async fn id(&self, name: &str) -> PublicId {
        self.store.subject(&user(name)).await.expect("readable").id.expect("an account")
    }

    /// Returns what a check finds that is still wrong, with how many of each there are.
    pub async fn check(&self, repairs: bool) -> Vec<(Kind, usize)> {
        let report = check(&self.store, 3, Duration::ZERO, repairs).await.expect("checked");
        let open = report.findings.into_iter().filter(|finding| !finding.is_repaired);
        open.map(|finding| (finding.kind, finding.count)).collect()
    }
}

pub fn pixel() -> Scope {
    Scope::Device("pixel".parse().expect("a udid"))
}

pub fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
