//! This project, measured through its handlers, and sealed as it is by default.

use model::{Book, Contact, Entry, PublicId, Scope, SystemClock, UserId};
use numbering::Phone;
use protocol::queue::{BookMessage, BookQueue, Joiner};
use protocol::{JoinQueues, PhoneClaim, ProfilePatch, Worked, sign_up, spread};
use serde_json::{Value, json};
use store::{
    BookReader, BookStore, HolderReader, Keyring, Life, Outcome, OwnerIndex, OwnerRange, Store,
    StoredBook,
};

use super::{
    ADDED, BOOKS_OF_JOINER, COMPACT, Input, JOINED, Measured, REGISTERED_EACH, Row, subject,
};
use crate::upload_settings;
use support::embedded::{Embedded, database, sealed_store_over, stored_bytes};
use support::meter::Meter;
use support::people::Person;
use support::queue::RecordingQueue;
use support::requests::{read, request};

/// One deployment with one owner of a book.
struct Ours {
    embedded: Embedded,
    meter: Meter,
    keys: Keyring,
    store: Store,
    rows: Vec<Row>,
}

pub async fn measure(input: &Input) -> Measured {
    let embedded = database().await;
    let meter = Meter::new(embedded.clone());
    let keys: Keyring = Keyring::generate_secret().parse().expect("a secret of keys");
    let store = sealed_store_over(meter.clone(), keys.clone());
    let mut ours = Ours { embedded, meter, keys, store, rows: vec![] };
    for (number, person) in input.registered().enumerate() {
        ours.sign_up(1_000_000 + number, person).await;
    }
    ours.meter.take();
    let stored_per_contact = ours.uploads(input).await;
    ours.reads().await;
    ours.join(input).await;
    Measured { rows: ours.rows, stored_per_contact }
}

impl Ours {
    async fn uploads(&mut self, input: &Input) -> f64 {
        self.upload("first upload", merged(&input.book)).await;
        let stored: usize = ["AddressBooks", "ContactOwners"]
            .iter()
            .map(|table| stored_bytes(&self.embedded, table))
            .sum();
        self.upload("same upload again", merged(&input.book)).await;
        self.upload(ADDED, merged(std::slice::from_ref(&input.newcomer))).await;
        let renamed = Person { name: "Somebody Else".to_owned(), ..input.newcomer.clone() };
        self.upload("one changed name", merged(&[renamed])).await;
        let removed = json!({"contacts": [{"phone": input.newcomer.phone, "destroy": 1}]});
        self.upload("one removed", removed).await;
        self.upload("replaced by a book half the same", forced(&input.half_new)).await;
        self.upload("", forced(&input.book)).await;
        stored as f64 / input.book.len() as f64
    }

    async fn upload(&mut self, what: &'static str, body: Value) {
        let event = request("POST", "/address_book", &subject(0), Some(body.to_string()));
        let (status, answer) =
            read(&upload::handle(&self.store, &SystemClock, &upload_settings(), event).await);
        assert_eq!(status, 200, "{answer}");
        self.row(what);
    }

    async fn reads(&mut self) {
        let event = |target: &str| request("GET", target, &subject(0), None);
        assert_eq!(get::handle(&self.store, event("/address_book")).await.status_code, 200);
        self.row("get");
        for (what, target) in [
            ("registered users, full", "/address_book/registered_users"),
            (COMPACT, "/address_book/registered_users?compact=1"),
        ] {
            assert_eq!(registered_users::handle(&self.store, event(target)).await.status_code, 200);
            self.row(what);
        }
    }

    /// The joiner signs up, and the queue's messages update the books.
    async fn join(&mut self, input: &Input) {
        let phone: Phone = input.joiner.digits().parse().expect("a phone");
        self.books_with(input, phone).await;
        self.meter.take();
        let user = self.sign_up(2_000_000, &input.joiner).await;
        let holder = self.store.holder(phone).await.expect("readable").expect("signed up");
        assert_eq!(holder.user, user);
        let queue = RecordingQueue::default();
        // Pushes are left out on both sides.
        let queues = JoinQueues { fan_out: queue.clone(), pushes: None::<RecordingQueue> };
        let first = BookMessage {
            phone,
            joiner: Some(Joiner::from(&holder)),
            sequence: holder.sequence,
            changed_at_ms: None,
            range: OwnerRange::default(),
        };
        queue.send(&[first]).await.expect("sent");
        let mut books = 0;
        while let Some(message) = queue.receive(1).pop() {
            let Worked { report, result } =
                spread(&self.store, &queues, &SystemClock, &message, u64::MAX).await;
            result.expect("worked off");
            books += report.books;
        }
        assert_eq!(books, BOOKS_OF_JOINER);
        self.row(JOINED);
    }

    /// Writes books that hold the same contacts and the joiner. Of their hints, the joiner's are
    /// enough.
    async fn books_with(&self, input: &Input, joiner: Phone) {
        let store = sealed_store_over(self.embedded.clone(), self.keys.clone());
        let entry = |person: &Person| Entry {
            contact: Contact {
                phone: person.digits().parse().expect("a phone"),
                spelling: person.phone.as_str().into(),
                name: person.name.parse().expect("a name"),
            },
            matched: None,
        };
        let mut entries: Vec<Entry> =
            input.book.iter().skip(1).chain([&input.joiner]).map(entry).collect();
        for (place, entry) in entries.iter_mut().enumerate().step_by(REGISTERED_EACH) {
            entry.matched = PublicId::new(1 + place as u64);
        }
        let book = Book::new(None, entries);
        for owner in 1..=BOOKS_OF_JOINER {
            let user: UserId = subject(owner).parse().expect("a user");
            let seen = store.read_book(&user, &Scope::Global).await.expect("readable");
            let open = StoredBook {
                life: Life::Open { generation: 0 },
                book: book.clone(),
                ..seen.clone()
            };
            store.put_hints(&user, &Scope::Global, &[joiner], 1).await.expect("put");
            let outcome =
                store.write_book(&user, &Scope::Global, &seen, &open).await.expect("written");
            assert_eq!(outcome, Outcome::Done);
        }
    }

    async fn sign_up(&self, number: usize, person: &Person) -> UserId {
        let user: UserId = subject(number).parse().expect("a user");
        let claim = PhoneClaim::Proven(person.digits().parse().expect("a phone"));
        sign_up(&self.store, &SystemClock, &user, claim, &ProfilePatch::default())
            .await
            .expect("signed up");
        user
    }

    fn row(&mut self, what: &'static str) {
        let units = self.meter.take();
        assert_eq!(units.read + units.written, units.answered, "{what}: rules and answers differ");
        if !what.is_empty() {
            self.rows.push((what, units));
        }
    }
}

fn contacts(people: &[Person]) -> Vec<Value> {
    people.iter().map(Person::contact).collect()
}

fn merged(people: &[Person]) -> Value {
    json!({ "contacts": contacts(people) })
}

fn forced(people: &[Person]) -> Value {
    json!({ "contacts": contacts(people), "force": 1 })
}
