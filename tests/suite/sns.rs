//! Tests of endpoints and pushes against a server of SNS that nobody here wrote. `tests/sns/run`
//! starts one and runs these.

use std::collections::HashMap;

use aws_sdk_sns::Client;
use aws_sdk_sns::config::{BehaviorVersion, Credentials, Region};
use lambda::config::Variables;
use model::{Channel, Platform, PushEnvironment, Subscription};
use protocol::push::{Delivery, EndpointState, EndpointStates, FcmStyle, Push, Pusher, Sns};
use protocol::{
    PhoneClaim, ProfilePatch, SubscribeRequest, delete_account, sign_up, subscribe, unsubscribe,
};
use serde_json::{Value, json};
use store::{Store, SubscriptionStore};

use crate::invariants::TickingClock;
use support::embedded::database;
use support::{phone, user};

/// Returns the server's address: `http://127.0.0.1:PORT`.
fn server() -> String {
    std::env::var("SNS_ENDPOINT_URL").expect("tests/sns/run sets SNS_ENDPOINT_URL")
}

fn client() -> Client {
    let config = aws_sdk_sns::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(server())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

struct Fixed(HashMap<&'static str, String>);

impl Variables for Fixed {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

/// A deployment with its own platform applications. Its tokens have to be its own too, because moto
/// treats two endpoints with one token as the same one, even in different applications.
struct Deployment {
    store: Store,
    client: Client,
    sns: Sns,
    clock: TickingClock,
    applications: HashMap<&'static str, String>,
}

const PLATFORMS: [(&str, &str); 5] = [
    ("APNS_APPLICATION_ARN", "APNS"),
    ("APNS_SANDBOX_APPLICATION_ARN", "APNS_SANDBOX"),
    ("APNS_VOIP_APPLICATION_ARN", "APNS_VOIP"),
    ("APNS_VOIP_SANDBOX_APPLICATION_ARN", "APNS_VOIP_SANDBOX"),
    ("FCM_APPLICATION_ARN", "GCM"),
];

impl Deployment {
    async fn new(name: &str) -> Self {
        let client = client();
        let mut applications = HashMap::new();
        for (variable, platform) in PLATFORMS {
            let created = client.create_platform_application().name(name).platform(platform);
            let created =
                created.attributes("PlatformCredential", "none").send().await.expect("created");
            applications.insert(variable, created.platform_application_arn.expect("an ARN"));
        }
        let configured = lambda::config::applications(&Fixed(applications.clone())).expect("ARNs");
        let sns = Sns::new(client.clone(), configured, FcmStyle::Data);
        Self {
            store: database().await.store(),
            client,
            sns,
            clock: TickingClock::default(),
            applications,
        }
    }

    async fn subscribe(
        &self,
        name: &str,
        channel: Channel,
        environment: PushEnvironment,
        token: &str,
    ) -> Subscription {
        let request = SubscribeRequest {
            device: "pixel".parse().expect("a udid"),
            platform: if channel == Channel::Gcm { Platform::Android } else { Platform::Ios },
            channel,
            environment,
            token: token.to_owned(),
        };
        subscribe(&self.store, &self.sns, &self.clock, &user(name), &request)
            .await
            .expect("subscribed")
    }

    /// Returns the endpoints of all applications.
    async fn endpoints(&self) -> Vec<String> {
        let mut endpoints = vec![];
        for application in self.applications.values() {
            let listed = self
                .client
                .list_endpoints_by_platform_application()
                .platform_application_arn(application);
            let listed = listed.send().await.expect("listed").endpoints.unwrap_or_default();
            endpoints.extend(listed.into_iter().filter_map(|endpoint| endpoint.endpoint_arn));
        }
        endpoints.sort();
        endpoints
    }

    async fn attribute(&self, endpoint: &str, name: &str) -> Option<String> {
        let got = self
            .client
            .get_endpoint_attributes()
            .endpoint_arn(endpoint)
            .send()
            .await
            .expect("an endpoint");
        got.attributes?.remove(name)
    }

    async fn set(&self, endpoint: &str, name: &str, value: &str) {
        let set =
            self.client.set_endpoint_attributes().endpoint_arn(endpoint).attributes(name, value);
        set.send().await.expect("set");
    }

    async fn devices(&self, name: &str) -> Vec<Subscription> {
        self.store.subscriptions(&user(name)).await.expect("readable")
    }
}

fn push() -> Push {
    Push {
        text: "\"Zoë\" %s 😀 שלום is here".to_owned(),
        joiner: model::PublicId::new(212).expect("an id"),
        phone: phone("16505550123"),
    }
}

const PRODUCTION: PushEnvironment = PushEnvironment::Production;

#[tokio::test]
#[ignore = "needs a server of SNS: tests/sns/run"]
async fn every_channel_and_environment_has_its_application() {
    let deployment = Deployment::new("applications").await;
    for (n, (channel, environment, platform)) in [
        (Channel::Apns, PRODUCTION, "APNS"),
        (Channel::Apns, PushEnvironment::Development, "APNS_SANDBOX"),
        (Channel::ApnsVoip, PRODUCTION, "APNS_VOIP"),
        (Channel::ApnsVoip, PushEnvironment::Development, "APNS_VOIP_SANDBOX"),
        (Channel::Gcm, PRODUCTION, "GCM"),
        (Channel::Gcm, PushEnvironment::Development, "GCM"),
    ]
    .into_iter()
    .enumerate()
    {
        let subscription =
            deployment.subscribe("ann", channel, environment, &format!("aabb{n:04x}")).await;
        assert!(
            subscription.endpoint.contains(&format!(":endpoint/{platform}/")),
            "{}",
            subscription.endpoint
        );
    }
    // Only the last subscription of each channel is left, and its endpoint.
    assert_eq!(deployment.devices("ann").await.len(), 3);
    assert_eq!(deployment.endpoints().await.len(), 3);
}

#[tokio::test]
#[ignore = "needs a server of SNS: tests/sns/run"]
async fn subscribing_again_finds_the_endpoint_and_enables_it() {
    let deployment = Deployment::new("again").await;
    let first = deployment.subscribe("ann", Channel::Gcm, PRODUCTION, "token 1").await;
    let again = deployment.subscribe("ann", Channel::Gcm, PRODUCTION, "token 1").await;
    assert_eq!((&again.endpoint, again.id), (&first.endpoint, first.id));
    deployment.set(&first.endpoint, "Enabled", "false").await;
    let enabled = deployment.subscribe("ann", Channel::Gcm, PRODUCTION, "token 1").await;
    assert_eq!(enabled.endpoint, first.endpoint);
    assert_eq!(deployment.attribute(&first.endpoint, "Enabled").await.as_deref(), Some("true"));
    assert_eq!(deployment.endpoints().await, [first.endpoint]);
}

#[tokio::test]
#[ignore = "needs a server of SNS: tests/sns/run"]
async fn an_endpoint_that_somebody_made_with_other_attributes_is_taken_over() {
    let deployment = Deployment::new("foreign").await;
    let made = deployment.client.create_platform_endpoint();
    let made = made.platform_application_arn(&deployment.applications["FCM_APPLICATION_ARN"]);
    let made =
        made.token("token 2").custom_user_data("somebody else's").send().await.expect("made");
    let subscription = deployment.subscribe("ann", Channel::Gcm, PRODUCTION, "token 2").await;
    assert_eq!(Some(subscription.endpoint), made.endpoint_arn);
}

#[tokio::test]
#[ignore = "needs a server of SNS: tests/sns/run"]
async fn endpoints_are_deleted_with_their_subscriptions() {
    let deployment = Deployment::new("gone").await;
    let old = deployment.subscribe("ann", Channel::Gcm, PRODUCTION, "old 3").await;
    let new = deployment.subscribe("ann", Channel::Gcm, PRODUCTION, "new 3").await;
    assert_ne!(old.endpoint, new.endpoint);
    assert_eq!(
        deployment.endpoints().await,
        std::slice::from_ref(&new.endpoint),
        "a rotated token's endpoint is deleted"
    );

    let moved = deployment.subscribe("ben", Channel::Gcm, PRODUCTION, "new 3").await;
    assert_eq!(moved.endpoint, new.endpoint);
    assert_eq!((deployment.devices("ann").await.len(), deployment.endpoints().await.len()), (0, 1));

    unsubscribe(&deployment.store, &deployment.sns, &deployment.clock, &user("ben"), moved.id)
        .await
        .expect("unsubscribed");
    assert_eq!(deployment.endpoints().await, [""; 0]);

    let patch = ProfilePatch::default();
    let joy =
        sign_up(&deployment.store, &deployment.clock, &user("joy"), PhoneClaim::None, &patch).await;
    deployment.subscribe("joy", Channel::Gcm, PRODUCTION, "token 3").await;
    deployment.subscribe("joy", Channel::Apns, PRODUCTION, "00ff0003").await;
    let id = joy.expect("signed up").id;
    delete_account(&deployment.store, &deployment.sns, &deployment.clock, &user("joy"), id)
        .await
        .expect("deleted");
    assert_eq!(deployment.endpoints().await, [""; 0]);
}

#[tokio::test]
#[ignore = "needs a server of SNS: tests/sns/run"]
async fn two_calls_at_once_leave_one_subscription_with_a_living_endpoint() {
    let deployment = Deployment::new("at-once").await;
    for round in 0..5 {
        let (first, second) = (format!("first {round}"), format!("second {round}"));
        tokio::join!(
            deployment.subscribe("ann", Channel::Gcm, PRODUCTION, &first),
            deployment.subscribe("ann", Channel::Gcm, PRODUCTION, &second),
            deployment.subscribe("ann", Channel::Gcm, PRODUCTION, &first),
        );
        let left = deployment.devices("ann").await;
        assert_eq!(left.len(), 1, "round {round}");
        assert_eq!(
            deployment.attribute(&left[0].endpoint, "Enabled").await.as_deref(),
            Some("true"),
            "round {round}"
        );
        assert_eq!(deployment.sns.push(&left[0], &push()).await, Delivery::Sent, "round {round}");
    }
}

#[tokio::test]
#[ignore = "needs a server of SNS: tests/sns/run"]
async fn a_push_arrives_unchanged_and_one_to_a_dead_endpoint_is_reported_as_gone() {
    let deployment = Deployment::new("pushes").await;
    let android = deployment.subscribe("ann", Channel::Gcm, PRODUCTION, "token 5").await;
    assert_eq!(deployment.sns.push(&android, &push()).await, Delivery::Sent);
    let data = published(&android.endpoint).await;
    assert_eq!(data["message"], push().text);
    assert_eq!((&data["id"], &data["phone"]), (&json!("212"), &json!("16505550123")));

    deployment.set(&android.endpoint, "Enabled", "false").await;
    assert_eq!(deployment.sns.push(&android, &push()).await, Delivery::Gone);
    deployment
        .client
        .delete_endpoint()
        .endpoint_arn(&android.endpoint)
        .send()
        .await
        .expect("deleted");
    assert_eq!(deployment.sns.push(&android, &push()).await, Delivery::Gone);
}

#[tokio::test]
#[ignore = "needs a server of SNS: tests/sns/run"]
async fn an_endpoint_is_enabled_disabled_or_gone() {
    let deployment = Deployment::new("states").await;
    let device = deployment.subscribe("ann", Channel::Gcm, PRODUCTION, "token 6").await;
    let state = async || deployment.sns.state(&device.endpoint).await.expect("answered");
    assert_eq!(state().await, EndpointState::Enabled);
    deployment.set(&device.endpoint, "Enabled", "false").await;
    assert_eq!(state().await, EndpointState::Disabled);
    let deleted = deployment.client.delete_endpoint().endpoint_arn(&device.endpoint).send().await;
    deleted.expect("deleted");
    assert_eq!(state().await, EndpointState::Gone);
}

/// Returns the data of the last message that the server accepted for an endpoint, as the server
/// reports it.
async fn published(endpoint: &str) -> Value {
    let address = server().trim_start_matches("http://").parse().expect("an address");
    let (status, body) =
        support::http::send(address, "GET", "/moto-api/data.json", "none", b"").await;
    assert_eq!(status, 200);
    let told: Value = serde_json::from_str(&body).expect("JSON");
    let endpoints = told["sns"]["PlatformEndpoint"].as_array().expect("endpoints");
    let of = endpoints.iter().find(|told| told["arn"] == endpoint).expect("the endpoint");
    let text = of["messages"]
        .as_object()
        .and_then(|messages| messages.values().next_back())
        .and_then(Value::as_str);
    let message: Value = serde_json::from_str(text.expect("a message")).expect("JSON");
    let payload: Value =
        serde_json::from_str(message["GCM"].as_str().expect("a text")).expect("JSON in a text");
    payload["fcmV1Message"]["message"]["data"].clone()
}
