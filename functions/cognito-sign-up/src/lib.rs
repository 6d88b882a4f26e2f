//! A trigger of a Cognito user pool: it signs up users who have confirmed their account, with the
//! phone that Cognito has verified.

use std::collections::HashMap;

use aws_lambda_events::cognito::{
    CognitoEventUserPoolsPostConfirmation,
    CognitoEventUserPoolsPostConfirmationTriggerSource as Source,
};
use model::{Clock, Details, UserId};
use protocol::{AccountError, PhoneClaim, ProfilePatch, SignUpStore, sign_up};

/// The event. It is the answer too, since Cognito wants it back.
pub type PostConfirmation = CognitoEventUserPoolsPostConfirmation;

/// Why the user wasn't signed up. Cognito then tells the app that the confirmation failed, though
/// the account is confirmed. `POST /users` can still sign the user up.
#[derive(Debug, thiserror::Error)]
pub enum SignUpError {
    /// The event has no `sub` that could be a user id.
    #[error("the event names no user")]
    NoSubject,
    /// The account couldn't be written.
    #[error(transparent)]
    Account(#[from] AccountError),
}

/// Signs the event's user up. A new password (`PostConfirmation_ConfirmForgotPassword`) isn't a
/// sign-up, and nothing happens.
///
/// # Errors
/// [`SignUpError`]. The call may be repeated.
pub async fn handle<S, C>(
    store: &S,
    clock: &C,
    event: PostConfirmation,
) -> Result<PostConfirmation, SignUpError>
where
    S: SignUpStore,
    C: Clock,
{
    if event.cognito_event_user_pools_header.trigger_source == Some(Source::ConfirmSignUp) {
        let attributes = &event.request.user_attributes;
        let subject = attributes.get("sub").ok_or(SignUpError::NoSubject)?;
        let user: UserId = subject.parse().map_err(|_| SignUpError::NoSubject)?;
        let details = Details {
            full_name: attributes.get("name").cloned(),
            email: attributes.get("email").cloned(),
            ..Details::default()
        };
        let patch = ProfilePatch { details, ..ProfilePatch::default() };
        sign_up(store, clock, &user, verified_phone(attributes), &patch).await?;
        tracing::info!("signed a confirmed user up");
    }
    Ok(event)
}

/// Returns the user's phone if Cognito has verified it. The phones in its tokens follow the same
/// rule.
fn verified_phone(attributes: &HashMap<String, String>) -> PhoneClaim {
    let verified =
        attributes.get("phone_number_verified").is_some_and(|verified| verified == "true");
    let number = attributes
        .get("phone_number")
        .filter(|_| verified)
        .and_then(|number| number.strip_prefix('+'));
    number.and_then(|digits| digits.parse().ok()).map_or(PhoneClaim::None, PhoneClaim::Proven)
}
