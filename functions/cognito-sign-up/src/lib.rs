//! A trigger of a Cognito user pool: it signs up users who have confirmed their account, with the
//! phone that Cognito has verified.

use aws_lambda_events::cognito::{
    CognitoEventUserPoolsPostConfirmation,
    CognitoEventUserPoolsPostConfirmationTriggerSource as Source,
};
use model::{Budget, Clock, Details, Issuers, UserId, proven_phone};
use protocol::{AccountError, PhoneClaim, ProfilePatch, SignUpStore, sign_up_within};

/// The event. It is the answer too, since Cognito wants it back.
pub type PostConfirmation = CognitoEventUserPoolsPostConfirmation;

/// Why the user wasn't signed up. Cognito then tells the app that the confirmation failed, though
/// the account is confirmed. `POST /users` can still sign the user up.
#[derive(Debug, thiserror::Error)]
pub enum SignUpError {
    /// The event has no `sub` that could be a user id.
    #[error("the event names no user")]
    NoSubject,
    /// The attribute of the public id isn't one.
    #[error("the attribute of the public id isn't one")]
    BadId,
    /// The account couldn't be written.
    #[error(transparent)]
    Account(#[from] AccountError),
}

/// What a deployment decides about the users of its pool.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether name and mail address are copied from the pool into the profile. Others who have
    /// the user's phone in their books see the profile.
    pub copy_profile: bool,
    /// How often users may change who has a phone.
    pub holder_changes: Budget,
    /// The attribute that gives a user their public id, if there is one. Claims of tokens have the
    /// names of attributes.
    pub public_id_claim: Option<String>,
}

/// Signs the event's user up. A new password (`PostConfirmation_ConfirmForgotPassword`) isn't a
/// sign-up, and nothing happens. Nothing happens either if the phone has changed its holder too
/// often: the account is confirmed all the same, and `POST /users` tells the app when to come again.
///
/// # Errors
/// [`SignUpError`]. The call may be repeated.
pub async fn handle<S, C>(
    store: &S,
    clock: &C,
    settings: &Settings,
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
        let copied = |name: &str| attributes.get(name).filter(|_| settings.copy_profile).cloned();
        let details =
            Details { full_name: copied("name"), email: copied("email"), ..Details::default() };
        let given = settings.public_id_claim.as_ref().and_then(|claim| attributes.get(claim));
        let given_id = given.map(|id| id.parse()).transpose().map_err(|_| SignUpError::BadId)?;
        let patch = ProfilePatch { details, given_id, ..ProfilePatch::default() };
        // Attributes name no issuer, so the pool has to say that it has verified the phone.
        let proven = proven_phone(attributes, &Issuers::default()).unwrap_or_else(|_| {
            tracing::warn!("a confirmed user's phone can't be used");
            None
        });
        let claim = proven.map_or(PhoneClaim::None, PhoneClaim::Proven);
        let limit = &settings.holder_changes;
        match sign_up_within(store, clock, limit, &user, claim, &patch).await {
            Err(AccountError::TooManyChanges { .. }) => {
                tracing::warn!("a confirmed user's phone has changed its holder too often");
            }
            signed_up => {
                signed_up?;
                tracing::info!("signed a confirmed user up");
            }
        }
    }
    Ok(event)
}
