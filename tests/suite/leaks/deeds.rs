//! What happens on the stage: the deeds of the story.

use serde_json::{Value, json};

use super::profile;

/// One step of the story. `{alice}`, `{bob}` and `{subscription}` in a path stand for ids.
#[derive(Clone)]
pub enum Deed {
    Http(&'static str, &'static str, &'static str, Option<Value>),
    /// The stream's new records.
    Stream,
    /// The messages that the stream's records became.
    Messages,
    Cognito,
    /// A direct request of an app's own systems.
    Direct(Value),
}

impl std::fmt::Debug for Deed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Http(method, path, ..) => write!(f, "{method} {path}"),
            Self::Stream => f.write_str("Stream"),
            Self::Messages => f.write_str("Messages"),
            Self::Cognito => f.write_str("Cognito"),
            Self::Direct(_) => f.write_str("Direct"),
        }
    }
}

pub const ALICE: &str = "subject-mark-alice:+16505550177";
pub const BOB: &str = "subject-mark-bob:+14155550166";

/// Returns the story. Bob has Alice in his books, and she signs up. Then he reads, edits and
/// leaves.
pub fn story() -> Vec<Deed> {
    let subscription = json!({
        "notification_channel": "gcm", "device": {"platform": "android", "udid": "udid-mark"},
        "push_token": {"environment": "production", "client_identification_sequence": "token-mark"},
    });
    let alice = json!({"name": "Markname Alice", "phone": "(650) 555-0177"});
    let global =
        json!({"contacts": [alice, {"name": "Markname Other", "phone": "+1 415 5550188"}]});
    let device = json!({"udid": "udid-mark", "contacts": [{"name": "Markname at work", "phone": "+16505550177"}]});
    let edit = json!({"contacts": [{"name": "Markname A.", "phone": "+16505550177"}, {"phone": "+14155550188", "destroy": 1}]});
    let in_session = json!({"login": "subject-mark-bob:+14155550166", "password": "token-mark"});
    let by_token = json!({"keys": {"token": "ey-token-mark.ey-token-mark.token-mark"}});
    vec![
        Deed::Http("POST", "/users", BOB, Some(profile())),
        Deed::Http("POST", "/subscriptions", BOB, Some(subscription)),
        Deed::Http("POST", "/address_book", BOB, Some(global)),
        Deed::Http("POST", "/address_book", BOB, Some(device)),
        Deed::Http("POST", "/users", ALICE, Some(profile())),
        Deed::Http("GET", "/address_book/registered_users", ALICE, None),
        Deed::Stream,
        Deed::Messages,
        Deed::Http("GET", "/address_book", BOB, None),
        Deed::Http("GET", "/address_book?udid=udid-mark", BOB, None),
        Deed::Http("GET", "/address_book/registered_users", BOB, None),
        Deed::Http("GET", "/address_book/registered_users?compact=1&udid=udid-mark", BOB, None),
        Deed::Http("GET", "/users/{bob}", BOB, None),
        Deed::Http(
            "PUT",
            "/users/{bob}",
            BOB,
            Some(json!({"user": {"full_name": "full-mark again"}})),
        ),
        Deed::Http("GET", "/users/{bob}/export", BOB, None),
        Deed::Http("GET", "/subscriptions", BOB, None),
        Deed::Http("POST", "/address_book", BOB, Some(edit)),
        Deed::Http("POST", "/address_book", BOB, Some(json!({"contacts": [], "force": 1}))),
        Deed::Http("DELETE", "/address_book?udid=udid-mark", BOB, None),
        Deed::Http("DELETE", "/subscriptions/{subscription}", BOB, None),
        Deed::Cognito,
        Deed::Direct(
            json!({"action": "register", "user_id": "subject-mark-eve", "phone": "+16505550177",
                            "user": {"full_name": "full-mark"}}),
        ),
        Deed::Direct(json!({"action": "remove", "user_id": "subject-mark-eve"})),
        Deed::Http("POST", "/session", BOB, Some(in_session.clone())),
        Deed::Http("POST", "/session", BOB, Some(by_token)),
        Deed::Http("POST", "/login", "", Some(in_session)),
        Deed::Http("DELETE", "/users/{bob}", BOB, None),
        Deed::Stream,
        Deed::Messages,
    ]
}

impl Deed {
    /// Returns deeds that read everything that is stored, and write a little.
    pub fn readers() -> Vec<Self> {
        let rename = json!({"contacts": [{"name": "Markname anew", "phone": "+16505550177"}]});
        let story = story();
        let mut readers: Vec<Self> = story[8..15].to_vec();
        readers.extend([
            Self::Http("POST", "/address_book", BOB, Some(rename)),
            story[0].clone(),
            story[1].clone(),
        ]);
        readers.extend([Self::Stream, Self::Messages]);
        readers
    }
}
