//! Why a message about a join has to come again.

use store::StoreError;

use crate::attempts::Contended;
use crate::queue::QueueError;

/// Why a message has to come again.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A queue didn't take all messages.
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Contended(#[from] Contended),
    /// The invocation's time is up before all books were told.
    #[error("the invocation ran out of time")]
    OutOfTime,
}
