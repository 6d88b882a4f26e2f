//! Amazon SNS mobile push: registers endpoints and publishes messages.

use std::collections::HashMap;
use std::error::Error;

use aws_sdk_sns::Client;
use aws_sdk_sns::config::retry::RetryConfig;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sns::operation::create_platform_endpoint::CreatePlatformEndpointError;
use aws_sdk_sns::operation::publish::PublishError;
use aws_sdk_sns::types::MessageAttributeValue;
use model::{Channel, PushEnvironment, Subscription};

use super::message::{FcmStyle, Message};
use super::port::{
    Delivery, EndpointError, EndpointState, EndpointStates, Endpoints, Push, Pusher, Token,
};

/// How often a token's registration is tried, since its endpoint may be deleted in between.
const REGISTER_ATTEMPTS: usize = 3;

/// The ARNs of a deployment's platform applications, by channel and environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applications {
    pub apns: Option<String>,
    pub apns_sandbox: Option<String>,
    pub apns_voip: Option<String>,
    pub apns_voip_sandbox: Option<String>,
    pub fcm: Option<String>,
}

impl Applications {
    fn of(&self, channel: Channel, environment: PushEnvironment) -> Option<&str> {
        match (channel, environment) {
            (Channel::Apns, PushEnvironment::Production) => &self.apns,
            (Channel::Apns, PushEnvironment::Development) => &self.apns_sandbox,
            (Channel::ApnsVoip, PushEnvironment::Production) => &self.apns_voip,
            (Channel::ApnsVoip, PushEnvironment::Development) => &self.apns_voip_sandbox,
            (Channel::Gcm, _) => &self.fcm,
        }
        .as_deref()
    }
}

/// Amazon SNS mobile push, as the push service.
#[derive(Clone, Debug)]
pub struct Sns {
    client: Client,
    applications: Applications,
    fcm_style: FcmStyle,
}

impl Sns {
    /// Makes a push service whose endpoints are in `applications`.
    #[must_use]
    pub fn new(client: Client, applications: Applications, fcm_style: FcmStyle) -> Self {
        Self { client, applications, fcm_style }
    }

    /// Returns the endpoint of a token: a new one, or the existing one, whatever its attributes
    /// are.
    async fn create(&self, application: &str, token: &str) -> Result<String, EndpointError> {
        let sent = self
            .client
            .create_platform_endpoint()
            .platform_application_arn(application)
            .token(token)
            .send();
        match sent.await {
            Ok(answer) => answer.endpoint_arn.ok_or_else(|| unavailable("no ARN in the answer")),
            Err(error) => match error.as_service_error() {
                Some(CreatePlatformEndpointError::InvalidParameterException(invalid)) => {
                    existing_endpoint(invalid.message().unwrap_or_default())
                        .ok_or(EndpointError::BadToken)
                }
                _ => Err(failed(&error)),
            },
        }
    }

    /// Returns the endpoint's attributes, or nothing if there is no such endpoint.
    async fn attributes(
        &self,
        endpoint: &str,
    ) -> Result<Option<HashMap<String, String>>, EndpointError> {
        match self.client.get_endpoint_attributes().endpoint_arn(endpoint).send().await {
            Ok(answer) => Ok(Some(answer.attributes.unwrap_or_default())),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_not_found_exception()) => {
                Ok(None)
            }
            Err(error) => Err(failed(&error)),
        }
    }

    /// Brings the endpoint's attributes up to date. Returns whether the endpoint was still there.
    async fn refresh(&self, endpoint: &str, token: &str) -> Result<bool, EndpointError> {
        let Some(attributes) = self.attributes(endpoint).await? else { return Ok(false) };
        let is = |name: &str, value: &str| {
            attributes.get(name).is_some_and(|attribute| attribute == value)
        };
        if is("Token", token) && is("Enabled", "true") {
            return Ok(true);
        }
        let set = self.client.set_endpoint_attributes().endpoint_arn(endpoint);
        match set.attributes("Token", token).attributes("Enabled", "true").send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_not_found_exception()) => {
                Ok(false)
            }
            Err(error) => Err(failed(&error)),
        }
    }
}

impl Endpoints for Sns {
    /// Creates the endpoint, reads its attributes, and sets them if they differ. If the endpoint
    /// was deleted in between, it is created again. AWS documents this procedure.
    async fn register(&self, token: Token<'_>) -> Result<String, EndpointError> {
        let application = self
            .applications
            .of(token.channel, token.environment)
            .ok_or(EndpointError::NotConfigured)?;
        for _ in 0..REGISTER_ATTEMPTS {
            let endpoint = self.create(application, token.token).await?;
            if self.refresh(&endpoint, token.token).await? {
                return Ok(endpoint);
            }
        }
        Err(unavailable("the endpoint was deleted each time"))
    }

    /// Returns whether the endpoint is in the platform application that is configured now.
    fn is_current(&self, subscription: &Subscription) -> bool {
        let Subscription { channel, environment, endpoint, .. } = subscription;
        let application = self.applications.of(*channel, *environment);
        application.is_some_and(|application| is_in(application, endpoint))
    }

    async fn remove(&self, endpoint: &str) -> Result<(), EndpointError> {
        match self.client.delete_endpoint().endpoint_arn(endpoint).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }
}

impl EndpointStates for Sns {
    async fn state(&self, endpoint: &str) -> Result<EndpointState, EndpointError> {
        let Some(attributes) = self.attributes(endpoint).await? else {
            return Ok(EndpointState::Gone);
        };
        let is_enabled = attributes.get("Enabled").is_some_and(|enabled| enabled == "true");
        Ok(if is_enabled { EndpointState::Enabled } else { EndpointState::Disabled })
    }
}

