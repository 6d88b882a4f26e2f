//! `/subscriptions`.

use serde_json::{Map, Value, json};

use crate::error::ApiError;
use model::{Channel, Platform, PushEnvironment, Subscription, Udid};
use protocol::SubscribeRequest;

/// The longest push token, in bytes. Apple's have 64 hex digits, Firebase's some 200 characters.
/// SNS takes no attribute longer than 4,096 bytes.
const MAX_TOKEN_BYTES: usize = 4_096;

/// Reads a request that subscribes a device. Unknown fields are ignored.
///
/// # Errors
/// 422 if a field is missing or has a wrong value.
pub fn read_subscription(body: &Map<String, Value>) -> Result<SubscribeRequest, ApiError> {
    let token = part(body, "push_token")?;
    let device = part(body, "device")?;
    let channel = match text(body, "notification_channel")? {
        "web" => {
            return Err(ApiError::unacceptable(
                "notification_channel",
                "web is not available: Amazon SNS reaches browsers only through gcm, with a token of Firebase.",
            ));
        }
        name => name.parse::<Channel>().map_err(|_| {
            ApiError::unacceptable("notification_channel", "must be apns, apns_voip or gcm")
        })?,
    };
    let environment = text(token, "environment")?
        .parse::<PushEnvironment>()
        .map_err(|_| ApiError::unacceptable("environment", "must be development or production"))?;
    let platform = text(device, "platform")?
        .to_ascii_lowercase()
        .parse::<Platform>()
        .map_err(|_| ApiError::unacceptable("platform", "must be ios, android or web"))?;
    if platform == Platform::Web && channel != Channel::Gcm {
        return Err(ApiError::unacceptable("platform", "web needs the channel gcm"));
    }
    let udid = text(device, "udid")?.parse::<Udid>().map_err(|_| {
        ApiError::unacceptable("udid", "Length of 'udid' field should be min: 1 and max: 64.")
    })?;
    let sequence = text(token, "client_identification_sequence")?;
    if sequence.is_empty() || sequence.len() > MAX_TOKEN_BYTES {
        return Err(ApiError::unacceptable(
            "client_identification_sequence",
            format!("must have 1 to {MAX_TOKEN_BYTES} bytes"),
        ));
    }
    Ok(SubscribeRequest {
        device: udid,
        platform,
        channel,
        environment,
        token: sequence.to_owned(),
    })
}

fn part<'a>(
    body: &'a Map<String, Value>,
    field: &'static str,
) -> Result<&'a Map<String, Value>, ApiError> {
    body.get(field)
        .and_then(Value::as_object)
        .ok_or_else(|| ApiError::unacceptable(field, "must be an object"))
}

fn text<'a>(fields: &'a Map<String, Value>, field: &'static str) -> Result<&'a str, ApiError> {
    fields
        .get(field)
        .and_then(Value::as_str)
        .ok_or_else(|| ApiError::unacceptable(field, "must be a string"))
}

/// Returns subscriptions as clients see them: an array, even if there is only one.
#[must_use]
pub fn subscription_items(subscriptions: &[Subscription]) -> Value {
    let item = |subscription: &Subscription| {
        json!({ "subscription": {
            "id": subscription.id,
            "notification_channel": { "name": subscription.channel.name() },
            "device": {
                "udid": subscription.device.as_str(),
                "platform": { "name": subscription.platform.name() },
            },
        }})
    };
    subscriptions.iter().map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Value {
        json!({
            "notification_channel": "apns",
            "push_token": {"environment": "development", "client_identification_sequence": "98559c",
                           "bundle_identifier": "com.example.app"},
            "device": {"platform": "ios", "udid": "BFE36393"}
        })
    }

    #[test]
    fn the_documented_request_is_read() {
        let body = request();
        let request = read_subscription(body.as_object().expect("an object")).expect("readable");
        assert_eq!(request.device.as_str(), "BFE36393");
        assert_eq!((request.channel, request.platform), (Channel::Apns, Platform::Ios));
        assert_eq!(
            (request.environment, request.token.as_str()),
            (PushEnvironment::Development, "98559c")
        );
    }

    #[test]
    fn firebase_reaches_every_platform() {
        for (name, platform) in
            [("android", Platform::Android), ("iOS", Platform::Ios), ("web", Platform::Web)]
        {
            let mut body = request();
            body["notification_channel"] = json!("gcm");
            body["device"]["platform"] = json!(name);
            let request =
                read_subscription(body.as_object().expect("an object")).expect("readable");
            assert_eq!((request.channel, request.platform), (Channel::Gcm, platform));
        }
    }

    #[test]
    fn a_field_that_is_missing_or_makes_no_sense_is_422_under_its_name() {
        for (pointer, value, field) in [
            ("/notification_channel", json!("web"), "notification_channel"),
            ("/notification_channel", json!("pigeon"), "notification_channel"),
            ("/push_token", json!(null), "push_token"),
            ("/push_token/environment", json!("staging"), "environment"),
            (
                "/push_token/client_identification_sequence",
                json!(""),
                "client_identification_sequence",
            ),
            ("/device", json!("ios"), "device"),
            ("/device/platform", json!("symbian"), "platform"),
            ("/device/platform", json!("web"), "platform"),
            ("/device/udid", json!(""), "udid"),
            ("/device/udid", json!("x".repeat(65)), "udid"),
        ] {
            let mut body = request();
            *body.pointer_mut(pointer).expect("a field") = value;
            let error =
                read_subscription(body.as_object().expect("an object")).expect_err("unacceptable");
            assert_eq!((error.status, error.field), (422, field), "{body}");
        }
    }
}
