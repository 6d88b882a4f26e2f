//! Who may sign in with a login and a password: anybody, as anybody, unless the app's own identity
//! server is asked.

use api::{Login, claims_of_local_token};
use model::Clock;
use session::{ClaimRules, Identity, IdentityServer, Passwords, SignInError};

use crate::clock::LocalClock;

/// How logins and passwords are checked.
#[derive(Debug)]
pub enum LocalPasswords {
    /// Every password is right. The login is a local token: a user id, with a verified phone after
    /// a colon where wanted.
    Any(LocalClock),
    /// The app's own identity server is asked.
    Server(IdentityServer, LocalClock),
    /// No password is right.
    Nobody,
}

impl Passwords for LocalPasswords {
    async fn check(&self, login: &Login, password: &str) -> Result<Identity, SignInError> {
        match (self, login) {
            (Self::Server(server, clock), login) => {
                let mut identity = server.check(login, password).await?;
                // What was proven just now was proven by this clock, which may be ahead.
                if let Some((_, proven_at_ms)) = &mut identity.proven {
                    *proven_at_ms += clock.ahead_ms();
                }
                Ok(identity)
            }
            (Self::Nobody, _) => Err(SignInError::Refused),
            (Self::Any(clock), Login::Name(user) | Login::Email(user)) => {
                let claims = claims_of_local_token(user);
                let claims = claims.as_object().ok_or(SignInError::Refused)?;
                ClaimRules::default().identity(claims, clock.now_seconds())
            }
        }
    }
}