/// Returns whether an endpoint is in a platform application. The endpoints of
/// `arn:aws:sns:REGION:ACCOUNT:app/PLATFORM/NAME` are
/// `arn:aws:sns:REGION:ACCOUNT:endpoint/PLATFORM/NAME/ID`.
fn is_in(application: &str, endpoint: &str) -> bool {
    let Some((account, name)) = application.split_once(":app/") else { return false };
    let id = endpoint
        .strip_prefix(account)
        .and_then(|rest| rest.strip_prefix(":endpoint/")?.strip_prefix(name)?.strip_prefix('/'));
    id.is_some_and(|id| !id.is_empty() && !id.contains('/'))
}

/// Returns the ARN in "Invalid parameter: Token Reason: Endpoint arn:… already exists with the same
/// Token, but different attributes." SNS gives it nowhere else.
fn existing_endpoint(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("Endpoint ")?;
    let (arn, _) = rest.split_once(" already exists")?;
    arn.starts_with("arn:").then(|| arn.to_owned())
}

fn failed<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> EndpointError {
    unavailable(error.code().unwrap_or("no answer"))
}

fn unavailable(code: &str) -> EndpointError {
    EndpointError::Unavailable { code: code.to_owned() }
}

impl Pusher for Sns {
    async fn push(&self, subscription: &Subscription, push: &Push) -> Delivery {
        let Message { body, attributes } = Message::new(subscription, self.fcm_style, push);
        let attributes = attributes.into_iter().map(|(name, value)| {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value);
            (name.to_owned(), value.build().expect("a type is set"))
        });
        let published = self
            .client
            .publish()
            .target_arn(&subscription.endpoint)
            .message_structure("json")
            .message(body)
            .set_message_attributes(Some(attributes.collect()))
            .customize()
            // A repeat of the SDK's own would be a second push if the first one's answer was lost.
            .config_override(
                aws_sdk_sns::config::Builder::new().retry_config(RetryConfig::disabled()),
            )
            .send()
            .await;
        published.map_or_else(|error| delivery(&error), |_| Delivery::Sent)
    }
}

/// Returns what a failed Publish means for the device. If an operator can mend the reason (a
/// platform application whose credentials expired, a missing permission), it isn't the device's
/// fault, and the push is tried again. An answer without SNS's own error code comes from something
/// on the way, and says nothing about the push.
fn delivery<R>(error: &SdkError<PublishError, R>) -> Delivery
where
    R: std::fmt::Debug + Send + Sync + 'static,
{
    use PublishError as E;
    match error.as_service_error() {
        Some(E::PlatformApplicationDisabledException(_)) => Delivery::ApplicationDisabled,
        Some(E::EndpointDisabledException(_) | E::NotFoundException(_)) => Delivery::Gone,
        Some(E::InvalidParameterException(invalid)) if names_no_endpoint(invalid.message()) => {
            Delivery::Gone
        }
        Some(
            E::InvalidParameterException(_)
            | E::InvalidParameterValueException(_)
            | E::ValidationException(_),
        ) => Delivery::Refused,
        Some(other) if other.code().is_some_and(|code| code.contains("hrottl")) => {
            Delivery::Throttled
        }
        Some(other) if other.code().is_some() => Delivery::Unavailable,
        _ if was_never_sent(error) => Delivery::Unavailable,
        _ => Delivery::Unanswered,
    }
}

/// Returns whether a call failed before its request was sent: no connection could be opened. The
/// SDK says so in the texts of an error's causes alone.
fn was_never_sent(error: &dyn Error) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if text.starts_with("client error (Connect)") || text.starts_with("HTTP connect timeout") {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Returns whether the message says that the endpoint was deleted. SNS doesn't answer with
/// `NotFound` then, but with "Invalid parameter: TargetArn Reason: No endpoint found for the target
/// arn specified".
fn names_no_endpoint(message: Option<&str>) -> bool {
    message.is_some_and(|message| message.contains("No endpoint found"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_names_its_application() {
        let application = "arn:aws:sns:us-east-1:123456789012:app/GCM/app";
        for (endpoint, is_there) in [
            ("arn:aws:sns:us-east-1:123456789012:endpoint/GCM/app/5f1b", true),
            ("arn:aws:sns:us-east-1:123456789012:endpoint/GCM/app", false),
            ("arn:aws:sns:us-east-1:123456789012:endpoint/GCM/app/", false),
            ("arn:aws:sns:us-east-1:123456789012:endpoint/GCM/app-2/5f1b", false),
            ("arn:aws:sns:us-east-1:123456789012:endpoint/GCM/old/5f1b", false),
            ("arn:aws:sns:us-east-1:123456789012:endpoint/APNS/app/5f1b", false),
            ("arn:aws:sns:eu-west-1:123456789012:endpoint/GCM/app/5f1b", false),
            ("arn:aws:sns:us-east-1:210987654321:endpoint/GCM/app/5f1b", false),
            ("inbox:5f1b", false),
        ] {
            assert_eq!(is_in(application, endpoint), is_there, "{endpoint}");
        }
        assert!(!is_in("", "arn:aws:sns:us-east-1:123456789012:endpoint/GCM/app/5f1b"));
    }

    #[test]
    fn the_endpoint_of_a_token_with_other_attributes_is_read_from_the_message() {
        let arn = "arn:aws:sns:us-east-1:123456789012:endpoint/GCM/app/5f1b";
        let message = format!(
            "Invalid parameter: Token Reason: Endpoint {arn} already exists with the same Token, but different attributes."
        );
        assert_eq!(existing_endpoint(&message).as_deref(), Some(arn));
        assert_eq!(
            existing_endpoint(
                "Invalid parameter: Token Reason: iOS device tokens must be hexadecimal"
            ),
            None
        );
    }
}
