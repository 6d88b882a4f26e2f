//! Tests of what the main operations cost on sealed tables, by the database's own counts.

use local::Inbox;
use model::{Mode, Scope, SystemClock};
use numbering::HomeRegion;
use protocol::queue::{BookMessage, Joiner};
use protocol::{JoinQueues, PhoneClaim, ProfilePatch, Renewal, sign_up, spread, upload};
use serde_json::{Value, json};
use store::{HolderReader, Keyring, OwnerRange, Store};

use support::embedded::{Embedded, database, sealed_store_over, store_over, stored_bytes};
use support::meter::{Meter, Units};
use support::people::{Person, people};
use support::queue::RecordingQueue;
use support::requests::{read, request, subscription};
use support::{allowance, home, is_exhaustive, limits, phone, upload_settings, user};

/// A user id as long as the subject in a token from Cognito.
const OWNER: &str = "2f9bd1c4-6d0e-4c58-9a3b-5e7f01a2b3c4";
/// Changes in a row, over which their cost is averaged. Some of them write a new base.
const CHANGES: usize = 200;

/// The most units that the operations on a book of one size may take.
struct Bounds {
    contacts: usize,
    /// Write units of the first upload, for each contact.
    first: f64,
    /// Write units of a change, on average.
    renamed: f64,
    added: f64,
    removed: f64,
    /// Write units of a join, for each book.
    joined: f64,
    /// Read units of the same upload again, of the book, and of its registered users.
    read: f64,
}

const THOUSAND: Bounds = Bounds {
    contacts: 1_000,
    first: 1.04,
    renamed: 3.0,
    added: 5.0,
    removed: 4.0,
    joined: 2.2,
    read: 5.0,
};
const TEN_THOUSAND: Bounds = Bounds {
    contacts: 10_000,
    first: 1.03,
    renamed: 5.0,
    added: 7.0,
    removed: 6.0,
    joined: 2.5,
    read: 30.0,
};

/// A deployment whose units are counted, and one owner's book in it.
struct Counted {
    embedded: Embedded,
    meter: Meter,
    store: Store,
    keys: Keyring,
    people: Vec<Person>,
}

impl Counted {
    async fn new(contacts: usize) -> Self {
        let embedded = database().await;
        let meter = Meter::new(embedded.clone());
        let keys: Keyring = Keyring::generate_secret().parse().expect("a secret of keys");
        let store = sealed_store_over(meter.clone(), keys.clone());
        Self { embedded, meter, store, keys, people: people(7).take(contacts + CHANGES).collect() }
    }

    /// Uploads, and checks how many contacts were created, updated and deleted.
    async fn upload(&self, contacts: Vec<Value>, counts: [usize; 3]) {
        let body = json!({ "contacts": contacts }).to_string();
        let event = request("POST", "/address_book", OWNER, Some(body));
        let (status, answer) =
            read(&upload::handle(&self.store, &SystemClock, &upload_settings(), event).await);
        assert_eq!(status, 200, "{answer}");
        let answered = ["created", "updated", "deleted"].map(|count| answer[count].clone());
        assert_eq!(answered, counts.map(Value::from));
    }

