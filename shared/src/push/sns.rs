//! Amazon SNS mobile push: endpoints and messages.

use aws_sdk_sns::Client;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sns::operation::create_platform_endpoint::CreatePlatformEndpointError;
use aws_sdk_sns::operation::get_endpoint_attributes::GetEndpointAttributesError;
use serde_json::{Value, json};

use super::{Delivery, EndpointError, Endpoints, Push, Pusher, Token};
use crate::config::Environment as Variables;
use crate::store::{Channel, Environment, Subscription};

/// Times that a token is registered anew after its endpoint went away in between.
const REGISTER_ATTEMPTS: usize = 3;

/// The platform applications of a deployment, by channel and environment; ARNs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applications {
    apns: Option<String>,
    apns_sandbox: Option<String>,
    apns_voip: Option<String>,
    apns_voip_sandbox: Option<String>,
    fcm: Option<String>,
}

impl Applications {
    /// Reads `APNS_APPLICATION_ARN`, `APNS_SANDBOX_APPLICATION_ARN`, `APNS_VOIP_APPLICATION_ARN`,
    /// `APNS_VOIP_SANDBOX_APPLICATION_ARN` and `FCM_APPLICATION_ARN`, each optional.
    #[must_use]
    pub fn from_env(env: &impl Variables) -> Self {
        let arn = |name| env.get(name).filter(|arn| !arn.is_empty());
        Self {
            apns: arn("APNS_APPLICATION_ARN"),
            apns_sandbox: arn("APNS_SANDBOX_APPLICATION_ARN"),
            apns_voip: arn("APNS_VOIP_APPLICATION_ARN"),
            apns_voip_sandbox: arn("APNS_VOIP_SANDBOX_APPLICATION_ARN"),
            fcm: arn("FCM_APPLICATION_ARN"),
        }
    }

    fn of(&self, channel: Channel, environment: Environment) -> Option<&str> {
        match (channel, environment) {
            (Channel::Apns, Environment::Production) => &self.apns,
            (Channel::Apns, Environment::Development) => &self.apns_sandbox,
            (Channel::ApnsVoip, Environment::Production) => &self.apns_voip,
            (Channel::ApnsVoip, Environment::Development) => &self.apns_voip_sandbox,
            (Channel::Gcm, _) => &self.fcm,
        }
        .as_deref()
    }
}

/// Endpoints of SNS.
#[derive(Clone, Debug)]
pub struct SnsEndpoints {
    client: Client,
    applications: Applications,
}

impl SnsEndpoints {
    /// Endpoints in `applications`.
    #[must_use]
    pub fn new(client: Client, applications: Applications) -> Self {
        Self { client, applications }
    }

    /// The endpoint of a token: a new one, or the one that it has with whatever attributes.
    async fn create(&self, application: &str, token: &str) -> Result<String, EndpointError> {
        let sent = self.client.create_platform_endpoint().platform_application_arn(application).token(token).send();
        match sent.await {
            Ok(answer) => answer.endpoint_arn.ok_or_else(|| unavailable("no ARN in the answer")),
            Err(error) => match error.as_service_error() {
                Some(CreatePlatformEndpointError::InvalidParameterException(invalid)) => {
                    existing_endpoint(invalid.message().unwrap_or_default()).ok_or(EndpointError::BadToken)
                }
                _ => Err(failed(&error)),
            },
        }
    }

    /// Whether the endpoint still was there to be brought up to date.
    async fn refresh(&self, endpoint: &str, token: &str) -> Result<bool, EndpointError> {
        let attributes = match self.client.get_endpoint_attributes().endpoint_arn(endpoint).send().await {
            Ok(answer) => answer.attributes.unwrap_or_default(),
            Err(error)
                if matches!(error.as_service_error(), Some(GetEndpointAttributesError::NotFoundException(_))) =>
            {
                return Ok(false);
            }
            Err(error) => return Err(failed(&error)),
        };
        let is = |name: &str, value: &str| attributes.get(name).is_some_and(|attribute| attribute == value);
        if is("Token", token) && is("Enabled", "true") {
            return Ok(true);
        }
        let set = self.client.set_endpoint_attributes().endpoint_arn(endpoint);
        match set.attributes("Token", token).attributes("Enabled", "true").send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("NotFound") => Ok(false),
            Err(error) => Err(failed(&error)),
        }
    }
}

