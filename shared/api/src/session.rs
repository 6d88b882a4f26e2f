//! `/session` and `/login`.

use model::{Profile, Session};
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::flag::flag;
use crate::form::unfolded;
use crate::user::{iso8601, own_fields};

/// By what somebody signs in.
#[derive(PartialEq, Eq)]
pub enum Credentials {
    /// A token of an identity provider.
    Token {
        token: String,
        /// The audience that the token has to name, for example the id of a Firebase project.
        audience: Option<String>,
    },
    /// What a person types. The app's own identity server knows whether it is right.
    Password { login: Login, password: String },
}

model::hide_debug!(Credentials);

/// By what a person is known who types a password.
#[derive(PartialEq, Eq)]
pub enum Login {
    Name(String),
    Email(String),
}

model::hide_debug!(Login);

/// A request for a session, or to sign in within one.
#[derive(Debug)]
pub struct SessionRequest {
    /// The app, as it names itself.
    pub application: u64,
    /// By what the user signs in. Absent: it is for an application session.
    pub credentials: Option<Credentials>,
    /// What the app sent with it, so that it can be repeated in the answer.
    nonce: Value,
    /// The request's fields, of which a signature is made.
    pub fields: Map<String, Value>,
}

impl SessionRequest {
    /// Reads the fields of `POST /session` and `POST /login`. The SDKs write credentials in several
    /// ways: as objects, as flat keys such as `firebase_phone[access_token]`, in an object `user` or
    /// beside everything else.
    ///
    /// # Errors
    /// 422 for a guest, and for credentials that have the wrong form. The error never quotes them.
    pub fn read(fields: Map<String, Value>) -> Result<Self, ApiError> {
        let nested = unfolded(&fields)?;
        let user = match nested.get("user") {
            None | Some(Value::Null) => &nested,
            Some(Value::Object(user)) => user,
            Some(_) => return Err(ApiError::unacceptable("user", "must be an object")),
        };
        let is_guest = |fields: &Map<String, Value>| {
            fields
                .get("guest")
                .is_some_and(|guest| !guest.is_null() && flag(Some(guest)) != Some(false))
        };
        if is_guest(&nested) || is_guest(user) {
            let message = "Guests can't be found by their phone: sign in as a user.";
            return Err(ApiError::unacceptable("guest", message));
        }
        let credentials = match credentials(&nested)? {
            None => credentials(user)?,
            found => found,
        };
        let number = |name: &str| {
            nested.get(name).and_then(|value| match value {
                Value::String(text) => text.parse().ok(),
                other => other.as_u64(),
            })
        };
        Ok(Self {
            application: number("application_id").unwrap_or(0),
            credentials,
            nonce: json!(number("nonce")),
            fields,
        })
    }

    /// Returns `{"session":{…}}`, with the profile of the session's user.
    #[must_use]
    pub fn answer(&self, session: &Session, token: &str, profile: Option<&Profile>) -> Value {
        let mut fields = session_fields(session);
        fields.insert("token".to_owned(), token.into());
        fields.insert("nonce".to_owned(), self.nonce.clone());
        if let Some(profile) = profile {
            fields.insert("user".to_owned(), own_fields(profile).into());
        }
        json!({ "session": fields })
    }
}

/// Returns a session as its own client sees it: `{"session":{…}}`.
#[must_use]
pub fn session_json(session: &Session, token: &str) -> Value {
    let mut fields = session_fields(session);
    fields.insert("token".to_owned(), token.into());
    json!({ "session": fields })
}

fn session_fields(session: &Session) -> Map<String, Value> {
    let Session { id, application, user, began_ms, .. } = session;
    let began = iso8601(*began_ms);
    Map::from_iter([
        ("id".to_owned(), id.number().into()),
        ("user_id".to_owned(), user.as_ref().map_or(0, |user| user.id.get()).into()),
        ("application_id".to_owned(), (*application).into()),
        ("ts".to_owned(), (began_ms / 1000).into()),
        ("created_at".to_owned(), began.clone().into()),
        ("updated_at".to_owned(), began.into()),
    ])
}

