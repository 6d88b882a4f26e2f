//! Tests of the way from a sign-up to the devices: who is told, and what happens if something goes
//! wrong.

mod choice;
mod devices;
mod explained;
mod fan_out;
mod outcomes;
mod overtaken;
mod removals;
mod repeats;
mod wire;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use model::{Change, Channel, Mode, Platform, PublicId, PushEnvironment, Scope, Subscription};
use protocol::queue::{BookMessage, PushMessage};
use protocol::{
    JoinQueues, JoinReport, Notifier, PhoneClaim, ProfilePatch, PushReport, SubscribeRequest,
    delete_account, sign_up, subscribe, update_account,
};
use serde::Serialize;
use serde_json::{Value, json};
use store::{HolderReader, Keyring, Store};

use crate::invariants::TickingClock;
use support::embedded::{Embedded, database};
use support::phones::FakePhones;
use support::queue::RecordingQueue;
use support::{contact, phone, upload_as, upload_of, user};

/// The joiner's phone.
const P: &str = "16505550123";
/// Longer than a lease, which is 60 seconds.
const BEYOND_LEASE_MS: u64 = 61_000;

/// A deployment, and one phone that everybody has in their book.
struct Town {
    embedded: Embedded,
    store: Store,
    phones: FakePhones,
    clock: TickingClock,
    /// The queues of parts and of pushes.
    queue: RecordingQueue,
}

/// What came of a change.
struct Told {
    join: JoinReport,
    push: PushReport,
}

impl Town {
    async fn new() -> Self {
        let embedded = database().await;
        let store = embedded.store();
        Self {
            embedded,
            store,
            phones: FakePhones::default(),
            clock: TickingClock::default(),
            queue: RecordingQueue::default(),
        }
    }

    /// Adds an owner. They have the joiner in their book, under their own name.
    async fn owner(&self, name: &str) {
        let put = upload_of(Mode::Merge, vec![Change::Put(contact(P, name))]);
        upload_as(&user(name), &self.store, &Scope::Global, &put).await.expect("uploaded");
    }

    /// Adds a device of a user, whose token is `token`.
    async fn device(&self, name: &str, device: &str, token: &str) -> Subscription {
        let request = SubscribeRequest {
            device: device.parse().expect("a udid"),
            platform: Platform::Android,
            channel: Channel::Gcm,
            environment: PushEnvironment::Production,
            token: token.to_owned(),
        };
        let subscribed =
            subscribe(&self.store, &self.phones, &self.clock, &user(name), &request).await;
        self.clock.pass(1);
        subscribed.expect("subscribed")
    }

    /// Adds an owner with a device, whose token is their name.
    async fn subscribed(&self, name: &str) {
        self.owner(name).await;
        self.device(name, &format!("{name}'s"), name).await;
    }

    async fn signs_up(&self, name: &str, patch: &ProfilePatch) -> PublicId {
        let claim = PhoneClaim::Proven(phone(P));
        sign_up(&self.store, &self.clock, &user(name), claim, patch).await.expect("signed up").id
    }

    async fn changes(&self, name: &str, id: PublicId, patch: &ProfilePatch) {
        update_account(&self.store, &self.clock, &user(name), id, PhoneClaim::None, patch)
            .await
            .expect("changed");
    }

    async fn leaves(&self, name: &str, id: PublicId) {
        delete_account(&self.store, &self.phones, &self.clock, &user(name), id)
            .await
            .expect("deleted");
    }

    /// Returns the item of the phone's holder, as the stream would carry it.
    async fn image(&self) -> Value {
        let key = self.embedded.0.get_item(
            serde_json::from_value(
                json!({"TableName": local::tables().users, "Key": {"key": {"S": format!("phone#{P}")}}}),
            )
            .expect("a request"),
        );
        let answer = serde_json::to_value(key.expect("answered")).expect("JSON");
        answer.get("Item").cloned().unwrap_or(Value::Null)
    }

    /// Returns the messages that the stream's function makes of a change from `before` to the
    /// present item.
    async fn messages(&self, before: &Value) -> Vec<BookMessage> {
        let after = self.image().await;
        let mut change =
            json!({"SequenceNumber": "1", "ApproximateCreationDateTime": 1000, "SizeBytes": 1});
        for (name, image) in [("OldImage", before), ("NewImage", &after)] {
            if !image.is_null() {
                change[name] = image.clone();
            }
        }
        let record = json!({"eventID": "1", "eventName": "MODIFY", "awsRegion": "us-east-1", "dynamodb": change});
        let event = serde_json::from_value(json!({ "Records": [record] })).expect("an event");
        let sent = RecordingQueue::default();
        let response = joins::handle(&Keyring::default(), &sent, &sent, event).await;
        assert_eq!(response.batch_item_failures.len(), 0);
        sent.take()
    }

