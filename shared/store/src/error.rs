//! What can go wrong between here and DynamoDB.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::tables::Table;

/// A call that failed, or an item that can't be read.
///
/// Neither `Display` nor a source ever holds what an item holds.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The table can't take more at the moment. The client should come again.
    #[error("{operation} on {table} was throttled")]
    Throttled {
        /// The DynamoDB operation.
        operation: &'static str,
        table: Table,
    },
    /// The call failed after the SDK's own retries.
    #[error("{operation} on {table} failed: {code}")]
    Call {
        /// The DynamoDB operation.
        operation: &'static str,
        table: Table,
        /// DynamoDB's error code, or the kind of failure if there was no answer.
        code: String,
    },
    /// An item isn't as this software writes it.
    #[error("an item of {table} ({kind}) can't be read: {what}")]
    Corrupt {
        table: Table,
        /// The kind of item.
        kind: &'static str,
        /// What is wrong with it, without its contents.
        what: &'static str,
    },
}

impl StoreError {
    /// Sorts a failed call. DynamoDB's messages may quote keys, so only the code is kept.
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

    /// Sorts the error code of a call, or of a part of one.
    pub(crate) fn coded(operation: &'static str, table: Table, code: &str) -> Self {
        if is_throttling(code) {
            Self::Throttled { operation, table }
        } else {
            Self::Call { operation, table, code: code.to_owned() }
        }
    }

    /// Whether the client should come again later. What only an operator can mend isn't transient.
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

/// Whether `code` is one of DynamoDB's for "too much at once".
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
