//! The functions over services that can be told to fail, and a story that uses all of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use aws_lambda_events::encodings::Body;
use lambda::config::Variables;
use local::tables;
use model::SystemClock;
use protocol::push::{FcmStyle, Sns};
use protocol::queue::{PushMessage, SqsQueue};
use serde_json::{Value, json};
use store::Keyring;

use super::answers::{Sent, answer_as_sns, answer_as_sqs};
use super::marks;
use support::embedded::{Embedded, database, patient_store_over};
use support::faults::{Fault, Faulty};
use support::functions::Functions;
use support::requests::{confirmed, request};
use support::services::{sns, sqs};
use support::session_keys;

use super::deeds::{ALICE, Deed};

/// How a deed ended.
pub struct Answer {
    pub failed: bool,
    pub body: String,
}

/// How many more calls of any service succeed, and how all others fail. With `None`, no call fails.
type Planned = Arc<Mutex<Option<(usize, Fault)>>>;

pub struct Stage {
    pub functions: Functions<Sns, SqsQueue, SystemClock>,
    embedded: Embedded,
    planned: Planned,
    sent: Arc<Mutex<Sent>>,
    /// The last record of the stream that was passed on.
    read: Mutex<Option<String>>,
    delivered: AtomicUsize,
    ids: Mutex<Vec<(&'static str, String)>>,
    sealed: bool,
    /// Whether the metrics are printed.
    pub emits: bool,
}

struct FixedVariables;

impl Variables for FixedVariables {
    fn get(&self, name: &str) -> Option<String> {
        (name == "FCM_APPLICATION_ARN")
            .then(|| "arn:aws:sns:us-east-1:123456789012:app/GCM/app".to_owned())
    }
}

/// Returns the fault of the next call.
fn next_fault(planned: &Planned) -> Option<Fault> {
    let mut planned = planned.lock().expect("no panic");
    match &mut *planned {
        None => None,
        Some((0, fault)) => Some(*fault),
        Some((good, _)) => {
            *good -= 1;
            None
        }
    }
}

impl Stage {
    /// Returns a stage on which nothing is sealed, so that calls contain all that they are about.
    pub async fn new() -> Self {
        Self::with(Keyring::default()).await
    }

    /// Returns a stage that is sealed as deployments are.
    pub async fn sealed() -> Self {
        Self { sealed: true, ..Self::with(Keyring::generate_secret().parse().expect("keys")).await }
    }

    async fn with(keys: Keyring) -> Self {
        let (planned, sent) = (Planned::default(), Arc::new(Mutex::new(Sent::default())));
        let embedded = database().await;
        let plan = Arc::clone(&planned);
        let faulty =
            Faulty::new(embedded.clone(), Duration::ZERO, Arc::new(move |_| next_fault(&plan)));
        let (plan, kept) = (Arc::clone(&planned), Arc::clone(&sent));
        let push_service =
            sns(Arc::new(move |asked| answer_as_sns(asked, next_fault(&plan), &kept)));
        let (plan, kept) = (Arc::clone(&planned), Arc::clone(&sent));
        let queues = sqs(Arc::new(move |asked| answer_as_sqs(asked, next_fault(&plan), &kept)));
        let applications = lambda::config::applications(&FixedVariables).expect("ARNs");
        let functions = Functions {
            store: patient_store_over(faulty, keys.clone()).with_session_keys(session_keys()),
            keys: keys.clone(),
            push: Sns::new(push_service, applications, FcmStyle::default()),
            queue: SqsQueue::new(queues, "http://embedded/queue".to_owned(), keys),
            clock: SystemClock,
        };
        let (read, delivered, ids) = Default::default();
        Self {
            functions,
            embedded,
            planned,
            sent,
            read,
            delivered,
            ids,
            sealed: false,
            emits: false,
        }
    }

    /// Lets the next `good_calls` calls succeed, and all later ones fail.
    pub fn fail_after(&self, good_calls: usize, fault: Fault) {
        *self.planned.lock().expect("no panic") = Some((good_calls, fault));
    }

    /// Lets all calls succeed again. Returns whether any call had failed.
    pub fn recovers(&self) -> bool {
        self.planned.lock().expect("no panic").take().is_some_and(|(good, _)| good == 0)
    }

