//! Errors of the store.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::tables::Table;

/// A call that failed, or an item that can't be read.
///
/// Neither its text nor its source ever shows the contents of an item.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The table takes no more calls at the moment. The client should try again.
    #[error("{operation} on {table} was throttled")]
    Throttled { operation: &'static str, table: Table },
    /// The call failed after the SDK's own retries.
    #[error("{operation} on {table} failed: {code}")]
    Call {
        operation: &'static str,
        table: Table,
        /// DynamoDB's error code, or the kind of failure if there was no answer.
        code: String,
    },
    /// The head and the base of a book didn't belong together, however often they were read.
    #[error("a book was written each time while it was read")]
    Torn,
    /// An item doesn't have the form in which this software writes it.
    #[error("an item of {table} ({kind}) can't be read: {what}")]
    Corrupt {
        table: Table,
        kind: &'static str,
        /// What can't be read, such as an attribute's name; never its contents.
        what: &'static str,
    },
}

impl StoreError {
    /// Makes the error of a failed call. DynamoDB's messages may quote keys, so only the code is
    /// kept.
    pub(crate) fn call<E: ProvideErrorMetadata, R>(
        operation: &'static str,
        table: Table,
        error: &SdkError<E, R>,
    ) -> Self {
        let code = match error {
            SdkError::ServiceError(context) => context.err().code().unwrap_or("unknown"),
            SdkError::ConstructionFailure(_) => "request could not be built",
            SdkError::TimeoutError(_) => "timeout",
            SdkError::DispatchFailure(_) => "no connection",
            SdkError::ResponseError(_) => "answer could not be read",
            _ => "unknown",
        };
        Self::coded(operation, table, code)
    }

    /// Makes the error for the error code of a call, or of a part of one.
    pub(crate) fn coded(operation: &'static str, table: Table, code: &str) -> Self {
        if is_throttling(code) {
            Self::Throttled { operation, table }
        } else {
            Self::Call { operation, table, code: code.to_owned() }
        }
    }

    /// Returns whether the client should try again later. An error that only an operator can mend
    /// isn't transient.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Throttled { .. } | Self::Torn => true,
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

/// Returns whether `code` is one of DynamoDB's codes for too many calls at once.
fn is_throttling(code: &str) -> bool {
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
    fn an_error_names_its_operation_and_table_and_no_contents() {
        let (operation, table) = ("PutItem", Table::AddressBooks);
        let error = StoreError::coded(operation, table, "ValidationException");
        assert_eq!(error.to_string(), "PutItem on AddressBooks failed: ValidationException");
        let error = StoreError::coded(operation, table, "ThrottlingException");
        assert_eq!(error.to_string(), "PutItem on AddressBooks was throttled");
        let error = StoreError::Corrupt { table, kind: "book", what: "version" };
        assert_eq!(error.to_string(), "an item of AddressBooks (book) can't be read: version");
        assert!(is_throttling("ThrottlingException"));
        assert!(!is_throttling("ConditionalCheckFailedException"));
    }
}
