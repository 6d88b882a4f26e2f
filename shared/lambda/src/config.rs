//! The settings of a deployment, which are read from the environment once, at init.

mod pushes;
mod sign_in;

use std::str::FromStr;

use model::{Budget, Issuers, Limits};
use numbering::Region;
use store::Tables;

pub use self::pushes::{applications, fcm_style, push_on_join, push_template, renewal};
pub use self::sign_in::{SignIn, application, public_id_claim, sign_in};

/// A variable of the environment is missing or can't be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    #[error("{0} is not set")]
    Missing(&'static str),
    #[error("{name} can't be used: {reason}")]
    Invalid { name: &'static str, reason: String },
}

/// A source of variables.
pub trait Variables {
    /// Returns the value of `name`, or `None` if it isn't set.
    fn get(&self, name: &str) -> Option<String>;
}
/// The environment of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessEnvironment;

impl Variables for ProcessEnvironment {
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

/// Returns the value of `name`, or `None` if it isn't set or is empty.
pub(crate) fn optional(env: &impl Variables, name: &str) -> Option<String> {
    env.get(name).filter(|value| !value.is_empty())
}

fn required(env: &impl Variables, name: &'static str) -> Result<String, ConfigError> {
    optional(env, name).ok_or(ConfigError::Missing(name))
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(
    env: &impl Variables,
    name: &'static str,
) -> Result<T, ConfigError> {
    let invalid = |error: T::Err| ConfigError::Invalid { name, reason: error.to_string() };
    required(env, name)?.parse().map_err(invalid)
}

/// What Lambda tells every function about AWS.
pub struct Aws {
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    /// The session that both keys belong to. A developer's own keys have none.
    pub session_token: Option<String>,
    /// The address of an emulator that takes the place of all of AWS.
    pub endpoint_url: Option<String>,
    /// The roots to trust in place of Amazon's, in PEM.
    pub ca_bundle: Option<Vec<u8>>,
}

/// Reads `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`,
/// `AWS_ENDPOINT_URL`, and the file that `AWS_CA_BUNDLE` names.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn aws(env: &impl Variables) -> Result<Aws, ConfigError> {
    let read = |path: String| {
        std::fs::read(path).map_err(|error| ConfigError::Invalid {
            name: "AWS_CA_BUNDLE",
            reason: error.to_string(),
        })
    };
    Ok(Aws {
        region: required(env, "AWS_REGION")?,
        access_key_id: required(env, "AWS_ACCESS_KEY_ID")?,
        secret_access_key: required(env, "AWS_SECRET_ACCESS_KEY")?,
        session_token: optional(env, "AWS_SESSION_TOKEN"),
        endpoint_url: optional(env, "AWS_ENDPOINT_URL"),
        ca_bundle: optional(env, "AWS_CA_BUNDLE").map(read).transpose()?,
    })
}

/// Reads the names of the tables: `ADDRESS_BOOKS_TABLE`, `CONTACT_OWNERS_TABLE`, `USERS_TABLE`,
/// `SUBSCRIPTIONS_TABLE`, `CLAIMS_TABLE`, `BUDGETS_TABLE`, `SESSIONS_TABLE`.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn tables(env: &impl Variables) -> Result<Tables, ConfigError> {
    Ok(Tables {
        address_books: required(env, "ADDRESS_BOOKS_TABLE")?,
        contact_owners: required(env, "CONTACT_OWNERS_TABLE")?,
        users: required(env, "USERS_TABLE")?,
        subscriptions: required(env, "SUBSCRIPTIONS_TABLE")?,
        claims: required(env, "CLAIMS_TABLE")?,
        budgets: required(env, "BUDGETS_TABLE")?,
        sessions: required(env, "SESSIONS_TABLE")?,
    })
}

/// Reads `KEYS_SECRET_ARN`: the secret that holds the keys. If it is empty, nothing is sealed, and
/// this returns `None`.
///
/// # Errors
/// [`ConfigError::Missing`] if it isn't set, since a forgotten variable must not turn sealing off.
pub fn keys_secret_arn(env: &impl Variables) -> Result<Option<String>, ConfigError> {
    let arn = env.get("KEYS_SECRET_ARN").ok_or(ConfigError::Missing("KEYS_SECRET_ARN"))?;
    Ok(Some(arn).filter(|arn| !arn.is_empty()))
}

/// Reads `BOOK_TTL_DAYS`: how long a book that nobody uses is kept. Returns it in seconds. If it is
/// 0 or isn't set, books are kept for ever, and this returns `None`.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn book_ttl_seconds(env: &impl Variables) -> Result<Option<u64>, ConfigError> {
    days(env, "BOOK_TTL_DAYS")
}

