//! Who somebody is, as an identity provider says.

use std::collections::HashMap;

use api::{ApiError, Caller, Login};
use model::{Issuers, PublicId, UserId, hide_debug, proven_phone};
use numbering::Phone;
use serde_json::{Map, Value};

/// How many milliseconds a second of a token's times lasts. A proof counts from its end, since it
/// may have come at any time within it.
const SECOND_MS: u64 = 1000;

/// A person whom an identity provider knows.
#[derive(PartialEq, Eq)]
pub struct Identity {
    pub user: UserId,
    /// The phone that they have proven, and when, in milliseconds since 1970.
    pub proven: Option<(Phone, u64)>,
    /// The public id that the provider gives them.
    pub given_id: Option<PublicId>,
}

hide_debug!(Identity);

impl Identity {
    /// Returns the person as the caller of a request that comes with their credentials.
    pub(crate) fn caller(&self) -> Caller {
        let (phone, proven_at_ms) = self.proven.unzip();
        let user = self.user.clone();
        Caller { user, phone, proven_at_ms, id: None, has_unusable_phone: false }
    }
}

/// Why somebody wasn't signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The token or the password is wrong.
    #[error("the credentials are refused")]
    Refused,
    /// The identity provider can't be asked.
    #[error("the identity provider can't be asked: {0}")]
    Unavailable(String),
    /// The claim that should give the public id doesn't.
    #[error("the identity's claim of a public id isn't one")]
    BadId,
}

impl From<SignInError> for ApiError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Refused => Self::refused(),
            SignInError::Unavailable(_) => Self::unavailable(error),
            SignInError::BadId => Self::bad_id(),
        }
    }
}

/// Checks what a person has typed.
pub trait Passwords: Sync {
    /// Returns who has this login and password.
    fn check(
        &self,
        login: &Login,
        password: &str,
    ) -> impl Future<Output = Result<Identity, SignInError>> + Send;
}

/// How claims are read, which a deployment decides.
#[derive(Clone, Debug, Default)]
pub struct ClaimRules {
    /// Whose tokens hold only verified phones.
    pub phone_proving: Issuers,
    /// The claim that gives a user their public id, if there is one.
    pub public_id: Option<String>,
}

impl From<&users::Settings> for ClaimRules {
    fn from(settings: &users::Settings) -> Self {
        let users::Settings { issuers, public_id_claim, .. } = settings.clone();
        Self { phone_proving: issuers, public_id: public_id_claim }
    }
}

impl ClaimRules {
    /// Reads the claims of a token that was checked, or of an answer of the app's own identity
    /// server. A phone that can't be used isn't proven.
    ///
    /// # Errors
    /// [`SignInError::Refused`] if no user is named, [`SignInError::BadId`] if the claim of the
    /// public id isn't one.
    pub fn identity(
        &self,
        claims: &Map<String, Value>,
        proven_at_s: u64,
    ) -> Result<Identity, SignInError> {
        let texts = ["sub", "iss", "phone_number", "phone_number_verified"];
        let texts: HashMap<String, String> = texts
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), as_text(claims.get(name)?)?)))
            .collect();
        let user = texts.get("sub").and_then(|subject| subject.parse().ok());
        let phone = proven_phone(&texts, &self.phone_proving).unwrap_or_else(|_| {
            tracing::warn!("the phone of a token can't be used");
            None
        });
        let named = self.public_id.as_ref().and_then(|name| claims.get(name));
        let given_id = named
            .filter(|id| !id.is_null())
            .map(|id| as_text(id).and_then(|id| id.parse().ok()).ok_or(SignInError::BadId));
        Ok(Identity {
            user: user.ok_or(SignInError::Refused)?,
            proven: phone.map(|phone| (phone, (proven_at_s + 1) * SECOND_MS - 1)),
            given_id: given_id.transpose()?,
        })
    }
}

/// Returns a claim as API Gateway passes it on: every one is a text.
fn as_text(claim: &Value) -> Option<String> {
    match claim {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
