//! Why a message about a join has to come again.

use store::StoreError;

use crate::attempts::Contended;
use crate::queue::QueueError;

/// Why a message has to come again.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue took no more messages.
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Contended(#[from] Contended),
    /// Another invocation is sending the same push, or died while it was.
    #[error("a push is claimed by another invocation")]
    PushClaimed,
    /// The push service takes no more at the moment.
    #[error("a push was throttled")]
    PushThrottled,
    /// The push service doesn't answer, or is set up wrongly.
    #[error("a push failed for no fault of the device")]
    PushUnavailable,
    /// The invocation ends before all books were told.
    #[error("there was no time left")]
    OutOfTime,
}
