//! Retries: waiting between attempts.

use std::time::Duration;

/// Exponential backoff with full jitter: the wait before attempt n is random below `base * 2^n`.
///
/// Full jitter spreads competing writers best (AWS Architecture Blog, "Exponential Backoff And
/// Jitter").
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// Upper bound of the first wait.
    pub base: Duration,
    /// Upper bound of every wait.
    pub cap: Duration,
    /// How many attempts there are, including the first.
    pub attempts: u32,
}

impl Backoff {
    /// For optimistic writes. Some ten writers of one book get through within a second.
    pub const CONFLICT: Self =
        Self { base: Duration::from_millis(20), cap: Duration::from_millis(400), attempts: 10 };
    /// For pushes that the push service throttles, or fails to send. They take at most 3 seconds in
    /// all, far below the 60 seconds of a claim's lease.
    pub const PUSH: Self =
        Self { base: Duration::from_millis(100), cap: Duration::from_secs(1), attempts: 5 };
    /// For the parts of a batch that were left undone because of throttling.
    pub const THROTTLE: Self =
        Self { base: Duration::from_millis(50), cap: Duration::from_secs(1), attempts: 6 };
}

/// The attempts at one piece of work.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    backoff: Backoff,
    failed: u32,
}

impl Retry {
    /// Begins attempts with the waits of `backoff` between them.
    #[must_use]
    pub fn new(backoff: Backoff) -> Self {
        Self { backoff, failed: 0 }
    }

    /// Waits after an attempt has failed. Returns `false` at once if it was the last one.
    pub async fn wait(&mut self) -> bool {
        self.failed += 1;
        let Backoff { base, cap, attempts } = self.backoff;
        if self.failed >= attempts {
            return false;
        }
        let bound = base.saturating_mul(1 << (self.failed - 1).min(16)).min(cap);
        tokio::time::sleep(bound.mul_f64(fastrand::f64())).await;
        true
    }
}
