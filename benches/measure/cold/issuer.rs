//! An issuer of OpenID tokens, which the stub serves beside the database.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{Clock, SystemClock};
use serde_json::{Value, json};

/// The issuer: its one key.
pub struct Issuer(EcdsaKeyPair);

impl Issuer {
    pub fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"))
    }

    /// Returns what the issuer named `name` has at `path`.
    pub fn document(&self, name: &str, path: &str) -> Option<Value> {
        match path {
            "/.well-known/openid-configuration" => {
                Some(json!({"issuer": name, "jwks_uri": format!("{name}/keys")}))
            }
            "/keys" => {
                let point = self.0.public_key().as_ref();
                let (x, y) = point[1..].split_at(32);
                let key = json!({"kty": "EC", "crv": "P-256", "kid": "1", "use": "sig",
                                 "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)});
                Some(json!({ "keys": [key] }))
            }
            _ => None,
        }
    }

    /// Returns a token of the issuer named `name` for this user, for the audience `app`.
    pub fn token(&self, name: &str, user: &str) -> String {
        let now = SystemClock.now_seconds();
        let claims =
            json!({"iss": name, "aud": "app", "sub": user, "iat": now, "exp": now + 3_600});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({"alg": "ES256", "kid": "1"})), part(&claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).expect("signed");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
