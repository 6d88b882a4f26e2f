//! Tests of a device that repeats its subscription, as apps do at every start: when it is answered
//! from its item, and when it is registered.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use model::{Channel, Clock, Platform, PushEnvironment, Subscription};
use protocol::push::Delivery;
use protocol::{Renewal, SubscribeError, SubscribeRequest, keep_subscribed};
use store::{Keyring, Outcome, Store, SubscriptionStore, token_hash};

use super::Town;
use crate::invariants::TickingClock;
use support::embedded::{Embedded, database, operation, sealed_store_over};
use support::phones::{FakePhones, endpoint, endpoint_in};
use support::user;

const WEEK_MS: u64 = 7 * 24 * 60 * 60 * 1000;
/// Longer than the removal of an endpoint may take.
pub(super) const BEYOND_REMOVAL_MS: u64 = 61_000;

pub(super) fn pixel() -> SubscribeRequest {
    support::pixel("token")
}

impl Town {
    /// Starts Ann's app.
    async fn starts(&self, request: &SubscribeRequest) -> Result<Subscription, SubscribeError> {
        starts(&self.store, &self.phones, &self.clock, request).await
    }
}

/// Starts Ann's app, and lets a moment pass.
pub(super) async fn starts(
    store: &Store,
    phones: &FakePhones,
    clock: &TickingClock,
    request: &SubscribeRequest,
) -> Result<Subscription, SubscribeError> {
    let ann = user("ann");
    let kept = keep_subscribed(store, phones, clock, Renewal::default(), &ann, request).await;
    clock.pass(1);
    kept
}

/// A connector that notes what is asked of which table.
#[derive(Clone, Debug)]
struct Noted {
    embedded: Embedded,
    requests: Arc<Mutex<Vec<String>>>,
}

impl HttpConnector for Noted {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        let body: serde_json::Value = serde_json::from_slice(body).expect("JSON");
        let noted =
            format!("{} {} {}", operation(&request), body["TableName"], body["ConsistentRead"]);
        self.requests.lock().expect("no panic while noting").push(noted);
        HttpConnectorFuture::ready(Ok(self.embedded.call_now(&request)))
    }
}

