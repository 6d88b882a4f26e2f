//! AWS clients as the functions use them.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;

use crate::config::{self, ConfigError, Environment};
use crate::push::{Applications, Sns};
use crate::queue::SqsQueue;
use crate::store::{Keys, KeysError, Store};

/// How long a connection may take to come about. In a region it takes some milliseconds.
const CONNECT: Duration = Duration::from_secs(1);
/// How long one attempt of a call may take. The slowest, a book of 400 KB or a token's registration with a
/// push service, take some tenths of a second.
const ATTEMPT: Duration = Duration::from_secs(3);
/// How long a call may take with all its attempts, so that a request outlives one that fails.
const CALL: Duration = Duration::from_secs(8);
/// How often a call is tried.
const ATTEMPTS: u32 = 3;

/// Credentials, region and endpoints, as Lambda sets them, and how long calls are waited for.
pub async fn sdk_config() -> SdkConfig {
    aws_config::from_env().timeout_config(timeouts()).retry_config(retries()).load().await
}

/// How long calls are waited for. The SDK itself waits for ever.
#[must_use]
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).operation_timeout(CALL).build()
}

/// How often calls are tried: soon again, since a person waits.
#[must_use]
pub fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_secs(1))
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The environment doesn't say which secret.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Secrets Manager gave none.
    #[error("the secret of the keys can't be read: {code}")]
    Call {
        /// Its error code, or that there was no answer.
        code: String,
    },
    /// What it gave is no secret of keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

/// The keys in the secret that the environment names; none where it names none. Read once, at init: a
/// call for each number would cost more than all the rest.
///
/// # Errors
/// [`SecretError`].
pub async fn keys(sdk: &SdkConfig, env: &impl Environment) -> Result<Keys, SecretError> {
    let Some(arn) = config::keys_secret_arn(env)? else { return Ok(Keys::default()) };
    let sent = aws_sdk_secretsmanager::Client::new(sdk).get_secret_value().secret_id(arn).send().await;
    let answer = sent.map_err(|error| SecretError::Call { code: error.code().unwrap_or("no answer").to_owned() })?;
    Ok(answer.secret_string().unwrap_or_default().parse()?)
}

/// The tables that the environment names.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn store(sdk: &SdkConfig, env: &impl Environment, keys: Keys) -> Result<Store, ConfigError> {
    let store = Store::new(aws_sdk_dynamodb::Client::new(sdk), config::tables(env)?, keys);
    Ok(store.with_book_ttl(config::book_ttl_seconds(env)?))
}

/// The queue of joins that the environment names.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn queue(sdk: &SdkConfig, env: &impl Environment, keys: Keys) -> Result<SqsQueue, ConfigError> {
    Ok(SqsQueue::new(aws_sdk_sqs::Client::new(sdk), config::joins_queue_url(env)?, keys))
}

/// The queue of failed records that the environment names.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn failed_records(sdk: &SdkConfig, env: &impl Environment) -> Result<SqsQueue, ConfigError> {
    Ok(SqsQueue::new(aws_sdk_sqs::Client::new(sdk), config::failed_records_queue_url(env)?, Keys::default()))
}

/// The queue of the parts of joins that the environment names.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn fan_out_queue(sdk: &SdkConfig, env: &impl Environment, keys: Keys) -> Result<SqsQueue, ConfigError> {
    Ok(SqsQueue::new(aws_sdk_sqs::Client::new(sdk), config::fan_out_queue_url(env)?, keys))
}

/// SNS, with the platform applications that the environment names.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn sns(sdk: &SdkConfig, env: &impl Environment) -> Result<Sns, ConfigError> {
    Ok(Sns::new(aws_sdk_sns::Client::new(sdk), Applications::from_env(env)?, config::fcm_style(env)?))
}
