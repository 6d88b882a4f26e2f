//! AWS clients as the functions use them.

use aws_config::SdkConfig;

use crate::config::{self, ConfigError, Environment};
use crate::push::{Applications, SnsEndpoints, SnsPusher};
use crate::queue::SqsQueue;
use crate::store::{PhoneKeys, Store};

/// Credentials, region and endpoints, as Lambda sets them.
pub async fn sdk_config() -> SdkConfig {
    aws_config::load_from_env().await
}

/// The tables that the environment names.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn store(sdk: &SdkConfig, env: &impl Environment) -> Result<Store, ConfigError> {
    Ok(Store::new(aws_sdk_dynamodb::Client::new(sdk), config::tables(env)?, PhoneKeys))
}

/// The queue of joins that the environment names.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn queue(sdk: &SdkConfig, env: &impl Environment) -> Result<SqsQueue, ConfigError> {
    Ok(SqsQueue::new(aws_sdk_sqs::Client::new(sdk), config::joins_queue_url(env)?))
}

/// The queue of failed records that the environment names.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn failed_records(sdk: &SdkConfig, env: &impl Environment) -> Result<SqsQueue, ConfigError> {
    Ok(SqsQueue::new(aws_sdk_sqs::Client::new(sdk), config::failed_records_queue_url(env)?))
}

/// SNS endpoints in the platform applications that the environment names.
#[must_use]
pub fn endpoints(sdk: &SdkConfig, env: &impl Environment) -> SnsEndpoints {
    SnsEndpoints::new(aws_sdk_sns::Client::new(sdk), Applications::from_env(env))
}

/// Pushes through SNS.
#[must_use]
pub fn pusher(sdk: &SdkConfig) -> SnsPusher {
    SnsPusher::new(aws_sdk_sns::Client::new(sdk))
}