    pub async fn act_all(&self, deeds: &[Deed]) -> Vec<Answer> {
        let mut answers = vec![];
        for deed in deeds {
            answers.push(self.act(deed).await);
        }
        answers
    }

    pub async fn act(&self, deed: &Deed) -> Answer {
        match deed {
            Deed::Http(method, path, token, body) => {
                let path = self
                    .ids
                    .lock()
                    .expect("no panic")
                    .iter()
                    .fold((*path).to_owned(), |path, (name, id)| path.replace(name, id));
                let (status, answer) = self
                    .http(request(method, &path, token, body.as_ref().map(Value::to_string)))
                    .await;
                if status >= 400 {
                    assert_eq!(marks(&answer), [""; 0], "{deed:?}: {answer}");
                } else {
                    self.remember(deed, &answer);
                }
                Answer { failed: status >= 500, body: answer }
            }
            Deed::Stream => Answer { failed: !self.pass_on().await, body: String::new() },
            Deed::Messages => Answer { failed: !self.deliver().await, body: String::new() },
            Deed::Cognito => {
                let event = confirmed(&dave());
                invoked(self.functions.cognito(event).await.map(drop))
            }
            Deed::Direct(event) => {
                invoked(self.functions.direct(event.clone()).await.map(|answer| {
                    assert_eq!(marks(&format!("{answer:?}")), [""; 0]);
                }))
            }
        }
    }

    pub async fn http(&self, mut event: ApiGatewayV2httpRequest) -> (i64, String) {
        event.headers.insert("cb-token", "header-mark".parse().expect("a value"));
        let response = self.functions.http(event).await;
        let Some(Body::Text(body)) = response.body else { panic!("the answer has no text") };
        (response.status_code, body)
    }

    /// Keeps the ids in an answer.
    fn remember(&self, deed: &Deed, answer: &str) {
        let answer: Value = serde_json::from_str(answer).expect("JSON");
        let (name, id) = match deed {
            Deed::Http("POST", "/users", token, _) => {
                (if *token == ALICE { "{alice}" } else { "{bob}" }, &answer["user"]["id"])
            }
            Deed::Http("POST", "/subscriptions", ..) => {
                ("{subscription}", &answer[0]["subscription"]["id"])
            }
            _ => return,
        };
        let mut ids = self.ids.lock().expect("no panic");
        ids.retain(|(known, _)| *known != name);
        ids.push((name, id.to_string()));
    }

    /// Passes the stream's new records on, and one that makes no sense.
    async fn pass_on(&self) -> bool {
        let after = self.read.lock().expect("no panic").clone();
        let mut records = self.embedded.stream(after.as_deref());
        let last = records.last().map(|record| record["dynamodb"]["SequenceNumber"].clone());
        records.push(json!({"eventID": "event", "eventName": "INSERT", "awsRegion": "us-east-1", "dynamodb": {
            "ApproximateCreationDateTime": 0, "SizeBytes": 1, "SequenceNumber": "7",
            "Keys": {"key": {"S": "phone#16505550177"}},
            "NewImage": {"key": {"S": "phone#16505550177"}, "phone": {"S": "Markname"}, "user_id": {"S": "subject-mark"}},
        }}));
        if self.functions.joins(&records).await.is_some() {
            return false;
        }
        if let Some(Value::String(last)) = last {
            *self.read.lock().expect("no panic") = Some(last);
        }
        true
    }

    /// Delivers a message to the function that can read it. Returns whether it finished it.
    async fn deliver_one(&self, message: &str) -> bool {
        if PushMessage::from_body(&self.functions.keys, message).is_ok() {
            let (done, report) = self.functions.push(message).await;
            if self.emits {
                lambda::metrics::emit(&report, "push");
            }
            return done;
        }
        let (done, report) = self.functions.join_push(message).await;
        if self.emits {
            lambda::metrics::emit(&report, "join-push");
        }
        done
    }

