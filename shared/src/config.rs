//! What a deployment sets, read from the environment once, at init.

use std::str::FromStr;

use crate::domain::Region;
use crate::push::{FcmStyle, Template};
use crate::store::Tables;

/// A variable of the environment that is missing or makes no sense.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// It isn't set.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// It is set to something that it can't be.
    #[error("{name} can't be used: {reason}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// Why.
        reason: String,
    },
}

/// Where variables come from.
pub trait Environment {
    /// The value of `name`; none where it isn't set.
    fn get(&self, name: &str) -> Option<String>;
}

/// The environment of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

/// The value of `name`; none where it isn't set or empty.
pub(crate) fn optional(env: &impl Environment, name: &str) -> Option<String> {
    env.get(name).filter(|value| !value.is_empty())
}

fn required(env: &impl Environment, name: &'static str) -> Result<String, ConfigError> {
    optional(env, name).ok_or(ConfigError::Missing(name))
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(env: &impl Environment, name: &'static str) -> Result<T, ConfigError> {
    let invalid = |error: T::Err| ConfigError::Invalid { name, reason: error.to_string() };
    required(env, name)?.parse().map_err(invalid)
}

/// Reads the names of the tables: `ADDRESS_BOOKS_TABLE`, `CONTACT_OWNERS_TABLE`, `USERS_TABLE`,
/// `SUBSCRIPTIONS_TABLE`, `CLAIMS_TABLE`.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn tables(env: &impl Environment) -> Result<Tables, ConfigError> {
    Ok(Tables {
        address_books: required(env, "ADDRESS_BOOKS_TABLE")?,
        contact_owners: required(env, "CONTACT_OWNERS_TABLE")?,
        users: required(env, "USERS_TABLE")?,
        subscriptions: required(env, "SUBSCRIPTIONS_TABLE")?,
        claims: required(env, "CLAIMS_TABLE")?,
    })
}

/// Reads `HOME_REGION`: the home region of callers whose token proves no number.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn home_region(env: &impl Environment) -> Result<Region, ConfigError> {
    parsed(env, "HOME_REGION")
}

/// Reads `TRUST_BODY_PHONE`: whether a sign-up without proof may name its phone; `false` unless set.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn trust_body_phone(env: &impl Environment) -> Result<bool, ConfigError> {
    if env.get("TRUST_BODY_PHONE").is_none() { Ok(false) } else { parsed(env, "TRUST_BODY_PHONE") }
}

/// Reads `FCM_NOTIFICATION`: whether Android gets a notification beside the data; `false` unless set.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn fcm_style(env: &impl Environment) -> Result<FcmStyle, ConfigError> {
    let notification = env.get("FCM_NOTIFICATION").is_some() && parsed(env, "FCM_NOTIFICATION")?;
    Ok(if notification { FcmStyle::Notification } else { FcmStyle::Data })
}

/// Reads `FAN_OUT_QUEUE_URL`: where the parts of a join in very many books go.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn fan_out_queue_url(env: &impl Environment) -> Result<String, ConfigError> {
    required(env, "FAN_OUT_QUEUE_URL")
}

/// Reads `JOINS_QUEUE_URL`.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn joins_queue_url(env: &impl Environment) -> Result<String, ConfigError> {
    required(env, "JOINS_QUEUE_URL")
}

/// Reads `FAILED_RECORDS_QUEUE_URL`.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn failed_records_queue_url(env: &impl Environment) -> Result<String, ConfigError> {
    required(env, "FAILED_RECORDS_QUEUE_URL")
}

/// Reads `PUSH_ON_JOIN` and `PUSH_TEMPLATE`: the text of a push, none where pushes are off.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn push_template(env: &impl Environment) -> Result<Option<Template>, ConfigError> {
    let template = parsed(env, "PUSH_TEMPLATE")?;
    let on: bool = parsed(env, "PUSH_ON_JOIN")?;
    Ok(on.then_some(template))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(&'static [(&'static str, &'static str)]);

    impl Environment for Fixed {
        fn get(&self, name: &str) -> Option<String> {
            self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn an_error_names_its_variable() {
        let env = Fixed(&[("HOME_REGION", "usa"), ("PUSH_TEMPLATE", "%s joined"), ("TRUST_BODY_PHONE", "yes")]);
        assert_eq!(tables(&env), Err(ConfigError::Missing("ADDRESS_BOOKS_TABLE")));
        assert_eq!(push_template(&env), Err(ConfigError::Missing("PUSH_ON_JOIN")));
        for error in [home_region(&env).map(drop), trust_body_phone(&env).map(drop)] {
            let Err(ConfigError::Invalid { name, .. }) = error else { panic!("{error:?}") };
            assert!(["HOME_REGION", "TRUST_BODY_PHONE"].contains(&name));
        }
    }

    #[test]
    fn pushes_can_be_turned_off() {
        let off = Fixed(&[("PUSH_TEMPLATE", "%s joined"), ("PUSH_ON_JOIN", "false")]);
        assert_eq!(push_template(&off), Ok(None));
        let on = Fixed(&[("PUSH_TEMPLATE", "%s joined"), ("PUSH_ON_JOIN", "true")]);
        assert_eq!(
            push_template(&on).map(|template| template.map(|t| t.render("Ola"))),
            Ok(Some("Ola joined".to_owned()))
        );
    }
}