/// Reads the credentials that are among `fields`.
fn credentials(fields: &Map<String, Value>) -> Result<Option<Credentials>, ApiError> {
    for provider in ["firebase_phone", "firebase_email"] {
        if let Some(named) = object(fields, provider)? {
            let token = text(named, "access_token")?
                .ok_or_else(|| ApiError::unacceptable(provider, "needs an access_token"))?;
            return Ok(Some(Credentials::Token { token, audience: text(named, "project_id")? }));
        }
    }
    if let Some(keys) = object(fields, "keys")? {
        let token =
            text(keys, "token")?.ok_or_else(|| ApiError::unacceptable("keys", "needs a token"))?;
        return Ok(Some(Credentials::Token { token, audience: None }));
    }
    let named = |name: &'static str| -> Result<_, ApiError> {
        Ok(text(fields, name)?.filter(|login| !login.is_empty()))
    };
    let login = match (named("login")?, named("email")?) {
        (Some(name), _) => Login::Name(name),
        (None, Some(email)) => Login::Email(email),
        (None, None) => return Ok(None),
    };
    let password = text(fields, "password")?.unwrap_or_default();
    Ok(Some(Credentials::Password { login, password }))
}

fn object<'a>(
    fields: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a Map<String, Value>>, ApiError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(ApiError::unacceptable(name, "must be an object")),
    }
}

fn text(fields: &Map<String, Value>, name: &'static str) -> Result<Option<String>, ApiError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(ApiError::unacceptable(name, "must be a string")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: Value) -> Result<SessionRequest, ApiError> {
        let Value::Object(fields) = fields else { panic!("an object") };
        SessionRequest::read(fields)
    }

    fn token(audience: Option<&str>) -> Option<Credentials> {
        let audience = audience.map(ToOwned::to_owned);
        Some(Credentials::Token { token: "a.b.c".to_owned(), audience })
    }

    fn password(login: Login) -> Option<Credentials> {
        Some(Credentials::Password { login, password: "secret".to_owned() })
    }

    #[test]
    fn credentials_are_read_in_every_way_in_which_sdks_write_them() {
        let name = |name: &str| Login::Name(name.to_owned());
        for (fields, expected) in [
            (json!({"application_id": 1, "auth_key": "k", "nonce": 2}), None),
            (
                json!({"provider": "firebase_phone", "firebase_phone": {"project_id": "p", "access_token": "a.b.c"}}),
                token(Some("p")),
            ),
            (
                json!({"firebase_phone[project_id]": "p", "firebase_phone[access_token]": "a.b.c"}),
                token(Some("p")),
            ),
            (json!({"firebase_email": {"access_token": "a.b.c"}}), token(None)),
            (json!({"provider": "custom", "keys": {"token": "a.b.c"}}), token(None)),
            (json!({"keys[token]": "a.b.c"}), token(None)),
            (json!({"user": {"login": "alice", "password": "secret"}}), password(name("alice"))),
            (json!({"user[login]": "alice", "user[password]": "secret"}), password(name("alice"))),
            (json!({"login": "alice", "password": "secret"}), password(name("alice"))),
            (json!({"login": 7, "password": "secret"}), password(name("7"))),
            (
                json!({"email": "a@example.com", "password": "secret"}),
                password(Login::Email("a@example.com".to_owned())),
            ),
            (json!({"user": null, "guest": 0}), None),
            (json!({"login": "", "password": "secret"}), None),
        ] {
            let request = read(fields.clone()).expect("readable");
            assert!(request.credentials == expected, "{fields}");
        }
    }

    #[test]
    fn guests_and_credentials_without_sense_are_422_and_not_quoted() {
        for (fields, field) in [
            (json!({"guest": {"full_name": "secret"}}), "guest"),
            (json!({"user": {"guest": 1}}), "guest"),
            (json!({"user": "secret"}), "user"),
            (json!({"firebase_phone": "secret"}), "firebase_phone"),
            (json!({"firebase_phone": {"project_id": "secret"}}), "firebase_phone"),
            (json!({"keys": {"token": ["secret"]}}), "token"),
            (json!({"login": true}), "login"),
        ] {
            let error = read(fields.clone()).expect_err("unacceptable");
            assert_eq!((error.status, error.field), (422, field), "{fields}");
            assert!(!error.message.contains("secret"), "{fields}");
        }
    }
}
