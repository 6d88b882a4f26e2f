//! Optimistic writes: read, decide, and write if nothing has changed. Otherwise start over.

use store::{Backoff, Retry};

/// Other writes came first at every attempt. The client should try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("others wrote first at every attempt")]
pub struct Contended;

/// The attempts of one optimistic write.
pub(crate) struct Attempts(Retry);

impl Attempts {
    pub fn new() -> Self {
        Self(Retry::new(Backoff::CONFLICT))
    }

    /// Waits until the next attempt may begin.
    ///
    /// # Errors
    /// [`Contended`] after the last one.
    pub async fn again(&mut self) -> Result<(), Contended> {
        if self.0.wait().await { Ok(()) } else { Err(Contended) }
    }
}
