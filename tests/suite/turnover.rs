//! Tests of how often a phone's holder may change, by an account and for a phone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use local::Inbox;
use model::{Budget, Clock};
use serde_json::{Value, json};
use store::Store;

use support::embedded::{database, operation, store_over};
use support::faults::{Fault, Faulty};
use support::requests::{confirmed, read, request};
use support::{cognito_settings, user_settings};

const START_MS: u64 = 1_795_485_472_000;
const HOUR_MS: u64 = 60 * 60 * 1000;
const ANN: &str = "ann:+14155550100";
const ANN_ELSEWHERE: &str = "ann:+14155550101";

/// A clock that is set by hand.
#[derive(Debug)]
struct SetClock(Mutex<u64>);

impl Clock for SetClock {
    fn now_ms(&self) -> u64 {
        *self.0.lock().expect("no panic")
    }
}

/// The function `users`, with room for three changes at once and 24 a day.
struct Api {
    store: Store,
    clock: SetClock,
    settings: users::Settings,
}

impl Api {
    async fn new() -> Self {
        Self::over(database().await.store())
    }

    fn over(store: Store) -> Self {
        let settings = users::Settings { holder_changes: Budget::new(3, 24), ..user_settings() };
        Self { store, clock: SetClock(Mutex::new(START_MS)), settings }
    }

    fn pass(&self, milliseconds: u64) {
        *self.clock.0.lock().expect("no panic") += milliseconds;
    }

    /// Sends a request. Returns the answer's status, its Retry-After and its body.
    async fn send(
        &self,
        method: &str,
        path: &str,
        token: &str,
        user: Value,
    ) -> (i64, Option<u64>, Value) {
        let event = request(method, path, token, Some(json!({ "user": user }).to_string()));
        let response =
            users::handle(&self.store, &Inbox::default(), &self.clock, &self.settings, event).await;
        let after =
            response.headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let (status, body) = read(&response);
        (status, after, body)
    }

    /// Signs up, and returns the path of the account.
    async fn sign_up(&self, token: &str) -> String {
        let (status, _, body) = self.send("POST", "/users", token, json!({})).await;
        assert_eq!(status, 201, "{body}");
        format!("/users/{}", body["user"]["id"])
    }

    /// Shows or hides a user. Returns the status and Retry-After.
    async fn show(&self, path: &str, token: &str, shown: bool) -> (i64, Option<u64>) {
        let choice = json!({ "discoverable_by_phone": shown });
        let (status, after, _) = self.send("PUT", path, token, choice).await;
        (status, after)
    }
}

/// The answer if there is room again in an hour.
const AN_HOUR: (i64, Option<u64>) = (429, Some(3_600));

#[tokio::test]
async fn visibility_is_changed_a_few_times_at_once_and_then_as_often_as_leaks() {
    let api = Api::new().await;
    let ann = api.sign_up(ANN).await;
    assert_eq!(api.show(&ann, ANN, false).await, (200, None));
    assert_eq!(api.show(&ann, ANN, true).await, (200, None));
    let (status, after, body) =
        api.send("PUT", &ann, ANN, json!({"discoverable_by_phone": false})).await;
    assert_eq!((status, after), AN_HOUR);
    let sentence =
        "The phone or its visibility was changed too often of late. Please try again later.";
    assert_eq!(body, json!({"errors": {"base": [sentence]}}));
    let (_, _, kept) = api.send("PUT", &ann, ANN, json!({})).await;
    assert_eq!(kept["user"]["discoverable_by_phone"], true, "nothing was changed");
    api.pass(HOUR_MS);
    assert_eq!(api.show(&ann, ANN, false).await, (200, None));
    assert_eq!(api.show(&ann, ANN, true).await, AN_HOUR);
}

#[tokio::test]
async fn nothing_else_of_a_profile_is_limited() {
    let api = Api::new().await;
    let ann = api.sign_up(ANN).await;
    for shown in [false, true] {
        assert_eq!(api.show(&ann, ANN, shown).await, (200, None));
    }
    assert_eq!(api.show(&ann, ANN, false).await, AN_HOUR);
    for n in 0..20 {
        let patch = json!({"full_name": format!("Ann {n}"), "notify_me": n % 2,
                           "announce_me": n % 2, "discoverable_by_phone": true});
        assert_eq!(api.send("PUT", &ann, ANN, patch).await.0, 200);
        assert_eq!(api.send("POST", "/users", ANN, json!({})).await.0, 201);
    }
    // Without a phone there is nobody who could be told.
    let ben = api.sign_up("ben").await;
    for n in 0..20 {
        assert_eq!(api.show(&ben, "ben", n % 2 == 1).await, (200, None));
    }
}

