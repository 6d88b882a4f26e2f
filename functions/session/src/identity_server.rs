//! The app's own identity server, which knows logins and passwords. Nobody's password is kept
//! here.

use api::Login;
use model::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::fetch::{Fetch, FetchError};
use crate::identity::{ClaimRules, Identity, Passwords, SignInError};

/// The identity server of an app: one address, which answers `POST` of
/// `{"login":"…","password":"…"}`, or of `{"email":"…","password":"…"}`.
///
/// It answers 200 with the claims of the user, as an ID token would have them: `sub`, and where it
/// has verified one `phone_number` with `"phone_number_verified": true`. They may be in an object
/// `user`. It answers 400, 401, 403, 404 or 422 if the password is wrong.
#[derive(Debug)]
pub struct IdentityServer {
    url: String,
    rules: ClaimRules,
    fetch: Fetch,
}

impl IdentityServer {
    #[must_use]
    pub fn new(url: String, rules: ClaimRules, fetch: Fetch) -> Self {
        Self { url, rules, fetch }
    }
}

impl Passwords for IdentityServer {
    async fn check(&self, login: &Login, password: &str) -> Result<Identity, SignInError> {
        let body = match login {
            Login::Name(login) => json!({ "login": login, "password": password }),
            Login::Email(email) => json!({ "email": email, "password": password }),
        };
        let answer = self.fetch.post(&self.url, &body).await.map_err(|error| match error {
            FetchError::Status(400 | 401 | 403 | 404 | 422) => SignInError::Refused,
            error => SignInError::Unavailable(error.to_string()),
        })?;
        let claims = match answer.object.get("user") {
            Some(Value::Object(user)) => user,
            _ => &answer.object,
        };
        self.rules.identity(claims, SystemClock.now_seconds())
    }
}

/// Without an identity server nobody's password is right.
impl Passwords for Option<IdentityServer> {
    async fn check(&self, login: &Login, password: &str) -> Result<Identity, SignInError> {
        match self {
            Some(server) => server.check(login, password).await,
            None => Err(SignInError::Refused),
        }
    }
}