/// Reads `DEVICE_BOOK_TTL_DAYS`: how long a device's book that nobody uses is kept. Returns it in
/// seconds. If it is 0 or isn't set, a device's book is kept as long as the global one, and this
/// returns `None`.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn device_book_ttl_seconds(env: &impl Variables) -> Result<Option<u64>, ConfigError> {
    days(env, "DEVICE_BOOK_TTL_DAYS")
}

/// Returns a number of days in seconds, or `None` if it is 0 or isn't set.
fn days(env: &impl Variables, name: &'static str) -> Result<Option<u64>, ConfigError> {
    if env.get(name).is_none() {
        return Ok(None);
    }
    let days: u32 = parsed(env, name)?;
    Ok((days > 0).then(|| u64::from(days) * 24 * 60 * 60))
}

/// Reads the limits on what each user may have: `NEW_NUMBERS_BUDGET`, `NEW_NUMBERS_PER_DAY`,
/// `PHONELESS_NUMBERS_BUDGET`, `BOOK_CHANGES_BUDGET`, `BOOK_CHANGES_PER_DAY`,
/// `HOLDER_CHANGES_BUDGET`, `HOLDER_CHANGES_PER_DAY`, `CONTACTS_PER_REQUEST`, `CONTACTS_PER_USER`,
/// `BOOKS_PER_USER`. Those that aren't set are as in [`Limits::default`].
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn limits(env: &impl Variables) -> Result<Limits, ConfigError> {
    fn or<T: FromStr<Err: std::fmt::Display>>(
        env: &impl Variables,
        name: &'static str,
        default: T,
    ) -> Result<T, ConfigError> {
        if env.get(name).is_none() { Ok(default) } else { parsed(env, name) }
    }
    let default = Limits::default();
    let phoneless = default.phoneless_budget.map_or(0, |budget| budget.capacity());
    let budget = |capacity, per_day, default: Budget| {
        let capacity = or(env, capacity, default.capacity())?;
        Ok(Budget::new(capacity, or(env, per_day, default.per_day())?))
    };
    Ok(Limits {
        budget: budget("NEW_NUMBERS_BUDGET", "NEW_NUMBERS_PER_DAY", default.budget)?,
        phoneless_budget: Budget::of_ten_days(or(env, "PHONELESS_NUMBERS_BUDGET", phoneless)?),
        book_changes: budget("BOOK_CHANGES_BUDGET", "BOOK_CHANGES_PER_DAY", default.book_changes)?,
        holder_changes: budget(
            "HOLDER_CHANGES_BUDGET",
            "HOLDER_CHANGES_PER_DAY",
            default.holder_changes,
        )?,
        contacts_per_request: or(env, "CONTACTS_PER_REQUEST", default.contacts_per_request)?,
        contacts_per_user: or(env, "CONTACTS_PER_USER", default.contacts_per_user)?,
        books_per_user: or(env, "BOOKS_PER_USER", default.books_per_user)?,
    })
}

/// Reads `HOME_REGION`: the home region of callers whose token proves no number.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn home_region(env: &impl Variables) -> Result<Region, ConfigError> {
    parsed(env, "HOME_REGION")
}

/// Reads `TRUST_BODY_PHONE`: whether the phone in a body counts if the token has none. If it isn't
/// set, this returns `false`.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn trust_body_phone(env: &impl Variables) -> Result<bool, ConfigError> {
    if env.get("TRUST_BODY_PHONE").is_none() { Ok(false) } else { parsed(env, "TRUST_BODY_PHONE") }
}

/// Reads `PHONE_PROVING_ISSUERS`: whose tokens hold only verified phones, separated by commas. If it
/// isn't set, these are Firebase's.
#[must_use]
pub fn phone_proving_issuers(env: &impl Variables) -> Issuers {
    env.get("PHONE_PROVING_ISSUERS").map_or_else(Issuers::default, |list| Issuers::read(&list))
}

/// Reads `COPY_COGNITO_PROFILE`: whether name and mail address are copied from a Cognito user pool.
/// If it isn't set, this returns `false`.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn copy_cognito_profile(env: &impl Variables) -> Result<bool, ConfigError> {
    if env.get("COPY_COGNITO_PROFILE").is_none() {
        return Ok(false);
    }
    parsed(env, "COPY_COGNITO_PROFILE")
}

/// Reads `FAN_OUT_QUEUE_URL`: the second queue, for the parts of joins that concern very many
/// books.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn fan_out_queue_url(env: &impl Variables) -> Result<String, ConfigError> {
    required(env, "FAN_OUT_QUEUE_URL")
}

/// Reads `PUSHES_QUEUE_URL`: the queue of pushes.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn pushes_queue_url(env: &impl Variables) -> Result<String, ConfigError> {
    required(env, "PUSHES_QUEUE_URL")
}

