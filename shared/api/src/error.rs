//! Errors as clients see them, and the one place where an error becomes a status.

use serde_json::{Value, json};

use protocol::push::EndpointError;
use protocol::{AccountError, SubscribeError, UploadError};
use store::StoreError;

/// The sentence that makes the JavaScript SDKs renew their session.
pub const SESSION_REQUIRED: &str = "Required session does not exist";
/// How many seconds a client should wait after a 503 before it tries again.
const RETRY_AFTER_SECONDS: u32 = 2;

/// An answer that reports an error.
#[derive(Debug)]
pub struct ApiError {
    pub status: u16,
    /// The field at fault, or `base`.
    pub field: &'static str,
    pub message: String,
    /// How many seconds the client should wait before it tries again.
    pub retry_after: Option<u32>,
    /// What is logged. Clients never see it.
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// A request took longer than its deadline.
#[derive(Debug, thiserror::Error)]
#[error("the request took longer than its deadline")]
struct OutOfTime;

impl ApiError {
    fn new(status: u16, field: &'static str, message: impl Into<String>) -> Self {
        Self { status, field, message: message.into(), retry_after: None, cause: None }
    }

    /// 400: the request can't be read.
    #[must_use]
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(400, "base", message)
    }

    /// 401: the request has no caller.
    #[must_use]
    pub fn no_session() -> Self {
        Self::new(401, "base", SESSION_REQUIRED)
    }

    /// 401: the credentials are wrong. It isn't the sentence of [`SESSION_REQUIRED`], on which the SDKs
    /// begin a session and send the request again: with a wrong password that would never end.
    #[must_use]
    pub fn refused() -> Self {
        Self::new(401, "base", "Unauthorized")
    }

    /// 422: a request to sign in or up names nobody.
    #[must_use]
    pub fn nobody_named() -> Self {
        let message = "Nobody is named: send a token, or a login and a password.";
        Self::new(422, "base", message)
    }

    /// 422: a session's token says that it is another user's.
    #[must_use]
    pub fn session_of_another() -> Self {
        Self::new(422, "base", "The session is another user's: end it first.")
    }

    /// 422: sessions need the keys that seal their tokens.
    #[must_use]
    pub fn no_keys() -> Self {
        Self::new(422, "base", "This deployment has no keys, and so no sessions.")
    }

    /// 422: the token gives no usable public id.
    #[must_use]
    pub fn bad_id() -> Self {
        Self::new(422, "id", "of the token isn't a number from 1 to 2147483647")
    }

    /// 422: the request needs a user, and comes with an application session.
    #[must_use]
    pub fn no_user() -> Self {
        let message = "The session has no user: sign in by POST /login, or by POST /session.";
        Self::new(422, "base", message)
    }

    /// 403: it belongs to another user.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(403, "base", "Only the user themself may do this.")
    }

    /// 404: there is no such thing.
    #[must_use]
    pub fn not_found(message: &'static str) -> Self {
        Self::new(404, "base", message)
    }

    /// 404: no route has this path and method.
    #[must_use]
    pub fn no_route() -> Self {
        Self::not_found("The requested resource was not found.")
    }

    /// 413: the body is too large.
    #[must_use]
    pub fn too_large(limit_bytes: usize) -> Self {
        Self::new(413, "base", format!("The body must not be larger than {limit_bytes} bytes."))
    }

    /// 415: the body is neither JSON nor a form.
    #[must_use]
    pub fn unknown_media_type() -> Self {
        let message = "The body must be JSON, sent as application/json, or a form, sent as application/x-www-form-urlencoded.";
        Self::new(415, "base", message)
    }

    /// 422: the request can be read, but the value of `field` isn't acceptable.
    #[must_use]
    pub fn unacceptable(field: &'static str, message: impl Into<String>) -> Self {
        Self::new(422, field, message)
    }

    /// 429: a budget is spent.
    fn too_often(message: &str, seconds: u64) -> Self {
        let retry_after = Some(u32::try_from(seconds).unwrap_or(u32::MAX));
        Self { retry_after, ..Self::new(429, "base", message) }
    }

    /// 503: something that is needed doesn't answer, or has no room.
    pub fn unavailable(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        let message = "The service is busy. Please try again.";
        Self {
            retry_after: Some(RETRY_AFTER_SECONDS),
            cause: Some(Box::new(cause)),
            ..Self::new(503, "base", message)
        }
    }

    /// 503: the request took longer than its deadline.
    #[must_use]
    pub fn out_of_time() -> Self {
        Self::unavailable(OutOfTime)
    }

    fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self {
            cause: Some(Box::new(cause)),
            ..Self::new(500, "base", "Something went wrong on our side.")
        }
    }

    /// Returns the JSON body of the answer.
    #[must_use]
    pub fn body(&self) -> Value {
        json!({ "errors": { self.field: [self.message] } })
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if error.is_transient() { Self::unavailable(error) } else { Self::internal(error) }
    }
}

