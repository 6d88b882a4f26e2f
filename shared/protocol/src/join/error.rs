//! Why a message about a join has to come again.

use store::StoreError;

use crate::attempts::Contended;
use crate::queue::QueueError;

/// Why a message has to come again.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue didn't take all messages.
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Contended(#[from] Contended),
    /// Another invocation is sending the same push, or died while it was.
    #[error("a push is claimed by another invocation")]
    PushClaimed,
    /// The push service takes no more pushes at the moment.
    #[error("a push was throttled")]
    PushThrottled,
    /// The push service doesn't answer, or is misconfigured.
    #[error("a push failed through no fault of the device")]
    PushUnavailable,
    /// The invocation's time is up before all books were told.
    #[error("the invocation ran out of time")]
    OutOfTime,
}
