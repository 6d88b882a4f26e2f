//! Tests of the sample events in `events/`, each through the handler that it is a sample for. In
//! the order below they tell one story: Bob has Alice in his books, and she signs up.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use local::{Inbox, LocalClock, LocalPasswords};
use model::{Clock, SystemClock};
use numbering::Phone;
use protocol::queue::{BookMessage, PushMessage};
use protocol::{JoinQueues, Notifier, Renewal};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use session::{ClaimRules, Fetch, Issuer, KeysAt, Providers, Trust, TrustedIssuers};
use store::{AccountStore, HolderReader, Keyring, Store};

use support::embedded::database;
use support::queue::RecordingQueue;
use support::requests::read;
use support::{
    cognito_settings, phone, session_keys, session_settings, upload_settings, user, user_settings,
};

struct Stage {
    store: Store,
    inbox: Inbox,
    queue: RecordingQueue,
    told: RefCell<BTreeSet<String>>,
}

/// Returns the issuer of the samples' tokens.
fn stage_providers() -> Providers<SystemClock, LocalPasswords> {
    let issuer = Issuer {
        name: "https://securetoken.google.com/example".to_owned(),
        audiences: vec!["example".to_owned()],
        trust: Trust::Signature(KeysAt::Discovered),
    };
    let (rules, fetch) = (ClaimRules::default(), Fetch::default());
    let issuers = TrustedIssuers::new(vec![issuer], rules, fetch, SystemClock);
    Providers { issuers, passwords: LocalPasswords::Any(LocalClock::default()) }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("events")
}

impl Stage {
    async fn new() -> Self {
        let store = database().await.store().with_session_keys(session_keys());
        Self {
            store,
            inbox: Inbox::default(),
            queue: RecordingQueue::default(),
            told: RefCell::default(),
        }
    }

    fn event<T: DeserializeOwned>(&self, name: &str) -> T {
        self.told.borrow_mut().insert(name.to_owned());
        let text = std::fs::read_to_string(folder().join(format!("{name}.json")))
            .expect("the sample is there");
        serde_json::from_str(&text).expect("the sample is an event")
    }

    /// Returns the answer of the function that the sample's name begins with.
    async fn http(&self, name: &str) -> (i64, Value) {
        let event: ApiGatewayV2httpRequest = self.event(name);
        let Self { store, inbox, .. } = self;
        let response: ApiGatewayV2httpResponse = match name.split('-').next() {
            Some("upload" | "wipe") => {
                let settings = upload_settings();
                Box::pin(upload::handle(store, &SystemClock, &settings, event)).await
            }
            Some("get") => get::handle(store, event).await,
            Some("registered") => registered_users::handle(store, event).await,
            Some("session") => {
                let (settings, providers) = (session_settings(), stage_providers());
                let handled = session::handle(store, &SystemClock, &settings, &providers, event);
                Box::pin(handled).await.0
            }
            Some("subscriptions") => {
                let renewal = Renewal::default();
                Box::pin(subscriptions::handle(store, inbox, &SystemClock, renewal, event)).await
            }
            Some("users") => {
                let settings = user_settings();
                Box::pin(users::handle(store, inbox, &SampleClock, &settings, event)).await
            }
            _ => panic!("{name} isn't a sample for a function behind HTTP"),
        };
        read(&response)
    }

    /// Returns the answer to a sample that another system sends to the function `users`, under IAM.
    async fn direct(&self, name: &str) -> Value {
        let settings = user_settings();
        let event = self.event(name);
        let answer = users::invoke(&self.store, &self.inbox, &SystemClock, &settings, event).await;
        match answer.expect("answered") {
            users::Answer::Direct(answer) => answer,
            users::Answer::Http(response) => {
                panic!("{name} isn't answered as a direct request: {response:?}")
            }
        }
    }

    /// Returns the messages that the function `joins` makes of a sample of the stream.
    async fn joins(&self, name: &str) -> Vec<BookMessage> {
        let response =
            joins::handle(&Keyring::default(), &self.queue, &self.queue, self.event(name)).await;
        assert_eq!(response.batch_item_failures.len(), 0, "{name}");
        self.queue.take()
    }

    async fn cognito(&self, name: &str) {
        let event: cognito_sign_up::PostConfirmation = self.event(name);
        let answer =
            cognito_sign_up::handle(&self.store, &SystemClock, &cognito_settings(), event.clone())
                .await
                .expect("signed up");
        assert_eq!(answer, event, "Cognito wants its event back");
    }

    /// Delivers a sample to join-push. Returns the bodies of the messages about pushes.
    async fn join_push(&self, name: &str) -> Vec<String> {
        let (keys, event) = (Keyring::default(), self.event(name));
        let queues = JoinQueues { fan_out: self.queue.clone(), pushes: Some(self.queue.clone()) };
        let (response, _) =
            join_push::handle(&self.store, &keys, &queues, &SystemClock, event, u64::MAX).await;
        assert_eq!(response.batch_item_failures.len(), 0, "{name}");
        // The sample has no time, since an old change isn't news.
        let pushes = self.queue.take_pushes().into_iter();
        pushes.map(|push| PushMessage { changed_at_ms: None, ..push }.to_body(&keys)).collect()
    }

