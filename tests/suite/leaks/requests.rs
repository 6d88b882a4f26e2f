//! Requests that are refused. The part of each that is wrong holds something personal.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use serde_json::{Value, json};

use super::deeds::{ALICE, BOB};
use support::requests::request;

type Refused = (&'static str, ApiGatewayV2httpRequest, i64);

fn post(path: &str, body: &Value) -> ApiGatewayV2httpRequest {
    request("POST", path, BOB, Some(body.to_string()))
}

/// Returns the requests that are refused, with the status of each.
pub fn refused() -> Vec<Refused> {
    [unreadable(), unacceptable(), not_theirs()].into_iter().flatten().collect()
}

/// Returns mistakes that an app's own systems may make in a direct request.
pub fn refused_directly() -> Vec<Value> {
    let user = "subject-mark-eve";
    vec![
        json!("Markname"),
        json!({"action": "path-mark", "user_id": user}),
        json!({"action": "register", "user_id": user.repeat(30)}),
        json!({"action": "register", "user_id": user, "phone": 16_505_550_177_u64}),
        json!({"action": "register", "user_id": user, "phone": "5550177"}),
        json!({"action": "register", "user_id": user, "user": {"email": ["mail-mark"]}}),
        json!({"action": "register", "user_id": user, "custom-mark": 1}),
        json!({"action": "update", "user_id": user, "user": {"full_name": "full-mark"}}),
    ]
}

fn unreadable() -> Vec<Refused> {
    let mut not_json = post("/address_book", &json!({"Markname": 1}));
    not_json.headers.insert("content-type", "text/x-custom-mark".parse().expect("a value"));
    let mut not_base64 = request("POST", "/address_book", BOB, Some("Markname%".to_owned()));
    not_base64.is_base64_encoded = true;
    let mut base64 = request("POST", "/users", BOB, Some("TWFya25hbWU=".to_owned()));
    base64.is_base64_encoded = true;
    let large = request("POST", "/address_book", BOB, Some("Markname".repeat(1024 * 1024)));
    vec![
        (
            "malformed upload",
            request("POST", "/address_book", BOB, Some("{\"Markname\": token-mark".to_owned())),
            400,
        ),
        ("malformed user", request("POST", "/users", BOB, Some("[\"mail-mark".to_owned())), 400),
        (
            "malformed subscription",
            request("POST", "/subscriptions", BOB, Some("token-mark".to_owned())),
            400,
        ),
        ("malformed query", request("GET", "/address_book?{%22udid%22:udid-mark", BOB, None), 400),
        (
            "malformed query",
            request("GET", "/address_book/registered_users?{\"udid-mark", BOB, None),
            400,
        ),
        ("not JSON", not_json, 415),
        ("not base64", not_base64, 400),
        ("base64 of text", base64, 400),
        ("too large", large, 413),
    ]
}

fn unacceptable() -> Vec<Refused> {
    let long = format!("udid-mark{}", "x".repeat(64));
    let subscription = |field: &str, value: Value| {
        let mut body = json!({
            "notification_channel": "gcm", "device": {"platform": "android", "udid": "udid-mark"},
            "push_token": {"environment": "production", "client_identification_sequence": "token-mark"},
        });
        *body.pointer_mut(field).expect("a field") = value;
        ("subscription", post("/subscriptions", &body), 422)
    };
    let user =
        |field: &str, value: Value| ("user", post("/users", &json!({"user": {field: value}})), 422);
    vec![
        ("not an object", post("/address_book", &json!("Markname")), 422),
        ("not contacts", post("/address_book", &json!({"contacts": "Markname"})), 422),
        ("not a flag", post("/address_book", &json!({"contacts": [], "force": "Markname"})), 422),
        ("long udid", post("/address_book", &json!({"contacts": [], "udid": long})), 422),
        (
            "not a udid",
            post("/address_book", &json!({"contacts": [], "udid": {"udid-mark": 1}})),
            422,
        ),
        ("long udid", request("GET", &format!("/address_book?udid={long}"), BOB, None), 422),
        (
            "not a flag",
            request("GET", "/address_book/registered_users?compact=custom-mark", BOB, None),
            422,
        ),
        ("not a user", post("/users", &json!({"user": "full-mark"})), 422),
        user("email", json!(["mail-mark"])),
        user("full_name", json!("full-mark".repeat(40))),
        user("custom_data", json!({"custom-mark": 1})),
        user("phone", json!("+16505550177")),
        user("phone", json!("5550177")),
        user("timezone", json!("custom-mark")),
        user("notify_me", json!("custom-mark")),
        user("tag_list", json!(["custom-mark", 1])),
        subscription("/notification_channel", json!("custom-mark")),
        subscription("/notification_channel", json!("apns")),
        subscription("/device/platform", json!("custom-mark")),
        subscription("/device/udid", json!("udid-mark".repeat(8))),
        subscription("/push_token/environment", json!("custom-mark")),
        subscription("/push_token/client_identification_sequence", json!("token-mark".repeat(500))),
    ]
}

fn not_theirs() -> Vec<Refused> {
    let nobody = "subject-mark".repeat(30);
    vec![
        ("no caller", request("GET", "/address_book?udid=udid-mark", &nobody, None), 401),
        ("no caller", request("POST", "/users", &nobody, Some("full-mark".to_owned())), 401),
        ("no route", request("GET", "/path-mark/16505550177", BOB, None), 404),
        ("no route", request("POST", "/users/path-mark/16505550177", BOB, None), 404),
        ("not an id", request("GET", "/users/path-mark", BOB, None), 404),
        ("not an id", request("DELETE", "/subscriptions/16505550177", BOB, None), 404),
        ("another's profile", request("GET", "/users/1", ALICE, None), 404),
        (
            "another's profile",
            request("PUT", "/users/1", ALICE, Some(super::profile().to_string())),
            403,
        ),
        ("another's export", request("GET", "/users/1/export", ALICE, None), 403),
        ("another's account", request("DELETE", "/users/1", ALICE, None), 403),
    ]
}