    /// Makes one invocation of join-push with these messages. Returns those that have to come again,
    /// and what was done.
    async fn invoke(&self, messages: &[BookMessage]) -> (Vec<BookMessage>, JoinReport) {
        self.invoke_over(&self.store, messages, u64::MAX).await
    }

    async fn invoke_over(
        &self,
        store: &Store,
        messages: &[BookMessage],
        deadline_ms: u64,
    ) -> (Vec<BookMessage>, JoinReport) {
        let queues = JoinQueues { fan_out: self.queue.clone(), pushes: Some(self.queue.clone()) };
        let (keys, event) = (Keyring::default(), event(messages));
        let (response, report) =
            join_push::handle(store, &keys, &queues, &self.clock, event, deadline_ms).await;
        (failed(&response, messages), report)
    }

    /// Makes one invocation of push with these messages. Returns those that have to come again, and
    /// what was done.
    async fn push(&self, pushes: &[PushMessage]) -> (Vec<PushMessage>, PushReport) {
        self.push_over(&self.store, pushes, u64::MAX).await
    }

    async fn push_over(
        &self,
        store: &Store,
        pushes: &[PushMessage],
        deadline_ms: u64,
    ) -> (Vec<PushMessage>, PushReport) {
        let notifier = Notifier {
            pusher: self.phones.clone(),
            template: Some("%s is here".parse().expect("a template")),
            clock: self.clock.clone(),
        };
        let (keys, event) = (Keyring::default(), event(pushes));
        let (response, report) = push::handle(store, &keys, &notifier, event, deadline_ms).await;
        (failed(&response, pushes), report)
    }

    /// Makes an invocation of push that dies at the push service.
    async fn push_until_death(&self, pushes: &[PushMessage]) {
        tokio::select! {
            biased;
            () = self.phones.died() => {}
            _ = self.push(pushes) => panic!("the invocation did not die"),
        }
    }

    /// Signs a user up, and tells everybody.
    async fn joins(&self, name: &str) -> (PublicId, Told) {
        let before = self.image().await;
        let id = self.signs_up(name, &ProfilePatch::default()).await;
        (id, self.tell(&before).await)
    }

    /// Tells everybody of the change since `before`.
    async fn tell(&self, before: &Value) -> Told {
        let messages = self.messages(before).await;
        let (again, join) = self.invoke(&messages).await;
        assert_eq!(again, []);
        let (again, push) = self.push(&self.queue.take_pushes()).await;
        assert_eq!(again, []);
        Told { join, push }
    }

    async fn holder(&self) -> Option<model::Holder> {
        self.store.holder(phone(P)).await.expect("readable")
    }

    /// Makes the item of the phone's holder one that was written before there were sequences.
    async fn forget_sequence(&self) {
        let mut item = self.image().await;
        item.as_object_mut().expect("an item").remove("phone_sequence");
        let put = json!({"TableName": local::tables().users, "Item": item});
        self.embedded.0.put_item(serde_json::from_value(put).expect("a request")).expect("put");
    }

    async fn holder_is(&self, name: &str) -> bool {
        self.holder().await.is_some_and(|holder| holder.user == user(name))
    }
}

/// Returns the messages as Lambda delivers them, each with its place as its id.
fn event<M: Serialize>(messages: &[M]) -> SqsEvent {
    let record = |(place, message): (usize, &M)| json!({"messageId": place.to_string(), "body": serde_json::to_string(message).expect("JSON")});
    let records: Vec<Value> = messages.iter().enumerate().map(record).collect();
    serde_json::from_value(json!({ "Records": records })).expect("an event")
}

/// Returns those of the messages that failed.
fn failed<M: Clone>(response: &SqsBatchResponse, messages: &[M]) -> Vec<M> {
    let failures = response.batch_item_failures.iter();
    let places = failures.map(|failure| failure.item_identifier.parse().expect("a place"));
    places.map(|place: usize| messages[place].clone()).collect()
}
