//! Tests of answers that SNS gives, and that a server of ours can't be made to give. They are
//! recorded, and come through the real client.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use model::{Channel, Platform, PublicId, PushEnvironment, Subscription, SystemClock};
use protocol::Renewal;
use protocol::push::{Delivery, EndpointError, Endpoints, FcmStyle, Push, Pusher, Sns, Token};

use support::requests::{read, request};
use support::services::sns_over;
use support::{phone, user};

/// An answer, or `None` if the connection is cut before it comes.
type Answer = Option<(u16, String)>;

/// Gives the answers in turn, the last one again and again, and keeps the requests.
#[derive(Clone, Debug)]
struct Recorded {
    answers: Arc<Mutex<Vec<Answer>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Recorded {
    fn new(answers: &[Answer]) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.to_vec())), asked: Arc::default() }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }

    fn sns(&self) -> Sns {
        Sns::new(
            sns_over(self.clone()),
            lambda::config::applications(&Fcm).expect("an ARN"),
            FcmStyle::Data,
        )
    }
}

impl HttpConnector for Recorded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked =
            String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        self.asked.lock().expect("no panic").push(asked);
        let mut answers = self.answers.lock().expect("no panic");
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        HttpConnectorFuture::ready(match answer {
            Some((status, body)) => {
                Ok(HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body)))
            }
            None => Err(ConnectorError::io("cut".into())),
        })
    }
}

/// The environment of a deployment with Firebase alone.
struct Fcm;

const APPLICATION: &str = "arn:aws:sns:us-east-1:123456789012:app/GCM/app";
const ENDPOINT: &str = "arn:aws:sns:us-east-1:123456789012:endpoint/GCM/app/5f1b";

impl lambda::config::Variables for Fcm {
    fn get(&self, name: &str) -> Option<String> {
        (name == "FCM_APPLICATION_ARN").then(|| APPLICATION.to_owned())
    }
}