impl Endpoints for SnsEndpoints {
    /// Create, look, set, and where it went away in between, create anew: the way AWS documents it.
    async fn register(&self, token: Token<'_>) -> Result<String, EndpointError> {
        let application = self.applications.of(token.channel, token.environment).ok_or(EndpointError::NotConfigured)?;
        for _ in 0..REGISTER_ATTEMPTS {
            let endpoint = self.create(application, token.token).await?;
            if self.refresh(&endpoint, token.token).await? {
                return Ok(endpoint);
            }
        }
        Err(unavailable("the endpoint goes away each time"))
    }

    async fn remove(&self, endpoint: &str) -> Result<(), EndpointError> {
        match self.client.delete_endpoint().endpoint_arn(endpoint).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }
}

/// The ARN in "Invalid parameter: Token Reason: Endpoint arn:… already exists with the same Token, but
/// different attributes."; SNS tells it nowhere else.
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

/// Pushes through SNS.
#[derive(Clone, Debug)]
pub struct SnsPusher {
    client: Client,
}

impl SnsPusher {
    /// Publishes with `client`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl Pusher for SnsPusher {
    async fn push(&self, subscription: &Subscription, push: &Push) -> Delivery {
        let published = self
            .client
            .publish()
            .target_arn(&subscription.endpoint)
            .message_structure("json")
            .message(message(subscription.channel, subscription.environment, push).to_string())
            .send()
            .await;
        match published {
            Ok(_) => Delivery::Sent,
            Err(error) => match error.code() {
                Some("EndpointDisabled" | "EndpointDisabledException" | "NotFound" | "NotFoundException") => {
                    Delivery::Gone
                }
                Some("InvalidParameter" | "InvalidParameterValue" | "AuthorizationError") => Delivery::Refused,
                _ => Delivery::Throttled,
            },
        }
    }
}

/// The message for each platform; SNS wants the inner ones as JSON in a text.
fn message(channel: Channel, environment: Environment, push: &Push) -> Value {
    let (platform, payload) = match (channel, environment) {
        (Channel::Gcm, _) => ("GCM", fcm(push)),
        (Channel::Apns | Channel::ApnsVoip, Environment::Production) => ("APNS", apns(push)),
        (Channel::Apns | Channel::ApnsVoip, Environment::Development) => ("APNS_SANDBOX", apns(push)),
    };
    json!({ "default": push.text, platform: payload.to_string() })
}

fn apns(push: &Push) -> Value {
    json!({
        "aps": { "alert": { "body": push.text }, "sound": "default", "thread-id": "contacts-joined" },
        "id": push.joiner,
        "phone": push.phone.digits(),
    })
}

/// A data message: of an offline phone's notification messages FCM keeps only the last.
fn fcm(push: &Push) -> Value {
    json!({ "fcmV1Message": { "message": {
        "data": { "message": push.text, "id": push.joiner.to_string(), "phone": push.phone.digits() },
        "android": { "priority": "high" },
    }}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::PublicId;

    fn push() -> Push {
        Push {
            text: "\"Zoë\" %s 😀 joined".to_owned(),
            joiner: PublicId::new(212).expect("an id"),
            phone: "16505550123".parse().expect("a phone"),
        }
    }

    #[test]
    fn ios_gets_an_alert() {
        assert_eq!(
            message(Channel::Apns, Environment::Development, &push()),
            json!({
                "default": "\"Zoë\" %s 😀 joined",
                "APNS_SANDBOX": "{\"aps\":{\"alert\":{\"body\":\"\\\"Zoë\\\" %s 😀 joined\"},\"sound\":\"default\",\
                                 \"thread-id\":\"contacts-joined\"},\"id\":212,\"phone\":\"16505550123\"}",
            })
        );
    }

    #[test]
    fn android_gets_a_data_message() {
        assert_eq!(
            message(Channel::Gcm, Environment::Production, &push()),
            json!({
                "default": "\"Zoë\" %s 😀 joined",
                "GCM": "{\"fcmV1Message\":{\"message\":{\"android\":{\"priority\":\"high\"},\"data\":{\"id\":\"212\",\
                        \"message\":\"\\\"Zoë\\\" %s 😀 joined\",\"phone\":\"16505550123\"}}}}",
            })
        );
    }

    #[test]
    fn the_endpoint_of_a_token_with_other_attributes_is_read_from_the_message() {
        let arn = "arn:aws:sns:us-east-1:123456789012:endpoint/GCM/app/5f1b";
        let message = format!(
            "Invalid parameter: Token Reason: Endpoint {arn} already exists with the same Token, but different attributes."
        );
        assert_eq!(existing_endpoint(&message).as_deref(), Some(arn));
        assert_eq!(existing_endpoint("Invalid parameter: Token Reason: iOS device tokens must be hexadecimal"), None);
    }
}
