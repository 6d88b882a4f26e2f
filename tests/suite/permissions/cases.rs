//! Runs each function through all the calls that it can make.

use api::EventBuilder;
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::sqs::SqsEvent;
use local::Inbox;
use model::SystemClock;
use protocol::queue::{BookMessage, Joiner, PushMessage};
use protocol::{JoinQueues, Notifier, Renewal};
use serde_json::{Value, json};
use store::{HolderReader, Keyring, OwnerIndex, OwnerRange, Store};

use super::recorder::Recorder;
use support::embedded::Embedded;
use support::requests::{begin_session, confirmed, in_session, read, request};
use support::{
    cognito_settings, phone, providers, session_keys, session_settings, upload_settings, user,
    user_settings,
};

const BOB: &str = "bob:+14155550100";
const ALICE: &str = "alice:+16505550123";
const ALICES: &str = "16505550123";
/// The channels and environments of a device, one for each platform application.
const CHANNELS: [(&str, &str); 5] = [
    ("apns", "production"),
    ("apns", "development"),
    ("apns_voip", "production"),
    ("apns_voip", "development"),
    ("gcm", "production"),
];

/// All other functions, whose calls aren't recorded.
pub struct Others(Store);

impl Others {
    pub fn new(embedded: &Embedded) -> Self {
        Self(embedded.store().with_session_keys(session_keys()))
    }

    async fn sign_up(&self, who: &str) {
        let event = request("POST", "/users", who, Some("{}".to_owned()));
        ok(&::users::handle(&self.0, &Inbox::default(), &SystemClock, &user_settings(), event)
            .await);
    }

    async fn upload(&self, who: &str, body: Value) {
        upload_to(&self.0, "POST", who, Some(body)).await;
    }

    async fn subscribe(&self, sns: &Recorder, body: Value) {
        let event = request("POST", "/subscriptions", BOB, Some(body.to_string()));
        ok(&::subscriptions::handle(
            &self.0,
            &sns.push_service(),
            &SystemClock,
            Renewal::default(),
            event,
        )
        .await);
    }

    /// Returns the holder of a phone.
    async fn joiner(&self, digits: &str) -> Joiner {
        Joiner::from(&self.0.holder(phone(digits)).await.expect("readable").expect("a holder"))
    }

    /// Puts a hint without its contact, as an upload that died leaves it.
    async fn leave_hint(&self, owner: &str, digits: &str) {
        let scope = model::Scope::Global;
        self.0.put_hints(&user(owner), &scope, &[phone(digits)], 0).await.expect("a hint");
    }
}

async fn upload_to(store: &Store, method: &str, who: &str, body: Option<Value>) {
    let event = request(method, "/address_book", who, body.map(|body| body.to_string()));
    ok(&::upload::handle(store, &SystemClock, &upload_settings(), event).await);
}

fn ok(response: &ApiGatewayV2httpResponse) -> Value {
    let (status, body) = read(response);
    assert!((200..300).contains(&status), "{status} {body}");
    body
}

fn contacts(digits: &[&str]) -> Value {
    digits
        .iter()
        .map(|digits| json!({"name": "A contact", "phone": format!("+{digits}")}))
        .collect()
}