    async fn get(&self, target: &str) -> Value {
        let event = request("GET", target, OWNER, None);
        let response = if target == "/address_book" {
            get::handle(&self.store, event).await
        } else {
            registered_users::handle(&self.store, event).await
        };
        let (status, answer) = read(&response);
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Signs the person up without counting, and counts what telling the owner's book takes.
    async fn join(&self, number: usize, person: &Person) {
        let store = sealed_store_over(self.embedded.clone(), self.keys.clone());
        let phone = phone(&person.digits());
        let (claim, patch) = (PhoneClaim::Proven(phone), ProfilePatch::default());
        let joiner = user(&format!("user-{number}"));
        sign_up(&store, &SystemClock, &joiner, claim, &patch).await.expect("signed up");
        let holder = store.holder(phone).await.expect("readable").expect("signed up");
        let message = BookMessage {
            phone,
            joiner: Some(Joiner::from(&holder)),
            sequence: holder.sequence,
            changed_at_ms: None,
            range: OwnerRange::default(),
        };
        let queues =
            JoinQueues { fan_out: RecordingQueue::default(), pushes: None::<RecordingQueue> };
        let worked = spread(&self.store, &queues, &SystemClock, &message, u64::MAX).await;
        worked.result.expect("told");
    }

    /// Returns the units since the last call. The rules and the database's own answers are two ways
    /// to the same count.
    fn take(&self, what: &str) -> Units {
        let units = self.meter.take();
        println!("{what} {units:?}");
        assert_eq!(units.read + units.written, units.answered, "{what}");
        units
    }

    /// Fails if the changes since the last call took more than `most` write units on average.
    fn average(&self, what: &str, most: f64) {
        let mean = self.take(what).written / CHANGES as f64;
        assert!(mean <= most, "{what}: {mean} write units, at most {most}");
    }
}

async fn the_main_operations_stay_within(bounds: Bounds) {
    let Bounds { contacts, first, renamed, added, removed, joined, read } = bounds;
    let counted = Counted::new(contacts).await;
    let (book, others) = counted.people.split_at(contacts);
    let whole = || book.iter().map(Person::contact).collect::<Vec<_>>();
    let some = || book.iter().step_by(contacts / CHANGES);

    counted.upload(whole(), [contacts, 0, 0]).await;
    let units = counted.take("first upload");
    assert!(units.written <= first * contacts as f64, "first upload: {units:?}");
    let stored: usize = ["AddressBooks", "ContactOwners"]
        .iter()
        .map(|table| stored_bytes(&counted.embedded, table))
        .sum();
    println!("{} bytes stored per contact", stored / contacts);
    assert!(stored <= 140 * contacts, "{stored} bytes for {contacts} contacts");

    counted.upload(whole(), [0, 0, 0]).await;
    let units = counted.take("the same again");
    assert!(units.written == 0.0 && units.read <= read, "the same again: {units:?}");

    for (number, person) in some().enumerate() {
        counted.join(number, person).await;
    }
    counted.average("a join", joined);
    for target in ["/address_book", "/address_book/registered_users?compact=1"] {
        let answer = counted.get(target).await;
        assert_eq!(answer["items"].as_array().map_or(CHANGES, Vec::len), CHANGES);
        let units = counted.take(target);
        assert!(units.requests == 1 && units.read <= read, "{target}: {units:?}");
    }

    for person in some() {
        let name = format!("{} the younger", person.name);
        counted.upload(vec![Person { name, ..person.clone() }.contact()], [0, 1, 0]).await;
    }
    counted.average("a changed name", renamed);
    for person in others {
        counted.upload(vec![person.contact()], [1, 0, 0]).await;
    }
    counted.average("a new contact", added);
    for person in some() {
        counted.upload(vec![json!({"phone": person.phone, "destroy": 1})], [0, 0, 1]).await;
    }
    counted.average("a removed contact", removed);
}

#[tokio::test]
async fn the_main_operations_stay_within_their_units() {
    let sizes = if is_exhaustive() { vec![THOUSAND, TEN_THOUSAND] } else { vec![THOUSAND] };
    for bounds in sizes {
        the_main_operations_stay_within(bounds).await;
    }
}

#[tokio::test]
async fn a_device_that_repeats_its_subscription_costs_one_read_unit() {
    let meter = Meter::new(database().await);
    let keys: Keyring = Keyring::generate_secret().parse().expect("a secret of keys");
    let (store, inbox) = (sealed_store_over(meter.clone(), keys), Inbox::default());
    let start = async || {
        let event = subscription(OWNER, "pixel");
        let renewal = Renewal::default();
        read(&subscriptions::handle(&store, &inbox, &SystemClock, renewal, event).await)
    };
    let first = start().await;
    let registered = meter.take();
    assert_eq!(first.0, 201, "{}", first.1);
    assert_eq!((registered.read, registered.written), (5.0, 6.0), "{registered:?}");
    assert_eq!(start().await, first);
    let again = meter.take();
    assert_eq!((again.requests, again.read, again.written), (1, 1.0, 0.0), "{again:?}");
    assert_eq!(again.answered, 1.0, "{again:?}");
}

#[tokio::test]
async fn an_empty_upload_into_no_book_writes_nothing() {
    let meter = Meter::new(database().await);
    let store = store_over(meter.clone());
    let nothing = support::upload_of(Mode::Replace, vec![]);
    let home: HomeRegion = home();
    let (owner, limits) = (user(OWNER), limits());
    let allowance = allowance(&owner, &limits, &SystemClock);
    upload(&store, &allowance, &owner, &Scope::Global, &nothing, &home).await.expect("uploaded");
    let units = meter.take();
    assert_eq!((units.requests, units.written), (1, 0.0));
}
