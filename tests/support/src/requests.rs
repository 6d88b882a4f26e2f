//! Requests as API Gateway sends them.

use api::EventBuilder;
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use cognito_sign_up::PostConfirmation;
use model::{Clock, Session, SessionUser, SystemClock, UserId};
use serde_json::{Value, json};
use store::{AccountStore, Outcome, SessionStore, Store};

/// Returns a request with this token, which is a user id with an optional phone after a colon.
pub fn request(
    method: &str,
    path_and_query: &str,
    token: &str,
    body: Option<String>,
) -> ApiGatewayV2httpRequest {
    let event = EventBuilder::new(method, path_and_query)
        .request_id("test")
        .header("content-type", "application/json")
        .token(token);
    match body {
        Some(body) => event.body(body.as_bytes()),
        None => event,
    }
    .build()
}

/// Returns a request with the token of a session.
pub fn in_session(
    method: &str,
    path_and_query: &str,
    token: &str,
    body: Option<&Value>,
) -> ApiGatewayV2httpRequest {
    let event = EventBuilder::new(method, path_and_query).header("cb-token", token);
    body.map_or(event.clone(), |body| event.json(body)).build()
}

/// Begins a session of a user who has signed up, and returns its token. It is an application session
/// that has become theirs, so each request reads whose it is.
pub async fn begin_session(store: &Store, user: &UserId) -> String {
    let subject = store.subject(user).await.expect("readable");
    let (id, generation) = (subject.id.expect("they have signed up"), subject.generation);
    let theirs = SessionUser { user: user.clone(), id, generation, proven: None };
    let began_ms = SystemClock.now_ms();
    let until_ms = began_ms + 60 * 60 * 1000;
    let id = store.new_session_id();
    let session = Session { id, application: 1, user: None, began_ms, until_ms };
    let bound = store.bind_session(&session, Some(&theirs)).await.expect("written");
    assert_eq!(bound, Outcome::Done);
    store.session_token(&session).expect("there are keys")
}

/// Returns the request with which an Android device of `token`'s user subscribes.
pub fn subscription(token: &str, device: &str) -> ApiGatewayV2httpRequest {
    let body = json!({
        "notification_channel": "gcm", "device": {"platform": "android", "udid": device},
        "push_token": {"environment": "production", "client_identification_sequence": format!("{token} {device}")},
    });
    request("POST", "/subscriptions", token, Some(body.to_string()))
}

/// Returns the event that Cognito sends when it has confirmed a user with these attributes.
pub fn confirmed(attributes: &Value) -> PostConfirmation {
    let event = json!({
        "version": "1", "triggerSource": "PostConfirmation_ConfirmSignUp", "region": "us-east-1",
        "userPoolId": "us-east-1_EXAMPLE", "userName": attributes["sub"],
        "callerContext": {"awsSdkVersion": "1", "clientId": "client"},
        "request": {"userAttributes": attributes}, "response": {},
    });
    serde_json::from_value(event).expect("an event")
}

/// Returns the status and the JSON body of an answer.
pub fn read(response: &ApiGatewayV2httpResponse) -> (i64, Value) {
    let Some(Body::Text(text)) = &response.body else { panic!("the answer has no text") };
    (response.status_code, serde_json::from_str(text).expect("an answer is JSON"))
}
