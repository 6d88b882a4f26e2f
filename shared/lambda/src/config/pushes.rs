//! The settings of pushes, and of the devices that get them.

use protocol::Renewal;
use protocol::push::{Applications, FcmStyle, Template};

use super::{ConfigError, Variables, optional, parsed};

/// Reads `PUSH_ON_JOIN` and `PUSH_TEMPLATE`. Returns the text of a push, or `None` if pushes are
/// off.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn push_template(env: &impl Variables) -> Result<Option<Template>, ConfigError> {
    let template = parsed(env, "PUSH_TEMPLATE")?;
    Ok(push_on_join(env)?.then_some(template))
}

/// Reads `PUSH_ON_JOIN`: whether pushes are on.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn push_on_join(env: &impl Variables) -> Result<bool, ConfigError> {
    parsed(env, "PUSH_ON_JOIN")
}

/// Reads the ARNs of the platform applications: `APNS_APPLICATION_ARN`,
/// `APNS_SANDBOX_APPLICATION_ARN`, `APNS_VOIP_APPLICATION_ARN`, `APNS_VOIP_SANDBOX_APPLICATION_ARN`
/// and `FCM_APPLICATION_ARN`, each optional.
///
/// # Errors
/// [`ConfigError`] with the name of a variable that isn't the ARN of such an application.
pub fn applications(env: &impl Variables) -> Result<Applications, ConfigError> {
    let arn = |name, platform| application(env, name, platform);
    Ok(Applications {
        apns: arn("APNS_APPLICATION_ARN", "APNS")?,
        apns_sandbox: arn("APNS_SANDBOX_APPLICATION_ARN", "APNS_SANDBOX")?,
        apns_voip: arn("APNS_VOIP_APPLICATION_ARN", "APNS_VOIP")?,
        apns_voip_sandbox: arn("APNS_VOIP_SANDBOX_APPLICATION_ARN", "APNS_VOIP_SANDBOX")?,
        fcm: arn("FCM_APPLICATION_ARN", "GCM")?,
    })
}

/// Returns the ARN in a variable, if it is set: `arn:aws:sns:REGION:ACCOUNT:app/PLATFORM/NAME`.
fn application(
    env: &impl Variables,
    name: &'static str,
    platform: &'static str,
) -> Result<Option<String>, ConfigError> {
    let Some(arn) = optional(env, name) else { return Ok(None) };
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let application = resource
        .strip_prefix("app/")
        .and_then(|rest| rest.strip_prefix(platform)?.strip_prefix('/'));
    match application {
        Some(application) if arn.starts_with("arn:") && !application.is_empty() => Ok(Some(arn)),
        _ => {
            let reason = format!("it isn't the ARN of a platform application for {platform}");
            Err(ConfigError::Invalid { name, reason })
        }
    }
}

/// Reads `FCM_NOTIFICATION`: whether Android gets a notification as well as the data. If it isn't
/// set, Android gets the data only.
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn fcm_style(env: &impl Variables) -> Result<FcmStyle, ConfigError> {
    let notification = env.get("FCM_NOTIFICATION").is_some() && parsed(env, "FCM_NOTIFICATION")?;
    Ok(if notification { FcmStyle::Notification } else { FcmStyle::Data })
}

/// Reads `SUBSCRIPTION_RENEWAL_DAYS`: after how many days a device that repeats its subscription is
/// registered at SNS again. If it is 0, every repeat is. If it isn't set, this returns
/// [`Renewal::default`].
///
/// # Errors
/// [`ConfigError`] with the variable's name.
pub fn renewal(env: &impl Variables) -> Result<Renewal, ConfigError> {
    const NAME: &str = "SUBSCRIPTION_RENEWAL_DAYS";
    if env.get(NAME).is_none() {
        return Ok(Renewal::default());
    }
    parsed(env, NAME).map(Renewal::after_days)
}

#[cfg(test)]
mod tests {
    use super::super::tests::Fixed;
    use super::*;

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

    #[test]
    fn a_subscription_is_renewed_after_a_week_unless_told_otherwise() {
        assert_eq!(renewal(&Fixed(&[])), Ok(Renewal::after_days(7)));
        let off = Fixed(&[("SUBSCRIPTION_RENEWAL_DAYS", "0")]);
        assert_eq!(renewal(&off), Ok(Renewal::after_days(0)));
        let daily = Fixed(&[("SUBSCRIPTION_RENEWAL_DAYS", "1")]);
        assert_eq!(renewal(&daily), Ok(Renewal::after_days(1)));
        for bad in [
            Fixed(&[("SUBSCRIPTION_RENEWAL_DAYS", "a week")]),
            Fixed(&[("SUBSCRIPTION_RENEWAL_DAYS", "-1")]),
        ] {
            let error = renewal(&bad);
            let Err(ConfigError::Invalid { name, .. }) = error else { panic!("{error:?}") };
            assert_eq!(name, "SUBSCRIPTION_RENEWAL_DAYS");
        }
        let empty = renewal(&Fixed(&[("SUBSCRIPTION_RENEWAL_DAYS", "")]));
        assert_eq!(empty, Err(ConfigError::Missing("SUBSCRIPTION_RENEWAL_DAYS")));
    }
}