    async fn push(&self, name: &str) {
        let template = Some("%s is here".parse().expect("a template"));
        let notifier = Notifier { pusher: self.inbox.clone(), template, clock: SystemClock };
        let (keys, event) = (Keyring::default(), self.event(name));
        let (response, _) = push::handle(&self.store, &keys, &notifier, event, u64::MAX).await;
        assert_eq!(response.batch_item_failures.len(), 0, "{name}");
    }
}

/// The clock by which the users of the samples sign up, so that they have the samples' epochs.
#[derive(Debug)]
struct SampleClock;

impl Clock for SampleClock {
    fn now_ms(&self) -> u64 {
        1_795_485_472_000
    }
}

fn counts(created: u32, updated: u32, deleted: u32) -> (i64, Value) {
    (200, json!({"created": created, "updated": updated, "deleted": deleted, "rejected": {}}))
}

#[tokio::test]
async fn the_sample_events_tell_the_story_of_a_join() {
    let stage = Stage::new().await;
    bob_fills_his_books(&stage).await;
    let subscription = bob_subscribes(&stage).await;
    alice_signs_up(&stage).await;
    bob_hears_of_it_once(&stage, &subscription).await;
    carol_asks_for_sessions(&stage).await;
    bob_wipes_a_book(&stage).await;
    alice_leaves(&stage).await;
    dave_signs_up_in_cognito(&stage).await;
    erin_is_kept_by_another_system(&stage).await;

    let files = std::fs::read_dir(folder()).expect("the folder of samples");
    let all = files
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension() == Some("json".as_ref()));
    let all: BTreeSet<String> =
        all.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    assert_eq!(stage.told.into_inner(), all, "every sample is part of the story");
}

async fn bob_fills_his_books(stage: &Stage) {
    let (status, answer) = stage.http("upload-malformed-json").await;
    assert_eq!((status, answer["errors"]["base"].as_array().map(Vec::len)), (400, Some(1)));
    let no_session = json!({"errors": {"base": ["Required session does not exist"]}});
    assert_eq!(stage.http("upload-no-caller").await, (401, no_session));
    assert_eq!(stage.http("upload-create-three-contacts").await, counts(3, 0, 0));
    assert_eq!(stage.http("upload-edit").await, counts(0, 1, 0));
    assert_eq!(stage.http("upload-destroy").await, counts(0, 0, 1));
    assert_eq!(stage.http("upload-force").await, counts(1, 1, 1));
    assert_eq!(stage.http("upload-udid").await, counts(1, 0, 0));
    let global = json!([{"name": "Gordie Kann", "phone": "1879108395"}, {"name": "Alice", "phone": "(650) 555-0123"}]);
    assert_eq!(stage.http("get-global").await, (200, global));
    let device = json!([{"name": "Alice at work", "phone": "+1 650 555 0123"}]);
    assert_eq!(stage.http("get-udid").await, (200, device.clone()));
    assert_eq!(stage.http("get-quickblox-query").await, (200, device));
    assert_eq!(stage.http("registered-users-full").await, (200, json!({"items": []})));
}

async fn carol_asks_for_sessions(stage: &Stage) {
    let (status, begun) = stage.http("session-create").await;
    let session = &begun["session"];
    assert_eq!((status, &session["user_id"], &session["nonce"]), (201, &json!(0), &json!(7)));
    let refused = json!({"errors": {"base": ["Unauthorized"]}});
    assert_eq!(stage.http("session-unsigned-token").await, (401, refused));
}

async fn bob_wipes_a_book(stage: &Stage) {
    for copy in 1..=2 {
        assert_eq!(stage.http("wipe-udid").await, (200, json!({})), "copy {copy}");
        assert_eq!(stage.http("get-udid").await, (200, json!([])), "copy {copy}");
    }
}

/// Subscribes Bob's device, and returns its udid.
async fn bob_subscribes(stage: &Stage) -> String {
    let (status, created) = stage.http("subscriptions-create").await;
    let device = &created[0]["subscription"]["device"];
    assert_eq!((status, &device["platform"]["name"]), (201, &json!("ios")));
    assert_eq!(stage.http("subscriptions-list").await, (200, created.clone()));
    // The sample has the id of the documentation, while this subscription has a random one.
    let missing = json!({"errors": {"base": ["There is no such subscription."]}});
    assert_eq!(stage.http("subscriptions-delete").await, (404, missing));
    device["udid"].as_str().expect("a udid").to_owned()
}

