//! Foreign tokens: OpenID Connect's ID tokens of the issuers that a deployment lists.

use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use model::{Clock, hide_debug};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::fetch::Fetch;
use crate::identity::{ClaimRules, Identity, SignInError};
use crate::keys::{Keys, KeysAt};

/// The longest token, in bytes. An ID token has some 1,000.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// How many seconds the issuer's clock and ours may differ.
const LEEWAY_S: u64 = 60;

/// An issuer whose tokens sign people in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Its name, exactly as in the claim `iss`.
    pub name: String,
    /// The audiences of which a token has to name one.
    pub audiences: Vec<String>,
    pub trust: Trust,
}

/// Why an issuer's tokens are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Because they are signed with one of its keys.
    Signature(KeysAt),
    /// For no reason: they are those of an emulator, which signs none. For development only.
    Unsigned,
}

/// The issuers of a deployment, with the keys that they have.
#[derive(Debug)]
pub struct TrustedIssuers<C> {
    issuers: Vec<(Issuer, Keys)>,
    rules: ClaimRules,
    fetch: Fetch,
    clock: C,
}

/// What names a token's issuer, before anything of it is believed.
#[derive(Deserialize)]
struct Named {
    iss: String,
}

/// What is checked here and not by the library.
#[derive(Deserialize)]
struct Times {
    /// When the token was made. OpenID Connect requires it.
    iat: f64,
    /// When its user proved who they are. A token that is made anew later still says so.
    auth_time: Option<f64>,
    /// When it ends. The library has checked that of a token with a signature.
    exp: f64,
}

hide_debug!(Named);

impl<C: Clock> TrustedIssuers<C> {
    #[must_use]
    pub fn new(issuers: Vec<Issuer>, rules: ClaimRules, fetch: Fetch, clock: C) -> Self {
        let with_keys = |issuer: Issuer| {
            let at = match &issuer.trust {
                Trust::Signature(at) => at.clone(),
                Trust::Unsigned => KeysAt::Discovered,
            };
            (issuer, Keys::new(at))
        };
        Self { issuers: issuers.into_iter().map(with_keys).collect(), rules, fetch, clock }
    }

    /// Returns whether `text` could be a token of one of the issuers.
    #[must_use]
    pub fn may_be_token(&self, text: &str) -> bool {
        !self.issuers.is_empty() && text.starts_with("ey") && text.split('.').count() == 3
    }

    /// Checks a token, and returns whom it names. If an `audience` is given, the token has to name
    /// that one.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn check(
        &self,
        token: &str,
        audience: Option<&str>,
    ) -> Result<Identity, SignInError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(SignInError::Refused);
        }
        let refused = |_| SignInError::Refused;
        let Named { iss } = insecure_decode_claims(token).map_err(refused)?;
        let (issuer, keys) = self
            .issuers
            .iter()
            .find(|(issuer, _)| issuer.name == iss)
            .ok_or(SignInError::Refused)?;
        let audiences: Vec<&str> = match audience {
            Some(wanted) => {
                issuer.audiences.iter().map(String::as_str).filter(|one| *one == wanted).collect()
            }
            None => issuer.audiences.iter().map(String::as_str).collect(),
        };
        let claims = match issuer.trust {
            Trust::Signature(_) => self.checked(token, issuer, keys, &audiences).await?,
            Trust::Unsigned => unsigned(token, &audiences)?,
        };
        let claims = self.qualified(claims, issuer)?;
        let times: Times = serde_json::from_value(Value::Object(claims.clone()))
            .map_err(|_| SignInError::Refused)?;
        let (now, leeway) = (self.clock.now_seconds() as f64, LEEWAY_S as f64);
        let is_of_today = (0.0..=now + leeway).contains(&times.iat) && times.exp >= now - leeway;
        // Cognito marks its access tokens so. They have the same issuer and keys.
        let is_id_token = claims.get("token_use").is_none_or(|kind| kind == "id");
        if !is_of_today || !is_id_token {
            return Err(SignInError::Refused);
        }
        // A time that is told in advance would outlast whoever proves the phone next.
        let proven_at = times.auth_time.unwrap_or(times.iat).min(times.iat);
        self.rules.identity(&claims, proven_at as u64)
    }

    /// Returns the claims with a subject that no other issuer's user has: subjects are unique only
    /// within an issuer. Those of the first issuer stay as they are. Those of the others come after
    /// the issuer's name and a space.
    fn qualified(
        &self,
        mut claims: Map<String, Value>,
        issuer: &Issuer,
    ) -> Result<Map<String, Value>, SignInError> {
        let subject = claims.get("sub").and_then(Value::as_str).filter(|sub| !sub.is_empty());
        let subject = subject.ok_or(SignInError::Refused)?.to_owned();
        let is_first = self.issuers.first().is_some_and(|(first, _)| first.name == issuer.name);
        if !is_first {
            claims.insert("sub".to_owned(), format!("{} {subject}", issuer.name).into());
        } else if self.have_qualified(&subject) {
            return Err(SignInError::Refused);
        }
        Ok(claims)
    }

    /// Returns whether a subject looks as if one of the issuers had been put before it.
    pub(crate) fn have_qualified(&self, subject: &str) -> bool {
        let mut rests =
            self.issuers.iter().filter_map(|(issuer, _)| subject.strip_prefix(&issuer.name));
        rests.any(|rest| rest.starts_with(' '))
    }

    /// Returns the claims of a token with a valid signature of the issuer.
    async fn checked(
        &self,
        token: &str,
        issuer: &Issuer,
        keys: &Keys,
        audiences: &[&str],
    ) -> Result<Map<String, Value>, SignInError> {
        let header = decode_header(token).map_err(|_| SignInError::Refused)?;
        let is_jwt = header.typ.as_deref().is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
        let is_known = matches!(header.alg, Algorithm::RS256 | Algorithm::ES256);
        // Nothing that a header may call critical is understood here.
        if !is_jwt || !is_known || header.crit.is_some() || audiences.is_empty() {
            return Err(SignInError::Refused);
        }
        let key_id = header.kid.as_deref();
        let key = keys.find(&self.fetch, &self.clock, &issuer.name, key_id, header.alg).await?;
        let key = DecodingKey::from_jwk(&key).map_err(|_| SignInError::Refused)?;
        let mut validation = Validation::new(header.alg);
        validation.leeway = LEEWAY_S;
        validation.validate_nbf = true;
        validation.set_issuer(&[&issuer.name]);
        validation.set_audience(audiences);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        Ok(decode(token, &key, &validation).map_err(|_| SignInError::Refused)?.claims)
    }
}

/// Returns the claims of an emulator's token, which has no signature.
fn unsigned(token: &str, audiences: &[&str]) -> Result<Map<String, Value>, SignInError> {
    if !token.ends_with('.') {
        return Err(SignInError::Refused);
    }
    let claims: Map<String, Value> =
        insecure_decode_claims(token).map_err(|_| SignInError::Refused)?;
    let audience = claims.get("aud").and_then(Value::as_str);
    if audience.is_some_and(|audience| audiences.contains(&audience)) {
        Ok(claims)
    } else {
        Err(SignInError::Refused)
    }
}
