//! A deployment at which people sign in, whose clock is moved by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use local::{HttpFunctions, Inbox, LocalClock, LocalPasswords};
use model::Clock;
use protocol::Renewal;
use serde_json::{Value, json};
use session::{ClaimRules, Fetch, Issuer, Providers, Trust, TrustedIssuers};

use support::embedded::{Embedded, database};
use support::requests::{in_session, read};
use support::{session_keys, session_settings, upload_settings};

pub const START_MS: u64 = 1_795_485_472_000;
pub const SECOND_MS: u64 = 1_000;
pub const DAY_MS: u64 = 24 * 60 * 60 * SECOND_MS;

/// The end of the tokens, in seconds since 1970: they are compared with the machine's own clock.
pub const FAR_S: u64 = 32_503_680_000;
pub const NO_SESSION: &str = "Required session does not exist";

/// A clock that stands until it is moved on. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct MovedClock(Arc<AtomicU64>);

impl Clock for MovedClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A deployment with two issuers, whose tokens needn't be signed here. `tests/tokens` tests
/// signatures.
pub struct Deployment {
    pub functions: HttpFunctions<Inbox, MovedClock>,
    pub clock: MovedClock,
    pub embedded: Embedded,
}

pub const ISSUERS: [&str; 2] = ["https://one.example", "https://two.example"];

impl Deployment {
    pub async fn new() -> Self {
        let embedded = database().await;
        let clock = MovedClock(Arc::new(AtomicU64::new(START_MS)));
        let issuers = ISSUERS.map(|name| Issuer {
            name: name.to_owned(),
            audiences: vec!["app".to_owned()],
            trust: Trust::Unsigned,
        });
        let rules = ClaimRules { public_id: Some("chat_id".to_owned()), ..ClaimRules::default() };
        // The token's times are compared with the machine's own clock.
        let issuers =
            TrustedIssuers::new(issuers.into(), rules, Fetch::default(), model::SystemClock);
        let store = embedded.store().with_session_keys(session_keys()).with_clock(clock.clone());
        let functions = HttpFunctions {
            store,
            push: Inbox::default(),
            clock: clock.clone(),
            uploads: upload_settings(),
            sessions: session_settings(),
            providers: Arc::new(Providers {
                issuers,
                passwords: LocalPasswords::Any(LocalClock::default()),
            }),
            renewal: Renewal::default(),
        };
        Self { functions, clock, embedded }
    }

    pub fn pass(&self, milliseconds: u64) {
        self.clock.0.fetch_add(milliseconds, Ordering::Relaxed);
    }

    pub async fn call(&self, method: &str, path: &str, token: &str, body: Value) -> (i64, Value) {
        let body = Some(&body).filter(|body| !body.is_null());
        read(&self.functions.answer(in_session(method, path, token, body)).await)
    }

    /// Begins a session with these fields. Returns its token and its user.
    pub async fn begin(&self, fields: Value) -> (String, Value) {
        let (status, answer) = self.call("POST", "/session", "", fields).await;
        assert_eq!(status, 201, "{answer}");
        let session = &answer["session"];
        (session["token"].as_str().expect("a token").to_owned(), session["user"].clone())
    }

    /// Signs `subject` in with a token of an issuer with these claims more.
    pub async fn by_token(&self, issuer: &str, subject: &str, more: Value) -> (i64, Value) {
        let mut claims = json!({"iss": issuer, "sub": subject, "aud": "app", "iat": START_MS / 1000,
                                "exp": FAR_S});
        claims.as_object_mut().expect("claims").extend(more.as_object().expect("claims").clone());
        let part = |value: &Value| {
            use base64::Engine;
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
        };
        let token = format!("{}.{}.", part(&json!({"alg": "none"})), part(&claims));
        self.call("POST", "/session", "", json!({"keys": {"token": token}})).await
    }
}

pub fn login(login: &str) -> Value {
    json!({"login": login, "password": "any"})
}

pub fn no_session(answer: &(i64, Value)) -> bool {
    answer.0 == 401 && answer.1 == json!({"errors": {"base": [NO_SESSION]}})
}