/// Returns contacts who are too many for a book that has no base.
fn many_contacts() -> Value {
    let digits: Vec<String> = (0..400).map(|n| format!("1650555{n:04}")).collect();
    contacts(&digits.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Returns the subscription of a device with this token. The token decides what a push to it comes
/// to (see the recorder).
fn device(channel: &str, environment: &str, udid: &str, token: &str) -> Value {
    json!({
        "notification_channel": channel, "device": {"platform": "ios", "udid": udid},
        "push_token": {"environment": environment, "client_identification_sequence": token},
    })
}

pub async fn upload(recorder: &Recorder, others: &Others) {
    others.sign_up(BOB).await;
    others.leave_hint("bob", "16505550199").await;
    let store = recorder.store();
    for body in [
        json!({"contacts": contacts(&[ALICES, "16505550199"])}),
        json!({"contacts": [{"phone": format!("+{ALICES}"), "destroy": 1}]}),
        json!({"contacts": contacts(&["16505550198"]), "force": 1}),
        json!({"contacts": contacts(&[ALICES]), "udid": "a device"}),
    ] {
        upload_to(&store, "POST", BOB, Some(body)).await;
    }
    // The same book again, now with an expiry, which puts off the end of a book that had none. Then
    // the book is wiped.
    others.upload(BOB, json!({"contacts": contacts(&[ALICES])})).await;
    upload_to(&store, "POST", BOB, Some(json!({"contacts": contacts(&[ALICES])}))).await;
    upload_to(&store, "POST", BOB, Some(json!({"contacts": many_contacts()}))).await;
    upload_to(&store, "DELETE", BOB, None).await;
    let calls = [("POST", "/address_book", json!({"contacts": contacts(&[ALICES])}))];
    let settings = upload_settings();
    in_session_of(recorder, others, "bob", &calls, async |store, event| {
        ok(&::upload::handle(&store, &SystemClock, &settings, event).await)
    })
    .await;
}

/// Makes calls in a session: `[method, path, body]`.
async fn in_session_of<A>(
    recorder: &Recorder,
    others: &Others,
    who: &str,
    calls: &[(&str, &str, Value)],
    handle: impl AsyncFn(Store, ApiGatewayV2httpRequest) -> A,
) -> Vec<A> {
    let token = begin_session(&others.0, &user(who)).await;
    let mut answers = vec![];
    for (method, path, body) in calls {
        let store = recorder.store().with_session_keys(session_keys());
        let body = Some(body).filter(|body| !body.is_null());
        answers.push(handle(store, in_session(method, path, &token, body)).await);
    }
    answers
}

pub async fn get(recorder: &Recorder, others: &Others) {
    others.upload(BOB, json!({"contacts": contacts(&[ALICES])})).await;
    let known = EventBuilder::new("GET", "/address_book")
        .token(BOB)
        .header("if-none-match", "\"an older revision\"");
    ok(&::get::handle(&recorder.store(), known.build()).await);
    others.sign_up(BOB).await;
    let calls = [("GET", "/address_book", Value::Null)];
    in_session_of(recorder, others, "bob", &calls, async |store, event| {
        ok(&::get::handle(&store, event).await)
    })
    .await;
}

pub async fn registered_users(recorder: &Recorder, others: &Others) {
    others.sign_up(ALICE).await;
    others.upload(BOB, json!({"contacts": contacts(&[ALICES])})).await;
    for path in ["/address_book/registered_users?compact=1", "/address_book/registered_users"] {
        let known = EventBuilder::new("GET", path)
            .token(BOB)
            .header("if-none-match", "\"an older revision\"");
        let items = ok(&::registered_users::handle(&recorder.store(), known.build()).await);
        assert_eq!(items["items"].as_array().map(Vec::len), Some(1), "{path}");
    }
    others.sign_up(BOB).await;
    let calls =
        ["/users/v2", "/users/phone?phone=16505550123"].map(|path| ("GET", path, Value::Null));
    in_session_of(recorder, others, "bob", &calls, async |store, event| {
        ok(&::registered_users::handle(&store, event).await)
    })
    .await;
}

pub async fn session(recorder: &Recorder, others: &Others) {
    let (settings, providers) = (session_settings(), providers());
    let call = async |method: &str, path: &str, token: &str, body: Option<Value>| {
        let store = recorder.store().with_session_keys(session_keys());
        let event = in_session(method, path, token, body.as_ref());
        ok(&::session::handle(&store, &SystemClock, &settings, &providers, event).await.0)
    };
    let begun = call("POST", "/session", "", Some(json!({}))).await;
    let token = begun["session"]["token"].as_str().expect("a token").to_owned();
    let login = |login: &str| Some(json!({"login": login, "password": "x"}));
    call("POST", "/users", &token, Some(json!({"user": {"login": "dora", "password": "x"}}))).await;
    others.sign_up(ALICE).await;
    // Dave gets the number that was Alice's, gives it up for another, and Erin gets it.
    let (dave, erin) = (format!("dave:+{ALICES}"), format!("erin:+{ALICES}"));
    for who in [dave.as_str(), "dave:+16505550125", &erin] {
        call("POST", "/login", &token, login(who)).await;
    }
    for notify_me in [0, 1] {
        let user = json!({"user": {"login": "dora", "password": "x", "notify_me": notify_me}});
        call("DELETE", "/login", &token, None).await;
        call("POST", "/users", &token, Some(user)).await;
    }
    call("GET", "/session", &token, None).await;
    call("DELETE", "/session", &token, None).await;
}

pub async fn users(recorder: &Recorder, others: &Others) {
    let (store, endpoints) = (recorder.store(), recorder.push_service());
    let call = async |method: &str, path: &str, who: &str, body: Option<&str>| {
        let event: ApiGatewayV2httpRequest =
            request(method, path, who, body.map(ToOwned::to_owned));
        ok(&::users::handle(&store, &endpoints, &SystemClock, &user_settings(), event).await)
    };
    let bob = call("POST", "/users", BOB, Some("{}")).await;
    let path = format!("/users/{}", bob["user"]["id"]);
    call("GET", &format!("{path}/export"), BOB, None).await;
    // His number changes to one that was Alice's, and for a while he turns notices off.
    call("POST", "/users", ALICE, Some("{}")).await;
    for notify_me in [0, 1] {
        let moved =
            json!({"user": {"notify_me": notify_me, "phone": format!("+{ALICES}")}}).to_string();
        call("PUT", &path, &format!("bob:+{ALICES}"), Some(&moved)).await;
    }
    // He leaves while he has books, devices and claims of pushes.
    let elsewhere = recorder.unnoted();
    others.upload(BOB, json!({"contacts": many_contacts()})).await;
    for (place, (channel, environment)) in CHANNELS.into_iter().enumerate() {
        let token = format!("{place}-taken");
        others.subscribe(&elsewhere, device(channel, environment, &token, &token)).await;
    }
    others.sign_up("carol:+16505550199").await;
    notify(&elsewhere, &others.joiner("16505550199").await, "16505550199", 0).await;
    let calls = [("PUT", "/users", json!({"user": {"website": "https://example.com"}}))];
    in_session_of(recorder, others, "bob", &calls, async |store, event| {
        ok(&::users::handle(&store, &endpoints, &SystemClock, &user_settings(), event).await)
    })
    .await;
    let given = json!({"action": "register", "user_id": "grace", "id": 1000});
    ::users::invoke(&store, &endpoints, &SystemClock, &user_settings(), given)
        .await
        .expect("registered");
    call("DELETE", &path, BOB, None).await;
    let direct = json!({"action": "remove", "user_id": "bob"});
    ::users::invoke(&store, &endpoints, &SystemClock, &user_settings(), direct)
        .await
        .expect("removed");
}

pub async fn cognito_sign_up(recorder: &Recorder, others: &Others) {
    let event = |subject: &str, phone: &str| {
        let attributes =
            json!({"sub": subject, "phone_number": phone, "phone_number_verified": "true"});
        confirmed(&attributes)
    };
    others.sign_up(ALICE).await;
    // A new user, then a user with a number that was Alice's, then the first one with another
    // number.
    for (subject, phone) in
        [("dave", "+16505550124"), ("erin", "+16505550123"), ("dave", "+16505550125")]
    {
        ::cognito_sign_up::handle(
            &recorder.store(),
            &SystemClock,
            &cognito_settings(),
            event(subject, phone),
        )
        .await
        .expect("signed up");
    }
}

pub async fn subscriptions(recorder: &Recorder, others: &Others) {
    others.sign_up(BOB).await;
    others.sign_up(ALICE).await;
    let (store, endpoints) = (recorder.store(), recorder.push_service());
    let calls = [("POST", "/subscriptions", device("gcm", "production", "phone", "phone"))];
    in_session_of(recorder, others, "alice", &calls, async |store, event| {
        let renewal = Renewal::default();
        ok(&::subscriptions::handle(&store, &endpoints, &SystemClock, renewal, event).await)
    })
    .await;
    let call = async |method: &str, path: &str, body: Option<Value>| {
        let event = request(method, path, BOB, body.map(|body| body.to_string()));
        ok(&::subscriptions::handle(&store, &endpoints, &SystemClock, Renewal::default(), event)
            .await)
    };
    for (place, (channel, environment)) in CHANNELS.into_iter().enumerate() {
        for token in ["old", "new", "new"] {
            let device = device(
                channel,
                environment,
                &format!("device {place}"),
                &format!("{place}-{token}"),
            );
            call("POST", "/subscriptions", Some(device)).await;
        }
    }
    let all = call("GET", "/subscriptions", None).await;
    assert_eq!(all.as_array().map(Vec::len), Some(CHANNELS.len()));
    for subscription in all.as_array().expect("an array") {
        call("DELETE", &format!("/subscriptions/{}", subscription["subscription"]["id"]), None)
            .await;
    }
}

pub async fn joins(recorder: &Recorder, _: &Others) {
    let image = |phone: &str| {
        json!({
            "key": {"S": format!("phone#{phone}")}, "phone": {"S": phone}, "id": {"N": "1"}, "user_id": {"S": "alice"},
            "epoch": {"N": "1"}, "discoverable": {"BOOL": true}, "announced": {"BOOL": true},
        })
    };
    let records: Vec<Value> = [image(ALICES), image("no phone")]
        .into_iter()
        .map(|image| {
            json!({
                "eventID": "e", "eventName": "INSERT", "awsRegion": "us-east-1",
                "dynamodb": {"Keys": {"key": image["key"]}, "NewImage": image, "SequenceNumber": "1", "SizeBytes": 1,
                             "ApproximateCreationDateTime": 1_795_485_472},
            })
        })
        .collect();
    let event = serde_json::from_value(json!({ "Records": records })).expect("an event");
    let queues = (recorder.queue("JoinsQueue"), recorder.queue("FailedRecordsQueue"));
    let response = ::joins::handle(&Keyring::default(), &queues.0, &queues.1, event).await;
    assert_eq!(response.batch_item_failures.len(), 0);
}

pub async fn join_push(recorder: &Recorder, others: &Others) {
    others.sign_up(BOB).await;
    others.upload(BOB, json!({"contacts": contacts(&[ALICES])})).await;
    // A hint whose contact is deleted, and a number in more books than one message handles.
    others.leave_hint("nobody", ALICES).await;
    others.sign_up(ALICE).await;
    let alice = others.joiner(ALICES).await;
    tell(recorder, &alice, ALICES).await;
    for number in 0..150 {
        others.leave_hint(&format!("owner-{number}"), "16505550199").await;
    }
    tell(recorder, &alice, "16505550199").await;
}

async fn tell(recorder: &Recorder, joiner: &Joiner, digits: &str) {
    let (store, keys) = (recorder.store(), Keyring::default());
    let pushes = Some(recorder.queue("PushesQueue"));
    let queues = JoinQueues { fan_out: recorder.queue("FanOutQueue"), pushes };
    let message = BookMessage {
        phone: phone(digits),
        joiner: Some(joiner.clone()),
        sequence: None,
        changed_at_ms: None,
        range: OwnerRange::default(),
    };
    let event = event(&message.to_body(&keys));
    let (response, _) =
        ::join_push::handle(&store, &keys, &queues, &SystemClock, event, u64::MAX).await;
    assert_eq!(response.batch_item_failures.len(), 0, "{digits}");
}

pub async fn push(recorder: &Recorder, others: &Others) {
    others.sign_up(BOB).await;
    others.upload(BOB, json!({"contacts": contacts(&[ALICES])})).await;
    let elsewhere = recorder.unnoted();
    for (place, (channel, environment)) in CHANNELS.into_iter().enumerate() {
        for outcome in ["taken", "gone", "busy"] {
            let token = format!("{place}-{outcome}");
            others.subscribe(&elsewhere, device(channel, environment, &token, &token)).await;
        }
    }
    others.sign_up(ALICE).await;
    notify(recorder, &others.joiner(ALICES).await, ALICES, 1).await;
}

/// Sends Bob the pushes about a joiner.
async fn notify(recorder: &Recorder, joiner: &Joiner, digits: &str, failures: usize) {
    let notifier = Notifier {
        pusher: recorder.push_service(),
        template: Some("%s is here".parse().expect("a template")),
        clock: SystemClock,
    };
    let keys = Keyring::default();
    let message = PushMessage {
        recipient: user("bob"),
        scope: model::Scope::Global,
        phone: phone(digits),
        joiner: joiner.clone(),
        changed_at_ms: None,
    };
    let event = event(&message.to_body(&keys));
    let (response, _) = ::push::handle(&recorder.store(), &keys, &notifier, event, u64::MAX).await;
    assert_eq!(response.batch_item_failures.len(), failures, "{digits}");
}

fn event(body: &str) -> SqsEvent {
    serde_json::from_value(json!({"Records": [{"messageId": "m", "body": body}]}))
        .expect("an event")
}
