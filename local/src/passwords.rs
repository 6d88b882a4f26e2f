//! Who may sign in with a login and a password: anybody, as anybody, unless the app's own identity
//! server is asked.

use api::{Login, claims_of_local_token};
use model::{Clock, SystemClock};
use session::{ClaimRules, Identity, IdentityServer, Passwords, SignInError};

/// How logins and passwords are checked.
#[derive(Debug)]
pub enum LocalPasswords {
    /// Every password is right. The login is a local token: a user id, with a verified phone after
    /// a colon where wanted.
    Any,
    /// The app's own identity server is asked.
    Server(IdentityServer),
    /// No password is right.
    Nobody,
}

impl Passwords for LocalPasswords {
    async fn check(&self, login: &Login, password: &str) -> Result<Identity, SignInError> {
        match (self, login) {
            (Self::Server(server), login) => server.check(login, password).await,
            (Self::Nobody, _) => Err(SignInError::Refused),
            (Self::Any, Login::Name(user) | Login::Email(user)) => {
                let claims = claims_of_local_token(user);
                let claims = claims.as_object().ok_or(SignInError::Refused)?;
                ClaimRules::default().identity(claims, SystemClock.now_seconds())
            }
        }
    }
}
