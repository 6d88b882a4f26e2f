//! A trigger of a Cognito user pool: whoever has confirmed their account is signed up, with the phone
//! that Cognito has verified.

use std::collections::HashMap;

use aws_lambda_events::cognito::{
    CognitoEventUserPoolsPostConfirmation,
    CognitoEventUserPoolsPostConfirmationTriggerSource as Source,
};
use model::{Clock, Details, UserId};
use protocol::{AccountError, PhoneClaim, ProfilePatch, SignUpStore, sign_up};

/// The event, and the answer: Cognito wants it back.
pub type PostConfirmation = CognitoEventUserPoolsPostConfirmation;

/// Why nobody was signed up. Cognito tells the app that the confirmation failed, though the account is
/// confirmed; `POST /users` does then what was left undone.
#[derive(Debug, thiserror::Error)]
pub enum SignUpError {
    /// The event has no `sub` that could be a user id.
    #[error("the event names no user")]
    NoSubject,
    /// The account wasn't written.
    #[error(transparent)]
    Account(#[from] AccountError),
}

/// Signs the event's user up; a new password (`PostConfirmation_ConfirmForgotPassword`) is no sign-up.
///
/// # Errors
/// [`SignUpError`]; may be repeated.
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

/// The number counts where Cognito has verified it, as in its tokens.
fn verified_phone(attributes: &HashMap<String, String>) -> PhoneClaim {
    let verified =
        attributes.get("phone_number_verified").is_some_and(|verified| verified == "true");
    let number = attributes
        .get("phone_number")
        .filter(|_| verified)
        .and_then(|number| number.strip_prefix('+'));
    number.and_then(|digits| digits.parse().ok()).map_or(PhoneClaim::None, PhoneClaim::Proven)
}
