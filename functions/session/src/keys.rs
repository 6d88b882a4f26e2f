//! The keys of an issuer: fetched when they are needed, and kept as long as the issuer says.

use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm, PublicKeyUse};
use model::Clock;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use crate::fetch::{Answer, Fetch, FetchError};
use crate::identity::SignInError;

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;
/// How long an issuer that fails is left alone if there are no former keys. With them, it is a
/// minute.
const PAUSE_MS: u64 = 5_000;
/// How long keys are kept whose issuer doesn't say.
const DEFAULT_AGE_S: u64 = 60 * 60;

/// Where the keys of an issuer are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysAt {
    /// Where the issuer's discovery document says (OpenID Connect Discovery 1.0).
    Discovered,
    /// At this address.
    Url(String),
}

/// The keys of an issuer.
#[derive(Debug)]
pub(crate) struct Keys {
    at: KeysAt,
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    keys: Vec<Jwk>,
    /// When they were fetched, in milliseconds since 1970. 0: never.
    fetched_ms: u64,
    /// Until when they are fresh.
    fresh_until_ms: u64,
    /// When the issuer was last out of reach.
    failed_ms: u64,
    /// When they were last fetched because of an unknown key.
    unknown_ms: u64,
}

impl Keys {
    pub(crate) fn new(at: KeysAt) -> Self {
        Self { at, cache: Mutex::default() }
    }

    /// Returns the key that a token's header names.
    ///
    /// Keys are fetched if they aren't fresh. Because of a key that isn't among them they are fetched
    /// once a minute at most, so that forged tokens can't make us ask the issuer each time. If the
    /// issuer is out of reach, its former keys are good for a day.
    ///
    /// # Errors
    /// [`SignInError::Refused`] if the issuer has no such key, [`SignInError::Unavailable`] if it
    /// can't be asked.
    pub(crate) async fn find(
        &self,
        fetch: &Fetch,
        clock: &impl Clock,
        issuer: &str,
        key_id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Jwk, SignInError> {
        let mut cache = self.cache.lock().await;
        let now_ms = clock.now_ms();
        let is_usable = now_ms < cache.fetched_ms + DAY_MS && cache.fetched_ms > 0;
        let pause_ms = if is_usable { MINUTE_MS } else { PAUSE_MS };
        let left_alone = now_ms < cache.failed_ms + pause_ms;
        if now_ms >= cache.fresh_until_ms && !left_alone {
            match self.fetch(fetch, issuer).await {
                Ok((keys, age_s)) => cache.replace(keys, age_s, now_ms),
                Err(error) => {
                    tracing::warn!(%error, is_usable, "an issuer's keys can't be fetched");
                    // By the clock of now: those who waited for this one needn't wait again.
                    cache.failed_ms = clock.now_ms();
                }
            }
        }
        if cache.fetched_ms == 0 || now_ms >= cache.fetched_ms + DAY_MS {
            return Err(SignInError::Unavailable("its keys can't be fetched".to_owned()));
        }
        if let Some(key) = cache.find(key_id, algorithm) {
            return Ok(key.clone());
        }
        if now_ms >= cache.unknown_ms + MINUTE_MS {
            cache.unknown_ms = now_ms;
            match self.fetch(fetch, issuer).await {
                Ok((keys, age_s)) => cache.replace(keys, age_s, now_ms),
                Err(error) => return Err(SignInError::Unavailable(error.to_string())),
            }
        }
        cache.find(key_id, algorithm).cloned().ok_or(SignInError::Refused)
    }

    /// Fetches the keys. Returns also for how many seconds they are fresh.
    async fn fetch(&self, fetch: &Fetch, issuer: &str) -> Result<(Vec<Jwk>, u64), FetchError> {
        let discovered;
        let url = match &self.at {
            KeysAt::Url(url) => url,
            KeysAt::Discovered => {
                let base = issuer.strip_suffix('/').unwrap_or(issuer);
                let url = format!("{base}/.well-known/openid-configuration");
                discovered = keys_url(&fetch.get(&url).await?.object, issuer)?;
                &discovered
            }
        };
        let Answer { object, max_age_s } = fetch.get(url).await?;
        let listed = object.get("keys").and_then(Value::as_array).ok_or(FetchError::Content)?;
        // Keys of kinds that are of no use here, or not known yet, are none of our business.
        let keys = listed.iter().filter_map(|key| serde_json::from_value(key.clone()).ok());
        Ok((keys.collect(), max_age_s.unwrap_or(DEFAULT_AGE_S)))
    }
}

/// Returns where a discovery document says that the keys are. The document has to be the issuer's
/// own, and an address without TLS isn't taken from one that came with it.
fn keys_url(document: &Map<String, Value>, issuer: &str) -> Result<String, FetchError> {
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let url = text("jwks_uri").filter(|_| text("issuer") == Some(issuer));
    let is_safe = |url: &&str| url.starts_with("https://") || issuer.starts_with("http://");
    url.filter(is_safe).map(ToOwned::to_owned).ok_or(FetchError::Content)
}

impl Cache {
    fn replace(&mut self, keys: Vec<Jwk>, age_s: u64, now_ms: u64) {
        // Less than a minute would mean a request for nearly every sign-in.
        let fresh_ms = age_s.saturating_mul(1000).clamp(MINUTE_MS, DAY_MS);
        *self = Self { keys, fetched_ms: now_ms, fresh_until_ms: now_ms + fresh_ms, ..*self };
    }