#[tokio::test]
async fn a_device_that_repeats_its_subscription_is_answered_with_one_read() {
    let noted = Noted { embedded: database().await, requests: Arc::default() };
    let keys = Keyring::generate_secret().parse().expect("a secret");
    let store = sealed_store_over(noted.clone(), keys);
    let (phones, clock) = (FakePhones::default(), TickingClock::default());
    let since = clock.now_ms();
    let first = starts(&store, &phones, &clock, &pixel()).await.expect("subscribed");
    let SubscribeRequest { device, platform, channel, environment, token } = pixel();
    let expected = Subscription {
        id: first.id,
        user: user("ann"),
        device,
        channel,
        platform,
        environment,
        token_hash: token_hash(&token),
        endpoint: endpoint(&token),
        subscribed_at_ms: since,
    };
    assert!(first == expected);
    for passed in [1, WEEK_MS - 3] {
        clock.pass(passed - 1);
        noted.requests.lock().expect("no panic while noting").clear();
        let again = starts(&store, &phones, &clock, &pixel()).await.expect("subscribed");
        assert!(again == expected, "after {passed} ms");
        let requests = noted.requests.lock().expect("no panic while noting").clone();
        assert_eq!(requests, [r#"GetItem "Subscriptions" true"#], "after {passed} ms");
    }
    assert_eq!(phones.registrations(), 1);
}

#[tokio::test]
async fn a_device_that_changes_anything_or_is_due_is_registered() {
    let town = async || {
        let town = Town::new().await;
        let first = town.starts(&pixel()).await.expect("subscribed");
        (town, first)
    };
    let ios = SubscribeRequest { platform: Platform::Ios, ..pixel() };
    let development = SubscribeRequest { environment: PushEnvironment::Development, ..pixel() };
    let rotated = SubscribeRequest { token: "new".to_owned(), ..pixel() };
    let voip = SubscribeRequest { channel: Channel::ApnsVoip, ..pixel() };
    let tablet = SubscribeRequest { device: "tablet".parse().expect("a udid"), ..pixel() };
    for (what, request, application, passes_ms) in [
        ("another platform", ios, None, 0),
        ("another environment", development, None, 0),
        ("another token", rotated, None, 0),
        ("another channel", voip, None, 0),
        ("another device", tablet, None, 0),
        ("another application", pixel(), Some("newer"), 0),
        ("an old item", pixel(), None, WEEK_MS),
    ] {
        let (town, first) = town().await;
        application.into_iter().for_each(|name| town.phones.use_application(name));
        town.clock.pass(passes_ms);
        let now_ms = town.clock.now_ms();
        let next = town.starts(&request).await.expect("subscribed");
        let same_item = request.device == first.device && request.channel == first.channel;
        let expected = Subscription {
            id: if same_item { first.id } else { next.id },
            user: first.user,
            device: request.device.clone(),
            platform: request.platform,
            channel: request.channel,
            environment: request.environment,
            token_hash: token_hash(&request.token),
            endpoint: endpoint_in(application, &request.token),
            subscribed_at_ms: now_ms,
        };
        assert!(next == expected, "{what}");
        let stored = town.store.subscriptions(&user("ann")).await.expect("readable");
        assert!(stored.contains(&expected), "{what}");
        let endpoints: Vec<String> = town.phones.endpoints().into_iter().collect();
        assert_eq!(
            (town.phones.registrations(), endpoints),
            (2, vec![expected.endpoint]),
            "{what}"
        );
        // From now on that is what a repeat is answered from.
        assert!(town.starts(&request).await.expect("subscribed") == next, "{what}");
        assert_eq!(town.phones.registrations(), 2, "{what}");
    }
}

#[tokio::test]
async fn nobody_is_answered_from_an_item_if_the_renewal_is_off() {
    let town = Town::new().await;
    let (ann, off) = (user("ann"), Renewal::after_days(0));
    for registrations in 1..=3 {
        let Town { store, phones, clock, .. } = &town;
        let kept = keep_subscribed(store, phones, clock, off, &ann, &pixel()).await;
        assert_eq!(kept.expect("subscribed").subscribed_at_ms, clock.now_ms());
        assert_eq!(phones.registrations(), registrations);
        clock.pass(1);
    }
}

#[tokio::test]
async fn a_token_that_moved_away_comes_back_by_a_registration() {
    let town = Town::new().await;
    let first = town.starts(&pixel()).await.expect("subscribed");
    town.device("ben", "pixel", "token").await;
    let back = town.starts(&pixel()).await.expect("subscribed");
    assert!(back.subscribed_at_ms > first.subscribed_at_ms);
    assert_eq!((town.store_devices("ben").await, town.phones.registrations()), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn a_device_whose_endpoint_is_being_removed_waits_and_is_registered() {
    let town = Town::new().await;
    let first = town.starts(&pixel()).await.expect("subscribed");
    let until_ms = town.clock.now_ms() + 60_000;
    let begun = town.store.begin_leaving(&first, until_ms).await.expect("written");
    assert_eq!(begun, Outcome::Done);
    // A list of the subscriptions still has it, so that a repeat of the removal does too.
    assert!(town.store.subscriptions(&user("ann")).await.expect("readable") == [first.clone()]);
    let waits = town.starts(&pixel()).await;
    assert!(matches!(waits, Err(SubscribeError::Contended(_))), "{waits:?}");
    // The removal crashed after it had deleted the endpoint, and its note is over.
    town.clock.pass(BEYOND_REMOVAL_MS);
    let now_ms = town.clock.now_ms();
    let next = town.starts(&pixel()).await.expect("subscribed");
    assert!(next == Subscription { subscribed_at_ms: now_ms, ..first });
    assert_eq!(town.phones.registrations(), 2);
    assert!(town.starts(&pixel()).await.expect("subscribed") == next);
    assert_eq!(town.phones.registrations(), 2);
}

#[tokio::test]
async fn a_dead_endpoint_is_removed_by_its_next_push_and_the_next_start_registers_it() {
    let town = Town::new().await;
    town.owner("ann").await;
    let first = town.starts(&pixel()).await.expect("subscribed");
    town.phones.answer("token", &[Delivery::Gone]);
    // Nobody knows yet.
    assert!(town.starts(&pixel()).await.expect("subscribed") == first);
    let (_, told) = town.joins("joy").await;
    assert_eq!((told.push.gone, told.push.sent), (1, 0));
    assert_eq!((town.store_devices("ann").await, town.phones.endpoints().len()), (0, 0));
    let next = town.starts(&pixel()).await.expect("subscribed");
    assert_eq!((next.endpoint, town.phones.registrations()), (endpoint("token"), 2));
    assert_eq!(town.phones.endpoints().len(), 1);
}
