//! The settings of signing in.

use super::{ConfigError, Variables, optional, parsed};

const HOUR_MS: u64 = 60 * 60 * 1000;

/// How people sign in.
#[derive(Debug, PartialEq, Eq)]
pub struct SignIn {
    /// The issuers whose tokens sign people in, each with the audiences of which a token has to name
    /// one.
    pub issuers: Vec<(String, Vec<String>)>,
    /// The address of the app's own identity server.
    pub identity_server: Option<String>,
    /// How long a session lasts, in milliseconds.
    pub session_ms: u64,
}

/// Reads `ISSUERS`, `IDENTITY_SERVER_URL` and `SESSION_HOURS`. Issuers are separated by commas, and
/// each is followed by its audiences, separated by spaces.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn sign_in(env: &impl Variables) -> Result<SignIn, ConfigError> {
    let listed = optional(env, "ISSUERS").unwrap_or_default();
    let issuers = listed.split(',').map(str::trim).filter(|one| !one.is_empty()).map(issuer);
    let identity_server = optional(env, "IDENTITY_SERVER_URL");
    if identity_server.as_deref().is_some_and(|url| !is_safe(url)) {
        return Err(unsafe_address("IDENTITY_SERVER_URL"));
    }
    let hours: u64 = parsed(env, "SESSION_HOURS")?;
    if hours == 0 {
        let reason = "a session lasts an hour at least".to_owned();
        return Err(ConfigError::Invalid { name: "SESSION_HOURS", reason });
    }
    let issuers = issuers.collect::<Result<_, _>>()?;
    Ok(SignIn { issuers, identity_server, session_ms: hours.saturating_mul(HOUR_MS) })
}

/// Reads `APPLICATION_AUTH_KEY` and `APPLICATION_AUTH_SECRET`: what an app's SDK has to send. What
/// isn't set isn't compared.
pub fn application(env: &impl Variables) -> (Option<String>, Option<String>) {
    (optional(env, "APPLICATION_AUTH_KEY"), optional(env, "APPLICATION_AUTH_SECRET"))
}

/// Reads `PUBLIC_ID_CLAIM`: the claim of a token that gives a user their public id, if there is one.
pub fn public_id_claim(env: &impl Variables) -> Option<String> {
    optional(env, "PUBLIC_ID_CLAIM")
}

fn issuer(listed: &str) -> Result<(String, Vec<String>), ConfigError> {
    let mut words = listed.split_whitespace().map(ToOwned::to_owned);
    let name = words.next().unwrap_or_default();
    if !is_safe(&name) {
        return Err(unsafe_address("ISSUERS"));
    }
    let audiences: Vec<_> = words.collect();
    if audiences.is_empty() {
        let reason = "an issuer needs an audience after it".to_owned();
        return Err(ConfigError::Invalid { name: "ISSUERS", reason });
    }
    Ok((name, audiences))
}

/// Returns whether what is answered from an address can be believed: nobody can change it on the
/// way.
fn is_safe(url: &str) -> bool {
    let is_of_this_machine = |rest: &str| {
        let host = rest.split(['/', ':']).next();
        matches!(host, Some("127.0.0.1" | "localhost"))
    };
    url.starts_with("https://") || url.strip_prefix("http://").is_some_and(is_of_this_machine)
}

fn unsafe_address(name: &'static str) -> ConfigError {
    ConfigError::Invalid { name, reason: "an address has to begin with https://".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::Fixed;

    #[test]
    fn issuers_are_listed_with_their_audiences() {
        let env = Fixed(&[
            ("ISSUERS", "https://securetoken.google.com/p p, https://id.example.com  one two"),
            ("IDENTITY_SERVER_URL", ""),
            ("SESSION_HOURS", "2"),
        ]);
        let texts =
            |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let issuers = vec![
            ("https://securetoken.google.com/p".to_owned(), texts(&["p"])),
            ("https://id.example.com".to_owned(), texts(&["one", "two"])),
        ];
        let expected = SignIn { issuers, identity_server: None, session_ms: 2 * HOUR_MS };
        assert_eq!(sign_in(&env), Ok(expected));
    }

    #[test]
    fn an_address_that_others_could_answer_for_is_refused() {
        for (issuers, server, wrong) in [
            ("https://id.example.com a", "https://login.example.com", None),
            ("http://127.0.0.1:4000/pool a", "http://localhost:1", None),
            ("http://id.example.com a", "", Some("ISSUERS")),
            ("http://127.0.0.1.evil.example a", "", Some("ISSUERS")),
            ("https://id.example.com", "", Some("ISSUERS")),
            ("", "http://login.example.com", Some("IDENTITY_SERVER_URL")),
        ] {
            let set: &'static [_] = Box::leak(Box::new([
                ("ISSUERS", issuers),
                ("IDENTITY_SERVER_URL", server),
                ("SESSION_HOURS", "24"),
            ]));
            let error = sign_in(&Fixed(set)).err();
            let name = error.map(|error| match error {
                ConfigError::Missing(name) | ConfigError::Invalid { name, .. } => name,
            });
            assert_eq!(name, wrong, "{issuers} {server}");
        }
    }
}
