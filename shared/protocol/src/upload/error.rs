//! Errors of uploads.

use store::StoreError;

use crate::attempts::Contended;

/// Why an upload did nothing.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error(transparent)]
    Contended(#[from] Contended),
    /// The account was deleted while the upload was under way.
    #[error("the account was deleted meanwhile")]
    AccountDeleted,
    /// The user has added as many new numbers as they may for now.
    #[error("the budget of new numbers is spent")]
    OverBudget {
        /// Seconds until there is room for the numbers of this upload.
        seconds: u64,
    },
    /// The upload has more new numbers than anybody may add at once.
    #[error("the upload has more new numbers than anybody may add at once")]
    BeyondBudget {
        /// How many new numbers anybody may add at once.
        capacity: u32,
    },
    /// The token proves no phone, and without a proof nobody may add numbers.
    #[error("the token proves no phone")]
    PhoneUnproven,
    /// The user has changed their books as often as they may for now.
    #[error("the books were changed too often")]
    TooManyChanges {
        /// Seconds until there is room for this upload.
        seconds: u64,
    },
    /// The user already has as many books as they may, and none of them is a device's, which could
    /// make room.
    #[error("the user has too many books")]
    TooManyBooks {
        /// How many books a user may have.
        limit: usize,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
}
