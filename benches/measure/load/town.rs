//! A deployment in which some callers have books and devices.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use cognito_sign_up::PostConfirmation;
use model::SystemClock;
use protocol::queue::BookMessage;
use serde_json::{Value, json};
use store::Keyring;

use support::embedded::{Embedded, sealed_store_over};
use support::functions::Functions;
use support::people::{Person, people};
use support::phones::FakePhones;
use support::queue::RecordingQueue;
use support::requests::{confirmed, read, request, subscription};

/// Contacts of each caller's book.
pub const BOOK: usize = 300;
/// One contact in this many is a user.
pub const REGISTERED_EACH: usize = 10;

/// What a function is invoked with.
pub enum Event {
    Http(Box<ApiGatewayV2httpRequest>),
    Confirmed(Box<PostConfirmation>),
    Record(Value),
    Message(String),
}

/// A user with a book and a device.
pub struct Caller {
    /// The user's token, as the tests write it: user and phone.
    pub token: String,
    /// Their public id.
    pub id: Value,
    pub book: Vec<Person>,
}

pub struct Town {
    embedded: Embedded,
    functions: Functions<FakePhones, RecordingQueue, SystemClock>,
    pub people: Vec<Caller>,
    /// The stream's record of the last sign-up.
    pub record: Value,
}

impl Town {
    /// Creates a deployment with this many callers, no two of whom know the same people. Everything
    /// is sealed, as it is by default.
    pub async fn new(callers: usize) -> Self {
        let embedded = Embedded(local::open(None).expect("memory"));
        local::create_tables(&embedded.client()).await.expect("tables");
        let keys: Keyring = Keyring::generate_secret().parse().expect("a secret of keys");
        let functions = Functions {
            store: sealed_store_over(embedded.clone(), keys.clone()),
            keys,
            push: FakePhones::default(),
            queue: RecordingQueue::default(),
            clock: SystemClock,
        };
        let mut town = Self { embedded, functions, people: vec![], record: Value::Null };
        let mut all = people(7);
        for _ in 0..callers {
            let person = all.next().expect("there is no end of people");
            let book: Vec<Person> = all.by_ref().take(BOOK).collect();
            for contact in book.iter().step_by(REGISTERED_EACH) {
                town.sign_up(contact).await;
            }
            let id = town.sign_up(&person).await;
            town.people.push(Caller { token: token(&person), id, book });
            let caller = town.people.last().expect("it was put there");
            town.answer(caller.upload(&caller.book)).await;
            town.answer(caller.subscribe()).await;
        }
        town.record = town.sign_ups_after(None).pop().expect("callers have signed up");
        town
    }

    pub fn callers(&self) -> usize {
        self.people.len()
    }

    /// Signs a person up, and returns their public id.
    async fn sign_up(&self, person: &Person) -> Value {
        let Event::Http(event) = sign_up(person) else { unreachable!("it is a request") };
        let (status, mut answer) = read(&self.functions.http(*event).await);
        assert_eq!(status, 201, "{answer}");
        answer["user"]["id"].take()
    }

    /// Signs people up, and returns the stream's records of it as Lambda delivers them.
    pub async fn records_of_sign_ups(&self, people: impl Iterator<Item = &Person>) -> Vec<Value> {
        let last = self.records_after(None).last().map(|record| sequence_number(record).to_owned());
        for person in people {
            self.sign_up(person).await;
        }
        self.sign_ups_after(last.as_deref())
    }

    /// Returns the records that the template's filter lets through.
    fn sign_ups_after(&self, last: Option<&str>) -> Vec<Value> {
        let mut records = self.records_after(last);
        records.retain(|record| {
            let key = record["dynamodb"]["Keys"]["key"]["S"].as_str();
            key.is_some_and(|key| key.starts_with("phone#"))
        });
        records
    }

    /// Returns all records after one of them.
    fn records_after(&self, last: Option<&str>) -> Vec<Value> {
        let mut last = last.map(str::to_owned);
        let mut records = vec![];
        loop {
            let some = self.embedded.stream(last.as_deref());
            let Some(record) = some.last() else { return records };
            last = Some(sequence_number(record).to_owned());
            records.extend(some);
        }
    }

    /// Returns the messages that the function `joins` makes of the records.
    pub async fn messages_of(&self, records: &[Value]) -> Vec<BookMessage> {
        // This drops the messages of records that nobody waits for.
        self.functions.queue.take();
        assert_eq!(self.functions.joins(records).await, None);
        self.functions.queue.take()
    }

    /// Invokes the function that gets such events. Every event sent here has to succeed.
    pub async fn answer(&self, event: Event) {
        match event {
            Event::Http(event) => {
                let answer = self.functions.http(*event).await;
                assert!((200..300).contains(&answer.status_code), "{:?}", read(&answer));
            }
            Event::Confirmed(event) => {
                drop(self.functions.cognito(*event).await.expect("signed up"));
            }
            Event::Record(record) => assert_eq!(self.functions.joins(&[record]).await, None),
            Event::Message(body) => {
                let (worked_off, report) = self.functions.join_push(&body).await;
                assert!(worked_off && report.recipients == 1, "{report:?}");
                for push in self.functions.queue.take_pushes() {
                    let body = push.to_body(&self.functions.keys);
                    let (worked_off, report) = self.functions.push(&body).await;
                    assert!(worked_off && report.sent == 1, "{report:?}");
                }
            }
        }
    }
}

impl Caller {
    pub fn request(&self, method: &str, target: &str, body: Option<&Value>) -> Event {
        Event::Http(Box::new(request(method, target, &self.token, body.map(Value::to_string))))
    }

    pub fn upload(&self, people: &[Person]) -> Event {
        let contacts: Vec<Value> = people.iter().map(Person::contact).collect();
        self.request("POST", "/address_book", Some(&json!({ "contacts": contacts })))
    }

    pub fn subscribe(&self) -> Event {
        Event::Http(Box::new(subscription(&self.token, "phone")))
    }
}

/// Returns the event with which a person signs up.
pub fn sign_up(person: &Person) -> Event {
    let body = json!({"user": {"full_name": person.name}}).to_string();
    Event::Http(Box::new(request("POST", "/users", &token(person), Some(body))))
}

/// Returns the event with which Cognito confirms a person's account.
pub fn confirmed_account(person: &Person) -> Event {
    let digits = person.digits();
    Event::Confirmed(Box::new(confirmed(&json!({
        "sub": format!("user-{digits}"), "cognito:user_status": "CONFIRMED", "name": person.name,
        "phone_number": format!("+{digits}"), "phone_number_verified": "true",
    }))))
}

/// Returns the token of a person, which contains their phone.
fn token(person: &Person) -> String {
    let digits = person.digits();
    format!("user-{digits}:+{digits}")
}

fn sequence_number(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"].as_str().expect("a record has one")
}
