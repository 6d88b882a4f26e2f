//! The region and the account in which a stack is.

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// Where a stack is. By default, where the AWS CLI would look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub region: Option<String>,
    /// The profile of the AWS CLI's configuration. It takes the place of all other credentials, also of
    /// those in the environment.
    pub profile: Option<String>,
}

impl Place {
    /// Returns the set-up for calls to this place.
    pub async fn sdk(&self) -> SdkConfig {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .build_https();
        let mut sdk = aws_config::defaults(BehaviorVersion::latest()).http_client(http.clone());
        if let Some(profile) = &self.profile {
            sdk = sdk.profile_name(profile);
        }
        if let Some(region) = &self.region {
            sdk = sdk.region(Region::new(region.clone()));
        }
        let sdk = sdk.load().await;
        let Some(profile) = &self.profile else { return sdk };
        // The default chain would ask the environment first.
        let calls = ProviderConfig::without_region()
            .with_http_client(http)
            .with_region(sdk.region().cloned());
        let credentials = ProfileFileCredentialsProvider::builder()
            .profile_name(profile)
            .configure(&calls)
            .build();
        let credentials = SharedCredentialsProvider::new(credentials);
        sdk.into_builder().credentials_provider(credentials).build()
    }
}
