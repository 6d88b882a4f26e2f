//! AWS clients as the functions use them.
//!
//! What a function on Lambda needs is in its environment, so that nothing here looks for profiles, logs in
//! or asks a metadata service: that code is never even linked.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::BehaviorVersion;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use model::SystemClock;
use protocol::push::Sns;
use store::{Keyring, KeyringError, Store};

use crate::config::{self, ConfigError, ProcessEnvironment, Variables};

/// The roots of Amazon Trust Services, which sign for every endpoint of AWS outside China
/// (<https://www.amazontrust.com/repository/>). To parse a system's 145 roots takes 4 ms of every cold start.
const AMAZON_ROOTS: &str = include_str!("amazon-roots.pem");

/// How long a connection may take to come about. In a region it takes some milliseconds.
const CONNECT: Duration = Duration::from_secs(1);
/// How long one attempt of a call may take. The slowest, a book of 400 KB or a token's registration with a
/// push service, take some tenths of a second.
const ATTEMPT: Duration = Duration::from_secs(3);
/// How long a call may take with all its attempts, so that a request outlives one that fails.
const CALL: Duration = Duration::from_secs(8);
/// How often a call is tried.
const ATTEMPTS: u32 = 3;

/// Credentials, region, endpoints and roots, as Lambda and SAM set them, and how long calls are waited for.
///
/// Reads `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, and, where an
/// emulator or a proxy stands in for AWS, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_DYNAMODB` (and so on for each
/// service), and `AWS_CA_BUNDLE`: a PEM file of roots to trust in place of Amazon's.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn sdk_config(env: &impl Variables) -> Result<SdkConfig, ConfigError> {
    let config::Aws {
        region,
        access_key_id,
        secret_access_key,
        session_token,
        endpoint_url,
        ca_bundle,
    } = config::aws(env)?;
    let credentials =
        Credentials::new(access_key_id, secret_access_key, session_token, None, "environment");
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .service_config(EndpointsOfServices)
        .timeout_config(timeouts())
        .retry_config(retries())
        .http_client(http_client(ca_bundle));
    builder.set_endpoint_url(endpoint_url);
    Ok(builder.build())
}

/// How long calls are waited for. The SDK itself waits for ever.
#[must_use]
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build()
}

/// How often calls are tried: soon again, since a person waits.
#[must_use]
pub fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_secs(1))
}

fn http_client(ca_bundle: Option<Vec<u8>>) -> SharedHttpClient {
    let roots = ca_bundle.unwrap_or_else(|| AMAZON_ROOTS.as_bytes().to_vec());
    let trust = TrustStore::empty().with_pem_certificate(roots);
    let tls = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .expect("a trust store is all it takes");
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(tls)
        .build_https()
}

/// The variables that name one service's endpoint.
#[derive(Debug)]
struct EndpointsOfServices;

impl LoadServiceConfig for EndpointsOfServices {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_uppercase().replace([' ', '-'], "_");
        ProcessEnvironment.get(&format!("{}_{service}", key.env()))
    }
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
    Keyring(#[from] KeyringError),
}

/// The keys in the secret that the environment names; none where it names none. Read once, at init: a
/// call for each number would cost more than all the rest.
///
/// # Errors
/// [`SecretError`].
pub async fn keyring(sdk: &SdkConfig, env: &impl Variables) -> Result<Keyring, SecretError> {
    let Some(arn) = config::keys_secret_arn(env)? else { return Ok(Keyring::default()) };
    let sent =
        aws_sdk_secretsmanager::Client::new(sdk).get_secret_value().secret_id(arn).send().await;
    let answer = sent.map_err(|error| SecretError::Call {
        code: error.code().unwrap_or("no answer").to_owned(),
    })?;
    Ok(answer.secret_string().unwrap_or_default().parse()?)
}

/// The tables that the environment names.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn store(
    sdk: &SdkConfig,
    env: &impl Variables,
    keyring: Keyring,
) -> Result<Store, ConfigError> {
    let store =
        Store::new(aws_sdk_dynamodb::Client::new(sdk), config::tables(env)?, keyring, SystemClock);
    Ok(store.with_book_ttl(config::book_ttl_seconds(env)?))
}

/// SNS, with the platform applications that the environment names.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn sns(sdk: &SdkConfig, env: &impl Variables) -> Result<Sns, ConfigError> {
    Ok(Sns::new(aws_sdk_sns::Client::new(sdk), config::applications(env)?, config::fcm_style(env)?))
}