impl From<EndpointError> for ApiError {
    fn from(error: EndpointError) -> Self {
        match error {
            EndpointError::NotConfigured => Self::unacceptable(
                "notification_channel",
                "This channel is not set up: no platform application is configured for it.",
            ),
            EndpointError::BadToken => Self::unacceptable(
                "push_token",
                "The push service refuses this client_identification_sequence.",
            ),
            EndpointError::Unavailable { .. } => Self::unavailable(error),
        }
    }
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Contended(_) => Self::unavailable(error),
            UploadError::AccountDeleted => {
                Self::not_found("The user was deleted while the upload was under way.")
            }
            UploadError::OverBudget { seconds } => Self::too_often(
                "Too many new phones were added of late. Please try again later.",
                seconds,
            ),
            UploadError::TooManyChanges { seconds } => Self::too_often(
                "The address books were changed too often of late. Please try again later.",
                seconds,
            ),
            UploadError::PhoneUnproven => Self::unacceptable(
                "base",
                "Contacts can be added only after the user has proven a phone: verify one first.",
            ),
            UploadError::BeyondBudget { capacity } => Self::unacceptable(
                "contacts",
                format!("must not hold more than {capacity} new phones"),
            ),
            UploadError::TooManyBooks { limit } => Self::unacceptable(
                "udid",
                format!("There are {limit} address books already: delete one first."),
            ),
            UploadError::Store(error) => error.into(),
        }
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::NotFound => Self::not_found("There is no such user."),
            AccountError::Forbidden => Self::forbidden(),
            AccountError::PhoneTaken => Self::unacceptable("phone", "has already been taken"),
            AccountError::IdTaken => Self::unacceptable("id", "has already been taken"),
            AccountError::TooManyChanges { seconds } => Self::too_often(
                "The phone or its visibility was changed too often of late. Please try again later.",
                seconds,
            ),
            AccountError::NoIdsLeft => Self::internal(error),
            AccountError::Contended(_) => Self::unavailable(error),
            AccountError::Store(error) => error.into(),
            AccountError::Subscription(error) => error.into(),
        }
    }
}

impl From<SubscribeError> for ApiError {
    fn from(error: SubscribeError) -> Self {
        match error {
            SubscribeError::NotFound => Self::not_found("There is no such subscription."),
            SubscribeError::AccountDeleted => {
                Self::not_found("The user was deleted while the device was being subscribed.")
            }
            SubscribeError::Contended(_) => Self::unavailable(error),
            SubscribeError::Store(error) => error.into(),
            SubscribeError::Endpoint(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use store::Table;

    use super::*;

    #[test]
    fn an_error_is_a_list_of_sentences_under_its_field() {
        let error = ApiError::unacceptable("udid", "is too long");
        assert_eq!(error.body(), json!({"errors": {"udid": ["is too long"]}}));
        assert_eq!(
            ApiError::no_session().body(),
            json!({"errors": {"base": ["Required session does not exist"]}})
        );
    }

    #[test]
    fn who_may_come_again_is_told_when_and_nothing_more() {
        let error = ApiError::from(StoreError::Throttled {
            operation: "PutItem",
            table: Table::AddressBooks,
        });
        assert_eq!((error.status, error.retry_after), (503, Some(RETRY_AFTER_SECONDS)));
        assert!(!error.message.contains("PutItem"));
        let spent = ApiError::from(UploadError::OverBudget { seconds: 43 });
        assert_eq!((spent.status, spent.retry_after), (429, Some(43)));
        let changes = ApiError::from(UploadError::TooManyChanges { seconds: 87 });
        assert_eq!((changes.status, changes.retry_after), (429, Some(87)));
        let toggled = ApiError::from(AccountError::TooManyChanges { seconds: 8_640 });
        assert_eq!((toggled.status, toggled.retry_after), (429, Some(8_640)));
        let unproven = ApiError::from(UploadError::PhoneUnproven);
        assert_eq!((unproven.status, unproven.retry_after), (422, None));
        let corrupt = ApiError::from(StoreError::Corrupt {
            table: Table::AddressBooks,
            kind: "book",
            what: "version",
        });
        assert_eq!(corrupt.status, 500);
    }
}