fn failed(status: u16, code: &str, message: &str) -> Answer {
    let error = format!(
        "<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Some((status, format!("<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>")))
}

fn done(operation: &str, result: &str) -> Answer {
    Some((
        200,
        format!(
            "<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"
        ),
    ))
}

fn published() -> Answer {
    done("Publish", "<MessageId>m</MessageId>")
}

fn subscription() -> Subscription {
    Subscription {
        id: PublicId::new(7).expect("an id"),
        user: user("ann"),
        device: "pixel".parse().expect("a udid"),
        channel: Channel::Gcm,
        platform: Platform::Android,
        environment: PushEnvironment::Production,
        token_hash: store::token_hash("token"),
        endpoint: ENDPOINT.to_owned(),
        subscribed_at_ms: 0,
    }
}

fn push() -> Push {
    Push {
        text: "Zoë is here".to_owned(),
        joiner: PublicId::new(212).expect("an id"),
        phone: phone("16505550123"),
    }
}

#[tokio::test(start_paused = true)]
async fn every_answer_of_sns_is_about_the_device_the_push_or_the_moment() {
    let no_endpoint =
        "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified";
    for (answer, expected) in [
        (published(), Delivery::Sent),
        (failed(400, "EndpointDisabled", "Endpoint is disabled"), Delivery::Gone),
        (failed(404, "NotFound", "Endpoint does not exist"), Delivery::Gone),
        (failed(400, "InvalidParameter", no_endpoint), Delivery::Gone),
        (failed(400, "InvalidParameter", "Invalid parameter: Message too long"), Delivery::Refused),
        (failed(400, "ParameterValueInvalid", "Invalid"), Delivery::Refused),
        (failed(400, "Throttling", "Rate exceeded"), Delivery::Throttled),
        (failed(400, "ThrottlingException", "Rate exceeded"), Delivery::Throttled),
        (failed(500, "InternalError", "Internal"), Delivery::Unavailable),
        (failed(503, "ServiceUnavailable", "Busy"), Delivery::Unavailable),
        (failed(400, "PlatformApplicationDisabled", "Disabled"), Delivery::ApplicationDisabled),
        (failed(403, "AuthorizationError", "Not authorized"), Delivery::Unavailable),
        (Some((502, "<html>".to_owned())), Delivery::Unanswered),
        (None, Delivery::Unanswered),
    ] {
        let told =
            Recorded::new(std::slice::from_ref(&answer)).sns().push(&subscription(), &push()).await;
        assert_eq!(told, expected, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_client_does_not_repeat_a_push_by_itself() {
    for (lost, expected) in [
        (None, Delivery::Unanswered),
        (failed(500, "InternalError", "Internal"), Delivery::Unavailable),
        (failed(400, "Throttling", "Rate exceeded"), Delivery::Throttled),
    ] {
        let recorded = Recorded::new(&[lost.clone(), published()]);
        assert_eq!(recorded.sns().push(&subscription(), &push()).await, expected, "{lost:?}");
        assert_eq!(recorded.asked().len(), 1, "{lost:?}");
    }
}

#[tokio::test]
async fn a_push_that_found_no_connection_was_not_sent() {
    let config = aws_sdk_sns::Config::builder()
        .behavior_version(aws_sdk_sns::config::BehaviorVersion::latest())
        .region(aws_sdk_sns::config::Region::from_static("us-east-1"))
        .allow_no_auth()
        // A port at which nobody listens.
        .endpoint_url("http://127.0.0.1:1")
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let applications = lambda::config::applications(&Fcm).expect("an ARN");
    let sns = Sns::new(aws_sdk_sns::Client::from_conf(config), applications, FcmStyle::Data);
    assert_eq!(sns.push(&subscription(), &push()).await, Delivery::Unavailable);
}

#[tokio::test]
async fn a_push_is_published_to_its_endpoint_as_json_with_its_attributes() {
    let recorded = Recorded::new(&[published()]);
    let ios = Subscription { channel: Channel::Apns, platform: Platform::Ios, ..subscription() };
    recorded.sns().push(&ios, &push()).await;
    let asked = recorded.asked();
    let fields: std::collections::BTreeMap<String, String> =
        form_urlencoded::parse(asked[0].as_bytes())
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
    assert_eq!((fields["Action"].as_str(), fields["TargetArn"].as_str()), ("Publish", ENDPOINT));
    assert_eq!(fields["MessageStructure"], "json");
    let message: serde_json::Value = serde_json::from_str(&fields["Message"]).expect("JSON");
    assert_eq!(message["default"], "Zoë is here");
    let mut attributes: Vec<(&str, &str)> = (1..=4)
        .map(|n| {
            let part = |part: &str| fields[&format!("MessageAttributes.entry.{n}.{part}")].as_str();
            (part("Name"), part("Value.StringValue"))
        })
        .collect();
    attributes.sort_unstable();
    let expected = [
        ("AWS.SNS.MOBILE.APNS.COLLAPSE_ID", "join-212"),
        ("AWS.SNS.MOBILE.APNS.PRIORITY", "10"),
        ("AWS.SNS.MOBILE.APNS.PUSH_TYPE", "alert"),
        ("AWS.SNS.MOBILE.APNS.TTL", "604800"),
    ];
    assert_eq!(attributes, expected);
}

async fn register(answers: &[Answer]) -> (Result<String, EndpointError>, usize) {
    let recorded = Recorded::new(answers);
    let (user, device) = (user("ann"), "pixel".parse().expect("a udid"));
    let (channel, environment) = (Channel::Gcm, PushEnvironment::Production);
    let token = Token { user: &user, device: &device, channel, environment, token: "token" };
    (recorded.sns().register(token).await, recorded.asked().len())
}

#[tokio::test(start_paused = true)]
async fn a_token_is_registered_by_creating_looking_setting_and_creating_again() {
    let created = done("CreatePlatformEndpoint", &format!("<EndpointArn>{ENDPOINT}</EndpointArn>"));
    let entry =
        |key: &str, value: &str| format!("<entry><key>{key}</key><value>{value}</value></entry>");
    let attributes = |enabled: &str, token: &str| {
        let entries = entry("Enabled", enabled) + &entry("Token", token);
        done("GetEndpointAttributes", &format!("<Attributes>{entries}</Attributes>"))
    };
    let (well, disabled) = (attributes("true", "token"), attributes("false", "token"));
    let set = done("SetEndpointAttributes", "");
    let exists = format!(
        "Invalid parameter: Token Reason: Endpoint {ENDPOINT} already exists with the same Token, but different attributes."
    );
    let exists = failed(400, "InvalidParameter", &exists);
    let gone = failed(404, "NotFound", "Endpoint does not exist");
    for (name, answers) in [
        ("new", vec![&created, &well]),
        ("disabled", vec![&created, &disabled, &set]),
        ("another token", vec![&created, &attributes("true", "other"), &set]),
        ("other attributes", vec![&exists, &well]),
        ("gone when looked at", vec![&created, &gone, &created, &well]),
        ("gone when set", vec![&created, &disabled, &gone, &created, &well]),
    ] {
        let answers: Vec<Answer> = answers.into_iter().cloned().collect();
        let (registered, calls) = register(&answers).await;
        assert_eq!((registered.ok().as_deref(), calls), (Some(ENDPOINT), answers.len()), "{name}");
    }
    let (given_up, _) =
        register(&[created.clone(), gone.clone(), created.clone(), gone.clone(), created, gone])
            .await;
    assert!(matches!(given_up, Err(EndpointError::Unavailable { .. })), "{given_up:?}");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_sns_refuses_is_the_clients_mistake_and_all_else_is_not() {
    let refused = failed(
        400,
        "InvalidParameter",
        "Invalid parameter: Token Reason: must be at most 400 bytes",
    );
    assert!(matches!(register(&[refused]).await.0, Err(EndpointError::BadToken)));
    for answer in
        [failed(400, "Throttling", "Rate exceeded"), failed(500, "InternalError", "Internal"), None]
    {
        let (registered, _) = register(std::slice::from_ref(&answer)).await;
        assert!(matches!(registered, Err(EndpointError::Unavailable { .. })), "{answer:?}");
    }
}

#[tokio::test]
async fn a_channel_without_an_application_is_422_with_a_sentence_and_asks_sns_nothing() {
    let recorded = Recorded::new(&[published()]);
    let store = support::embedded::database().await.store();
    for channel in ["apns", "apns_voip"] {
        let body = serde_json::json!({
            "notification_channel": channel, "device": {"platform": "ios", "udid": "iphone"},
            "push_token": {"environment": "production", "client_identification_sequence": "00ff"},
        });
        let event = request("POST", "/subscriptions", "ann", Some(body.to_string()));
        let answer =
            subscriptions::handle(&store, &recorded.sns(), &SystemClock, Renewal::default(), event)
                .await;
        let sentence = "This channel is not set up: no platform application is configured for it.";
        let expected = serde_json::json!({"errors": {"notification_channel": [sentence]}});
        assert_eq!(read(&answer), (422, expected), "{channel}");
    }
    assert_eq!(recorded.asked(), [""; 0]);
}
