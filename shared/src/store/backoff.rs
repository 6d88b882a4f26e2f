//! Waiting between attempts.

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
    /// How many attempts there are in all.
    pub attempts: u32,
}

impl Backoff {
    /// For optimistic writes: some ten writers of one book get through within a second.
    pub const CONFLICT: Self = Self { base: Duration::from_millis(20), cap: Duration::from_millis(400), attempts: 10 };
    /// For pushes that the push service has no room for: at most 3 seconds in all, so that a claim's lease
    /// of 60 outlives them.
    pub const PUSH: Self = Self { base: Duration::from_millis(100), cap: Duration::from_secs(1), attempts: 5 };
    /// For what a batch left undone because of throttling.
    pub const THROTTLE: Self = Self { base: Duration::from_millis(50), cap: Duration::from_secs(1), attempts: 6 };

    /// Waits after the `attempt`-th try (from 0) has failed; `false` if there is no other one.
    pub async fn wait(&self, attempt: u32) -> bool {
        if attempt + 1 >= self.attempts {
            return false;
        }
        let bound = self.base.saturating_mul(1 << attempt.min(16)).min(self.cap);
        tokio::time::sleep(bound.mul_f64(fastrand::f64())).await;
        true
    }
}