async fn alice_signs_up(stage: &Stage) {
    let (status, alice) = stage.http("users-sign-up").await;
    let user = &alice["user"];
    assert_eq!(
        (status, &user["id"], &user["full_name"]),
        (201, &json!(1), &json!("Alice Liddell"))
    );
    assert_eq!(stage.http("registered-users-profile").await, (200, alice.clone()));
    let (status, export) = stage.http("users-export").await;
    assert_eq!((status, &export["user"]), (200, user));
    assert_eq!((&export["address_books"], &export["subscriptions"]), (&json!([]), &json!([])));
    let (status, updated) = stage.http("users-update").await;
    let user = &updated["user"];
    let (name, website, login) = (&user["full_name"], &user["website"], &user["login"]);
    assert_eq!(
        (status, name, website, login),
        (200, &json!("Alice L."), &json!("https://example.com"), &json!("alice"))
    );
}

async fn bob_hears_of_it_once(stage: &Stage, device: &str) {
    assert_eq!(stage.joins("joins-profile-change").await, []);
    let sample: Value = stage.event("join-push-registers");
    let expected = sample["Records"][0]["body"].as_str().expect("a body");
    for copy in 1..=2 {
        let messages = stage.joins("joins-registers").await;
        assert_eq!(serde_json::to_string(&messages[0]).expect("JSON"), expected, "copy {copy}");
        assert_eq!(messages.len(), 1, "copy {copy}");
        let bodies = stage.join_push("join-push-registers").await;
        let sample: Value = stage.event("push-registers");
        let sent = sample["Records"][0]["body"].as_str().expect("a body");
        // Alice is in both of his books.
        assert_eq!(bodies.len(), 2, "copy {copy}");
        assert!(bodies.iter().any(|body| body == sent), "{bodies:?}");
        stage.push("push-registers").await;
        let pushes = serde_json::to_value(stage.inbox.pushes()).expect("JSON");
        let push = json!({"user_id": "bob", "device_udid": device, "text": "Alice is here",
                          "data": {"id": 1, "phone": "16505550123"}});
        assert_eq!(pushes, json!([push]), "copy {copy}");
    }
    let compact = json!({"user": {"id": 1, "phone": "16505550123", "address_book_name": "Alice"}});
    assert_eq!(stage.http("registered-users-compact").await, (200, json!({"items": [compact]})));
    let (status, full) = stage.http("registered-users-full").await;
    assert_eq!((status, &full["items"][0]["user"]["full_name"]), (200, &json!("Alice L.")));
    let (status, found) = stage.http("registered-users-search").await;
    let (total, name) = (&found["total_entries"], &found["items"][0]["full_name"]);
    assert_eq!((status, total, name), (200, &json!(1), &json!("Alice L.")));
}

async fn dave_signs_up_in_cognito(stage: &Stage) {
    for copy in 1..=2 {
        stage.cognito("cognito-sign-up-confirmed").await;
        let holder =
            stage.store.holder(phone("16505550124")).await.expect("readable").expect("a holder");
        assert_eq!(holder.user, user("5f1b3f0e-0000-4000-8000-000000000004"), "copy {copy}");
        let profile = stage.store.profile(holder.id).await.expect("readable").expect("a profile");
        assert_eq!(profile.details.full_name.as_deref(), Some("Dave"), "copy {copy}");
    }
}

async fn erin_is_kept_by_another_system(stage: &Stage) {
    let missing = json!({"errors": {"base": ["There is no such user."]}});
    assert_eq!(stage.direct("users-direct-update").await, missing);
    let registered = stage.direct("users-direct-register").await;
    let user = &registered["user"];
    let (name, phone, external) = (&user["full_name"], &user["phone"], &user["external_id"]);
    assert_eq!((name, phone, external), (&json!("Erin"), &json!("16505550125"), &json!("crm-5")));
    assert_eq!(stage.direct("users-direct-register").await, registered, "it may be repeated");
    let mut updated = stage.direct("users-direct-update").await;
    assert_eq!(updated["user"]["full_name"], "Erin E.");
    for changing in ["full_name", "updated_at"] {
        updated["user"][changing] = user[changing].clone();
    }
    assert_eq!(updated, registered, "nothing else has changed");
    for copy in 1..=2 {
        assert_eq!(stage.direct("users-direct-remove").await, json!({}), "copy {copy}");
        assert_eq!(
            stage.store.holder(phone_of(user)).await.expect("readable"),
            None,
            "copy {copy}"
        );
    }
}

fn phone_of(user: &Value) -> Phone {
    phone(user["phone"].as_str().expect("a phone"))
}

async fn alice_leaves(stage: &Stage) {
    assert_eq!(stage.http("users-delete").await, (200, json!({})));
    let left = stage.joins("joins-leaves").await;
    assert_eq!(left.iter().map(|message| message.joiner.is_some()).collect::<Vec<_>>(), [false]);
    let recycled = stage.joins("joins-recycled").await;
    let joiners = recycled
        .iter()
        .filter_map(|message| message.joiner.as_ref())
        .map(|joiner| joiner.user.as_str());
    assert_eq!(joiners.collect::<Vec<_>>(), ["carol"]);
}
