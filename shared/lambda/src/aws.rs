//! The functions' AWS clients.
//!
//! A function on Lambda finds all that it needs in its environment. So nothing here looks for
//! profiles, logs in or asks a metadata service, and the code for that isn't even linked.

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

/// The root certificates of Amazon Trust Services, which sign for every endpoint of AWS outside
/// China (<https://www.amazontrust.com/repository/>). Parsing the 145 roots of a system would take
/// 4 ms of every cold start.
const AMAZON_ROOTS: &str = include_str!("amazon-roots.pem");

/// How long a connection may take to open. Within a region it takes some milliseconds.
const CONNECT: Duration = Duration::from_secs(1);
/// How long one attempt of a call may take. The slowest calls carry a book of 400 KB, or register a
/// token with a push service. They take some tenths of a second.
const ATTEMPT: Duration = Duration::from_secs(3);
/// How long a call may take with all its attempts. It leaves a request time to go on after a call
/// that fails.
const CALL: Duration = Duration::from_secs(8);
/// How often a call is tried.
const ATTEMPTS: u32 = 3;

/// Returns the SDK's configuration: credentials, region, endpoints and roots as Lambda and SAM set
/// them, and how long and how often calls are tried.
///
/// Reads `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`. If an
/// emulator or a proxy takes the place of AWS, it also reads `AWS_ENDPOINT_URL`,
/// `AWS_ENDPOINT_URL_DYNAMODB` (and so on for each service), and `AWS_CA_BUNDLE`: a PEM file of
/// roots to trust in place of Amazon's.
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

/// Returns how long calls may take. Without this, the SDK waits for ever.
#[must_use]
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build()
}

/// Returns how often calls are tried. They are tried again soon, since a person waits.
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
        .expect("a TLS context needs nothing but a trust store");
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(tls)
        .build_https()
}

/// Reads the variables that name the endpoint of one service.
#[derive(Debug)]
struct EndpointsOfServices;

impl LoadServiceConfig for EndpointsOfServices {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_uppercase().replace([' ', '-'], "_");
        ProcessEnvironment.get(&format!("{}_{service}", key.env()))
    }
}

/// Why the keys couldn't be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The environment doesn't name the secret.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Secrets Manager didn't return the secret.
    #[error("the secret of the keys can't be read: {code}")]
    Call {
        /// The error code of Secrets Manager, or `no answer`.
        code: String,
    },
    /// The secret doesn't hold keys.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

/// Returns the keys in the secret that the environment names, or no keys if it names none.
///
/// It is called once, at init: a call for each number would cost more than all the rest.
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

/// Returns a store over the tables that the environment names.
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
    let store = store.with_book_ttl(config::book_ttl_seconds(env)?);
    Ok(store.with_device_book_ttl(config::device_book_ttl_seconds(env)?))
}

/// Returns a client of SNS for the platform applications that the environment names.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn sns(sdk: &SdkConfig, env: &impl Variables) -> Result<Sns, ConfigError> {
    Ok(Sns::new(aws_sdk_sns::Client::new(sdk), config::applications(env)?, config::fcm_style(env)?))
}