#[tokio::test]
async fn an_account_that_is_deleted_and_comes_back_has_the_same_bucket() {
    let api = Api::new().await;
    for _ in 0..3 {
        let ann = api.sign_up(ANN).await;
        assert_eq!(api.send("DELETE", &ann, ANN, json!({})).await.0, 200);
    }
    let (status, after, _) = api.send("POST", "/users", ANN, json!({})).await;
    assert_eq!((status, after), AN_HOUR);
    // A new account with another phone isn't concerned, but one with the same phone is.
    let (status, after, _) = api.send("POST", "/users", "eve:+14155550100", json!({})).await;
    assert_eq!((status, after), AN_HOUR);
    api.sign_up("eve:+14155550101").await;
    // The account is, under whatever phone.
    let (status, after, _) = api.send("POST", "/users", "ann:+14155550102", json!({})).await;
    assert_eq!((status, after), AN_HOUR);
}

#[tokio::test]
async fn a_number_moves_between_two_of_an_account_and_between_accounts_within_the_limit() {
    let api = Api::new().await;
    let ann = api.sign_up(ANN).await;
    let to = |phone: &str| json!({ "phone": phone });
    let there = api.send("PUT", &ann, ANN_ELSEWHERE, to("+14155550101")).await;
    assert_eq!(there.0, 200);
    assert_eq!(api.send("PUT", &ann, ANN, to("+14155550100")).await.0, 200);
    let (status, after, _) = api.send("PUT", &ann, ANN_ELSEWHERE, to("+14155550101")).await;
    assert_eq!((status, after), AN_HOUR);

    let fight = Api::new().await;
    let mut accounts = ["one", "two", "three", "four"].into_iter();
    for account in accounts.by_ref().take(3) {
        fight.sign_up(&format!("{account}:+14155550100")).await;
    }
    let last = format!("{}:+14155550100", accounts.next().expect("a fourth"));
    let (status, after, _) = fight.send("POST", "/users", &last, json!({})).await;
    assert_eq!((status, after), AN_HOUR);
}

#[tokio::test]
async fn an_account_can_always_be_deleted() {
    let api = Api::new().await;
    let ann = api.sign_up(ANN).await;
    for shown in [false, true] {
        assert_eq!(api.show(&ann, ANN, shown).await, (200, None));
    }
    assert_eq!(api.show(&ann, ANN, false).await, AN_HOUR);
    assert_eq!(api.send("DELETE", &ann, ANN, json!({})).await.0, 200);
}

#[tokio::test]
async fn the_apps_own_systems_are_not_limited() {
    let api = Api::new().await;
    for n in 0..20 {
        let event = json!({"action": "register", "user_id": "erin", "phone": "+16505550125",
                           "user": {"discoverable_by_phone": n % 2}});
        let answer =
            users::invoke(&api.store, &Inbox::default(), &api.clock, &api.settings, event).await;
        let users::Answer::Direct(answer) = answer.expect("answered") else { panic!("not HTTP") };
        assert_eq!(answer["user"]["discoverable_by_phone"], n % 2 == 1, "{answer}");
    }
}

#[tokio::test]
async fn a_change_that_was_charged_and_not_written_is_not_charged_again() {
    let fails = Arc::new(AtomicBool::new(false));
    let plan = {
        let fails = Arc::clone(&fails);
        move |request: &HttpRequest| {
            let fails = fails.load(Ordering::Relaxed) && operation(request) == "TransactWriteItems";
            fails.then_some(Fault::Refused(400, "AccessDeniedException"))
        }
    };
    let faulty = Faulty::new(database().await, Duration::ZERO, Arc::new(plan));
    let api = Api::over(store_over(faulty));
    let ann = api.sign_up(ANN).await;
    fails.store(true, Ordering::Relaxed);
    for _ in 0..5 {
        // The two buckets are charged, and then the account isn't written.
        assert!(api.show(&ann, ANN, false).await.0 >= 500);
    }
    fails.store(false, Ordering::Relaxed);
    assert_eq!(api.show(&ann, ANN, false).await, (200, None));
    assert_eq!(api.show(&ann, ANN, true).await, (200, None));
    assert_eq!(api.show(&ann, ANN, false).await, AN_HOUR);
}

#[tokio::test]
async fn a_user_pool_signs_nobody_up_beyond_the_limit_and_confirms_them_all_the_same() {
    let store = database().await.store();
    let settings =
        cognito_sign_up::Settings { holder_changes: Budget::new(1, 1), ..cognito_settings() };
    let clock = SetClock(Mutex::new(START_MS));
    for (subject, signed_up) in [("one", true), ("two", false)] {
        let event = confirmed(&json!({
            "sub": subject, "phone_number": "+14155550100", "phone_number_verified": "true",
        }));
        let answer = cognito_sign_up::handle(&store, &clock, &settings, event.clone()).await;
        assert_eq!(answer.expect("confirmed"), event);
        let subject = store::AccountStore::subject(&store, &support::user(subject)).await;
        assert_eq!(subject.expect("readable").id.is_some(), signed_up);
    }
}
