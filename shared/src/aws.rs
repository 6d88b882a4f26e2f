//! AWS clients as the functions use them.

use aws_config::SdkConfig;

use crate::config::{self, ConfigError, Environment};
use crate::push::{Applications, Sns};
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

/// The queue of the parts of joins that the environment names.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn fan_out_queue(sdk: &SdkConfig, env: &impl Environment) -> Result<SqsQueue, ConfigError> {
    Ok(SqsQueue::new(aws_sdk_sqs::Client::new(sdk), config::fan_out_queue_url(env)?))
}

/// SNS, with the platform applications that the environment names.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn sns(sdk: &SdkConfig, env: &impl Environment) -> Result<Sns, ConfigError> {
    Ok(Sns::new(aws_sdk_sns::Client::new(sdk), Applications::from_env(env)?, config::fcm_style(env)?))
}