    /// Delivers the messages that aren't finished yet.
    async fn deliver(&self) -> bool {
        loop {
            let next = self.delivered.load(Ordering::SeqCst);
            let Some(message) = self.sent.lock().expect("no panic").joins.get(next).cloned() else {
                return true;
            };
            if !self.deliver_one(&message).await {
                return false;
            }
            self.delivered.fetch_add(1, Ordering::SeqCst);
        }
    }

    pub fn published(&self) -> Vec<String> {
        self.sent.lock().expect("no panic").published.clone()
    }

    /// Asserts that the queues hold nothing that they don't need.
    pub fn check_queues(&self) {
        let sent = self.sent.lock().expect("no panic");
        assert!(!sent.joins.is_empty() && !sent.failed_records.is_empty(), "nothing was sent");
        // A message is about a number, and names its holder and the books that have it. A sealed
        // message shows none of that.
        let allowed: &[&str] =
            if self.sealed { &[] } else { &["5550177", "5550166", "subject-mark", "udid-mark"] };
        for message in &sent.joins {
            let found: Vec<&str> =
                marks(message).into_iter().filter(|mark| !allowed.contains(mark)).collect();
            assert_eq!(found, [""; 0], "a message holds something that it doesn't need");
        }
        for record in &sent.failed_records {
            assert_eq!(marks(record), [""; 0], "{record}");
        }
    }

    /// Returns all items of all tables.
    pub fn items(&self) -> Vec<(String, Value)> {
        let tables = tables();
        let names = [
            tables.address_books,
            tables.contact_owners,
            tables.users,
            tables.subscriptions,
            tables.claims,
        ];
        let mut items = vec![];
        for table in names {
            let scan = serde_json::from_value(json!({ "TableName": table })).expect("a request");
            let answer =
                serde_json::to_value(self.embedded.0.scan(scan).expect("a scan")).expect("JSON");
            let found = answer["Items"].as_array().expect("items");
            assert!(!found.is_empty(), "{table} is empty");
            items.extend(found.iter().map(|item| (table.clone(), item.clone())));
        }
        items
    }

    /// Writes the item with `hostile` in place of one attribute. Returns the item as planted, or
    /// `None` if the table refuses it.
    pub fn plant(&self, table: &str, item: &Value, name: &str, hostile: Value) -> Option<Value> {
        let mut planted = item.clone();
        planted[name] = hostile;
        self.put(table, &planted).then_some(planted)
    }

    fn put(&self, table: &str, item: &Value) -> bool {
        let put =
            serde_json::from_value(json!({ "TableName": table, "Item": item })).expect("a request");
        self.embedded.0.put_item(put).is_ok()
    }

    /// Writes the original item in place of the planted one.
    pub fn put_back(&self, table: &str, item: &Value, planted: &Value) {
        let is_key =
            |name: &str| KEYS.iter().any(|(of, keys)| table.ends_with(of) && keys.contains(&name));
        let fields = planted.as_object().expect("an item").clone();
        let key: serde_json::Map<String, Value> =
            fields.into_iter().filter(|(name, _)| is_key(name)).collect();
        let delete =
            serde_json::from_value(json!({ "TableName": table, "Key": key })).expect("a request");
        self.embedded.0.delete_item(delete).expect("deleted");
        assert!(self.put(table, item), "the item can be written back");
    }
}

/// The key attributes of each table.
const KEYS: [(&str, &[&str]); 5] = [
    ("AddressBooks", &["user_id", "book"]),
    ("ContactOwners", &["phone", "owner"]),
    ("Users", &["key"]),
    ("Subscriptions", &["pk", "sk"]),
    ("Claims", &["recipient", "claim"]),
];

/// Returns how an invocation ended. The runtime would log its error like this.
fn invoked<E: std::error::Error>(result: Result<(), E>) -> Answer {
    let failed = result.is_err();
    if let Err(error) = result {
        let text = format!("{error:?} {error}");
        assert_eq!(marks(&text), [""; 0], "{text}");
    }
    Answer { failed, body: String::new() }
}

/// Returns the attributes of a user whom Cognito has confirmed.
fn dave() -> Value {
    json!({
        "sub": "subject-mark-dave", "name": "full-mark Dave", "email": "mail-mark@example.com",
        "phone_number": "+16505550177", "phone_number_verified": "true",
    })
}
