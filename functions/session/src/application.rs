//! The app's own key and secret, which its SDK proves to have when it asks for a session.

use aws_lc_rs::{constant_time, hmac};
use model::hide_debug;
use serde_json::{Map, Value};

/// The key and the secret of an app. What is absent isn't compared.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Application {
    pub auth_key: Option<String>,
    pub auth_secret: Option<String>,
}

hide_debug!(Application);

impl Application {
    /// Returns whether a request for a session has the app's key, and is signed with its secret.
    #[must_use]
    pub fn has_sent(&self, fields: &Map<String, Value>) -> bool {
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let key = self.auth_key.as_ref().is_none_or(|key| {
            constant_time::verify_slices_are_equal(key.as_bytes(), text("auth_key").as_bytes())
                .is_ok()
        });
        let signature = self
            .auth_secret
            .as_ref()
            .is_none_or(|secret| is_signed(secret, fields, text("signature")));
        key && signature
    }
}

/// Returns whether `signature` is that of `fields`: an HMAC of their sorted pairs, in hexadecimal
/// digits. The SDKs make it with SHA-1, or with SHA-256 where an app says so.
fn is_signed(secret: &str, fields: &Map<String, Value>, signature: &str) -> bool {
    let algorithm = match signature.len() {
        40 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        64 => hmac::HMAC_SHA256,
        _ => return false,
    };
    let tag =
        hmac::sign(&hmac::Key::new(algorithm, secret.as_bytes()), signed_text(fields).as_bytes());
    let expected: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let signature = signature.to_ascii_lowercase();
    constant_time::verify_slices_are_equal(expected.as_bytes(), signature.as_bytes()).is_ok()
}

/// Returns the text that is signed: all fields but the signature as `name=value`, sorted and joined
/// with `&`, values as they are. The fields of an object are `name[field]=value`, sorted among
/// themselves.
fn signed_text(fields: &Map<String, Value>) -> String {
    let pair = |name: &str, value: &Value| match value {
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    };
    let mut groups: Vec<String> = fields
        .iter()
        .filter(|(name, _)| *name != "signature")
        .map(|(name, value)| match value {
            Value::Object(inner) => {
                let inner =
                    inner.iter().map(|(field, value)| pair(&format!("{name}[{field}]"), value));
                let mut pairs: Vec<_> = inner.collect();
                pairs.sort();
                pairs.join("&")
            }
            value => pair(name, value),
        })
        .collect();
    groups.sort();
    groups.join("&")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A request as npm `quickblox` 2.23.0 signs it with the secret `secret`.
    fn request() -> Map<String, Value> {
        let fields = json!({
            "application_id": "1", "auth_key": "key", "nonce": "8720", "timestamp": "1795955256",
            "user": {"login": "alice:+1415", "password": "p w"},
        });
        fields.as_object().expect("an object").clone()
    }

    #[test]
    fn the_signed_text_is_that_of_the_sdk() {
        assert_eq!(
            signed_text(&request()),
            "application_id=1&auth_key=key&nonce=8720&timestamp=1795955256&user[login]=alice:+1415&user[password]=p w"
        );
    }

    #[test]
    fn what_is_not_configured_is_not_compared() {
        let signed = |algorithm, secret: &str| {
            let mut fields = request();
            let key = hmac::Key::new(algorithm, secret.as_bytes());
            let tag = hmac::sign(&key, signed_text(&fields).as_bytes());
            let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
            fields.insert("signature".to_owned(), digits.into());
            fields
        };
        let (sha1, sha256) = (hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA256);
        let of = |key: Option<&str>, secret: Option<&str>| Application {
            auth_key: key.map(ToOwned::to_owned),
            auth_secret: secret.map(ToOwned::to_owned),
        };
        for (application, fields, expected) in [
            (of(None, None), request(), true),
            (of(Some("key"), None), request(), true),
            (of(Some("other"), None), request(), false),
            (of(Some("key"), None), Map::new(), false),
            (of(Some("key"), Some("secret")), signed(sha1, "secret"), true),
            (of(None, Some("secret")), signed(sha256, "secret"), true),
            (of(None, Some("secret")), signed(sha1, "guess"), false),
            (of(None, Some("secret")), request(), false),
        ] {
            assert_eq!(application.has_sent(&fields), expected);
        }
    }
}
