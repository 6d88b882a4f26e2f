//! What can go wrong between here and DynamoDB.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::Outcome;

/// A call that failed, or an item that makes no sense.
///
/// Neither `Display` nor a source ever holds what an item holds.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The table can't take more at the moment; the client should come again.
    #[error("{operation} was throttled")]
    Throttled {
        /// The DynamoDB operation.
        operation: &'static str,
    },
    /// The call failed after the SDK's own retries.
    #[error("{operation} failed: {code}")]
    Call {
        /// The DynamoDB operation.
        operation: &'static str,
        /// DynamoDB's error code, or the kind of failure where there was no answer.
        code: String,
    },
    /// An item isn't as this software writes it.
    #[error("an item of {table} can't be read: {what}")]
    Corrupt {
        /// The kind of item.
        table: &'static str,
        /// What is wrong with it, without its contents.
        what: &'static str,
    },
}

impl StoreError {
    /// Sorts a failed call. DynamoDB's messages may quote keys, so only its code is kept.
    pub(super) fn call<E: ProvideErrorMetadata, R>(operation: &'static str, error: &SdkError<E, R>) -> Self {
        let code = match error {
            SdkError::ServiceError(context) => context.err().code().unwrap_or("unknown"),
            SdkError::ConstructionFailure(_) => "request could not be built",
            SdkError::TimeoutError(_) => "timeout",
            SdkError::DispatchFailure(_) => "no connection",
            SdkError::ResponseError(_) => "answer could not be read",
            _ => "unknown",
        };
        if is_throttling(code) {
            Self::Throttled { operation }
        } else {
            Self::Call { operation, code: code.to_owned() }
        }
    }

    /// Whether the caller should be told to come again later: not for what only an operator can mend.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Throttled { .. } => true,
            Self::Call { code, .. } => !matches!(
                code.as_str(),
                "AccessDeniedException"
                    | "ResourceNotFoundException"
                    | "UnrecognizedClientException"
                    | "ValidationException"
            ),
            Self::Corrupt { .. } => false,
        }
    }
}

/// What a conditional write came to.
pub(super) fn outcome<T, E: ProvideErrorMetadata, R>(
    operation: &'static str,
    sent: Result<T, SdkError<E, R>>,
) -> Result<Outcome, StoreError> {
    match sent {
        Ok(_) => Ok(Outcome::Done),
        Err(error) if is_lost(&error) => Ok(Outcome::Conflict),
        Err(error) => Err(StoreError::call(operation, &error)),
    }
}

/// Whether a write lost against another one: its condition no longer holds, or a transaction is at the item.
fn is_lost<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    matches!(code, Some("ConditionalCheckFailedException" | "TransactionConflictException"))
}

/// DynamoDB's codes for "too much at once".
pub(super) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "ProvisionedThroughputExceededException"
            | "ProvisionedThroughputExceeded"
            | "RequestLimitExceeded"
            | "ThrottlingException"
            | "ThrottlingError"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_operation_and_no_contents() {
        let error = StoreError::Call { operation: "PutItem", code: "ValidationException".to_owned() };
        assert_eq!(error.to_string(), "PutItem failed: ValidationException");
        assert!(is_throttling("ThrottlingException"));
        assert!(!is_throttling("ConditionalCheckFailedException"));
    }
}
