//! Why a message about a push has to come again.

use store::StoreError;

/// Why a message has to come again.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another invocation is sending the same push, or died while it was.
    #[error("a push is claimed by another invocation")]
    Claimed,
    /// The push service takes no more pushes at the moment.
    #[error("a push was throttled")]
    Throttled,
    /// The push service failed, or is misconfigured.
    #[error("a push failed through no fault of the device")]
    Unavailable,
    /// The push service takes no pushes for the device's platform application.
    #[error("a platform application is disabled")]
    ApplicationDisabled,
    /// The push service didn't answer. The push is repeated once.
    #[error("a push wasn't answered")]
    Unanswered,
    /// The invocation's time is up before all devices were told.
    #[error("the invocation ran out of time")]
    OutOfTime,
}
