//! This project, measured through its handlers, and sealed as it is by default.

mod joins;

use api::EventBuilder;
use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use model::{SystemClock, UserId};
use protocol::{PhoneClaim, ProfilePatch, Renewal, sign_up};
use serde_json::{Value, json};
use store::{Keyring, Store};

use super::{Input, Measured, Operation, Stored, Tally, subject};
use crate::upload_settings;
use support::embedded::{Embedded, database, item_sizes, sealed_store_over};
use support::meter::Meter;
use support::people::Person;
use support::phones::FakePhones;
use support::requests::{read, request, subscription};

/// One deployment with one owner of a book.
struct Deployment {
    embedded: Embedded,
    /// Sends what is counted.
    store: Store,
    /// Sends what isn't counted.
    uncounted: Store,
    phones: FakePhones,
    tally: Tally,
}

pub async fn measure(input: &Input) -> Measured {
    let mut deployment = Deployment::new().await;
    for (number, person) in input.registered().enumerate() {
        deployment.sign_up(1_000_000 + number, person).await;
    }
    deployment.upload(merged(&input.book)).await;
    deployment.tally.record(Operation::FirstUpload, 1);
    let stored = deployment.stored();
    deployment.upload(merged(&input.book)).await;
    deployment.tally.record(Operation::SameUpload, 1);
    deployment.changes(input).await;
    deployment.reads().await;
    deployment.subscriptions().await;
    deployment.joins(input).await;
    deployment.tally.into_measured(stored)
}

impl Deployment {
    async fn new() -> Self {
        let embedded = database().await;
        let meter = Meter::new(embedded.clone());
        let keys: Keyring = Keyring::generate_secret().parse().expect("a secret of keys");
        Self {
            store: sealed_store_over(meter.clone(), keys.clone()),
            uncounted: sealed_store_over(embedded.clone(), keys),
            embedded,
            phones: FakePhones::default(),
            tally: Tally::new(meter),
        }
    }

    fn stored(&self) -> Stored {
        let tables = ["AddressBooks", "ContactOwners"];
        Stored::table(&tables.map(|table| item_sizes(&self.embedded, table)).concat())
    }

    async fn changes(&mut self, input: &Input) {
        let times = input.newcomers.len();
        for person in &input.renamed {
            self.upload(merged(std::slice::from_ref(person))).await;
        }
        self.tally.record(Operation::ChangedName, times);
        self.upload(forced(&input.before_newcomers)).await;
        self.tally.skip();
        for person in &input.newcomers {
            self.upload(merged(std::slice::from_ref(person))).await;
        }
        self.tally.record(Operation::NewContact, times);
        for person in &input.newcomers {
            self.upload(json!({"contacts": [{"phone": person.phone, "destroy": 1}]})).await;
        }
        self.tally.record(Operation::RemovedContact, times);
        self.upload(forced(&input.book)).await;
        self.tally.skip();
        self.upload(forced(&input.half_new)).await;
        self.tally.record(Operation::HalfReplaced, 1);
        self.upload(forced(&input.book)).await;
        self.tally.skip();
    }

    async fn upload(&self, body: Value) {
        let event = request("POST", "/address_book", &subject(0), Some(body.to_string()));
        succeeded(&upload::handle(&self.store, &SystemClock, &upload_settings(), event).await);
    }

    async fn reads(&mut self) {
        let event = |target: &str| request("GET", target, &subject(0), None);
        succeeded(&get::handle(&self.store, event("/address_book")).await);
        self.tally.record(Operation::Get, 1);
        for (look, target) in [
            (Operation::RegisteredFull, "/address_book/registered_users"),
            (Operation::RegisteredCompact, "/address_book/registered_users?compact=1"),
        ] {
            succeeded(&registered_users::handle(&self.store, event(target)).await);
            self.tally.record(look, 1);
        }
        self.nothing_new("/address_book").await;
    }

    /// Reads again with the tag of the answer.
    async fn nothing_new(&mut self, target: &str) {
        let event = || EventBuilder::new("GET", target).token(&subject(0));
        let answer = get::handle(&self.uncounted, event().build()).await;
        let tag = answer.headers["etag"].to_str().expect("a text");
        let known = event().header("if-none-match", tag);
        assert_eq!(get::handle(&self.store, known.build()).await.status_code, 304);
        self.tally.record(Operation::NothingNew, 1);
    }

    async fn subscriptions(&mut self) {
        self.subscribe().await;
        self.tally.skip();
        self.subscribe().await;
        self.tally.record(Operation::SameSubscription, 1);
    }

    async fn subscribe(&self) {
        let event = subscription(&subject(0), "phone");
        let (store, renewal) = (&self.store, Renewal::default());
        succeeded(&subscriptions::handle(store, &self.phones, &SystemClock, renewal, event).await);
    }

    /// Signs a user up. It isn't counted.
    async fn sign_up(&self, number: usize, person: &Person) {
        let user: UserId = subject(number).parse().expect("a user");
        let claim = PhoneClaim::Proven(person.digits().parse().expect("a phone"));
        sign_up(&self.uncounted, &SystemClock, &user, claim, &ProfilePatch::default())
            .await
            .expect("signed up");
    }
}

fn succeeded(answer: &ApiGatewayV2httpResponse) {
    assert!((200..300).contains(&answer.status_code), "{:?}", read(answer));
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