/// Reads `JOINS_QUEUE_URL`.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn joins_queue_url(env: &impl Variables) -> Result<String, ConfigError> {
    required(env, "JOINS_QUEUE_URL")
}

/// Reads `FAILED_RECORDS_QUEUE_URL`.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn failed_records_queue_url(env: &impl Variables) -> Result<String, ConfigError> {
    required(env, "FAILED_RECORDS_QUEUE_URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    pub struct Fixed(pub &'static [(&'static str, &'static str)]);

    impl Variables for Fixed {
        fn get(&self, name: &str) -> Option<String> {
            self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn an_error_names_its_variable() {
        let env = Fixed(&[
            ("HOME_REGION", "usa"),
            ("PUSH_TEMPLATE", "%s joined"),
            ("TRUST_BODY_PHONE", "yes"),
        ]);
        assert_eq!(tables(&env), Err(ConfigError::Missing("ADDRESS_BOOKS_TABLE")));
        assert_eq!(push_template(&env), Err(ConfigError::Missing("PUSH_ON_JOIN")));
        for error in [home_region(&env).map(drop), trust_body_phone(&env).map(drop)] {
            let Err(ConfigError::Invalid { name, .. }) = error else { panic!("{error:?}") };
            assert!(["HOME_REGION", "TRUST_BODY_PHONE"].contains(&name));
        }
    }

    #[test]
    fn limits_are_the_defaults_unless_set() {
        assert_eq!(limits(&Fixed(&[])), Ok(Limits::default()));
        let set = Fixed(&[
            ("NEW_NUMBERS_BUDGET", "10"),
            ("NEW_NUMBERS_PER_DAY", "1"),
            ("PHONELESS_NUMBERS_BUDGET", "2000"),
            ("BOOK_CHANGES_PER_DAY", "7"),
            ("HOLDER_CHANGES_BUDGET", "3"),
            ("BOOKS_PER_USER", "2"),
        ]);
        let default = Limits::default();
        let expected = Limits {
            budget: Budget::new(10, 1),
            phoneless_budget: Some(Budget::new(2_000, 200)),
            book_changes: Budget::new(default.book_changes.capacity(), 7),
            holder_changes: Budget::new(3, default.holder_changes.per_day()),
            books_per_user: 2,
            ..default
        };
        assert_eq!(limits(&set), Ok(expected));
        let error = limits(&Fixed(&[("CONTACTS_PER_USER", "-1")]));
        assert!(matches!(error, Err(ConfigError::Invalid { name: "CONTACTS_PER_USER", .. })));
    }

    #[test]
    fn only_firebase_proves_phones_by_itself_and_cognito_copies_nothing_unless_told_otherwise() {
        assert_eq!(phone_proving_issuers(&Fixed(&[])), Issuers::default());
        let none = Fixed(&[("PHONE_PROVING_ISSUERS", "")]);
        assert_eq!(phone_proving_issuers(&none), Issuers::read(""));
        let two = Fixed(&[("PHONE_PROVING_ISSUERS", "https://a, https://b")]);
        assert_eq!(phone_proving_issuers(&two), Issuers::read("https://a,https://b"));
        assert_eq!(copy_cognito_profile(&Fixed(&[])), Ok(false));
        assert_eq!(copy_cognito_profile(&Fixed(&[("COPY_COGNITO_PROFILE", "true")])), Ok(true));
    }

    #[test]
    fn books_stay_unless_told_otherwise() {
        assert_eq!(book_ttl_seconds(&Fixed(&[])), Ok(None));
        assert_eq!(book_ttl_seconds(&Fixed(&[("BOOK_TTL_DAYS", "0")])), Ok(None));
        assert_eq!(book_ttl_seconds(&Fixed(&[("BOOK_TTL_DAYS", "2")])), Ok(Some(172_800)));
        let both = Fixed(&[("BOOK_TTL_DAYS", "2"), ("DEVICE_BOOK_TTL_DAYS", "1")]);
        assert_eq!(device_book_ttl_seconds(&both), Ok(Some(86_400)));
        assert_eq!(device_book_ttl_seconds(&Fixed(&[("BOOK_TTL_DAYS", "2")])), Ok(None));
    }

    #[test]
    fn sealing_is_turned_off_on_purpose_alone() {
        assert_eq!(keys_secret_arn(&Fixed(&[])), Err(ConfigError::Missing("KEYS_SECRET_ARN")));
        assert_eq!(keys_secret_arn(&Fixed(&[("KEYS_SECRET_ARN", "")])), Ok(None));
        assert_eq!(
            keys_secret_arn(&Fixed(&[("KEYS_SECRET_ARN", "arn")])),
            Ok(Some("arn".to_owned()))
        );
    }
}