    /// Returns the key of this id, if it is for this algorithm. A token needn't name the key of an
    /// issuer that has only one (OpenID Connect Core 1.0, section 10.1).
    fn find(&self, key_id: Option<&str>, algorithm: Algorithm) -> Option<&Jwk> {
        let key = match (key_id, &self.keys[..]) {
            (None, [only]) => only,
            (None, _) => return None,
            (Some(id), keys) => keys.iter().find(|key| key.common.key_id.as_deref() == Some(id))?,
        };
        let wanted = match algorithm {
            Algorithm::RS256 => KeyAlgorithm::RS256,
            _ => KeyAlgorithm::ES256,
        };
        let signs = key.common.public_key_use.as_ref();
        let suits = signs.is_none_or(|kind| *kind == PublicKeyUse::Signature)
            && key.common.key_algorithm.is_none_or(|alg| alg == wanted);
        Some(key).filter(|_| suits)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_discovery_document_counts_only_for_its_own_issuer() {
        let issuer = "https://id.example.com";
        for (document, at, expected) in [
            (json!({"issuer": issuer, "jwks_uri": "https://keys.example.com/"}), issuer, true),
            (json!({"issuer": issuer, "jwks_uri": "http://keys.example.com/"}), issuer, false),
            (json!({"issuer": "https://evil.example", "jwks_uri": "https://a/"}), issuer, false),
            (json!({"jwks_uri": "https://keys.example.com/"}), issuer, false),
            (json!({"issuer": issuer}), issuer, false),
            (
                json!({"issuer": "http://127.0.0.1:1", "jwks_uri": "http://127.0.0.1:1/k"}),
                "http://127.0.0.1:1",
                true,
            ),
        ] {
            let found = keys_url(document.as_object().expect("an object"), at);
            assert_eq!(found.is_ok(), expected, "{document}");
        }
    }

    #[test]
    fn a_key_is_found_by_its_id_and_use_or_is_the_only_one() {
        let key = |id: &str, more: Value| {
            let mut key = json!({"kty": "RSA", "n": "AQ", "e": "AQAB", "kid": id});
            let more = more.as_object().expect("an object").clone();
            key.as_object_mut().expect("an object").extend(more);
            serde_json::from_value::<Jwk>(key).expect("a key")
        };
        let cache = |keys: Vec<Jwk>| Cache { keys, ..Cache::default() };
        let two = cache(vec![key("a", json!({})), key("b", json!({"use": "enc"}))]);
        for (id, found) in
            [(Some("a"), true), (Some("b"), false), (Some("c"), false), (None, false)]
        {
            assert_eq!(two.find(id, Algorithm::RS256).is_some(), found, "{id:?}");
        }
        let one = cache(vec![key("a", json!({"alg": "RS256"}))]);
        assert!(one.find(None, Algorithm::RS256).is_some(), "it is the only one");
        assert!(one.find(Some("a"), Algorithm::ES256).is_none(), "it is for RS256");
    }
}
