//! Reports: counts of what became of pushes.

use crate::worked::Report;

/// Counts of what became of the pushes of one message or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PushReport {
    pub sent: usize,
    /// Pushes to devices whose endpoint is disabled or deleted.
    pub gone: usize,
    /// Pushes that the push service refused for good.
    pub refused: usize,
    /// Pushes that the push service was too busy for, after all attempts.
    pub throttled: usize,
    /// Pushes that failed through no fault of the device, or weren't answered.
    pub unavailable: usize,
    /// Platform applications that were found disabled. Each counts once in an invocation.
    pub disabled_applications: usize,
    /// The longest time from a change to a push about it, in milliseconds.
    pub slowest_ms: Option<u64>,
}

impl Report for PushReport {
    fn add(&mut self, other: &Self) {
        let Self { sent, gone, refused, throttled, unavailable, disabled_applications, slowest_ms } =
            *other;
        self.sent += sent;
        self.gone += gone;
        self.refused += refused;
        self.throttled += throttled;
        self.unavailable += unavailable;
        self.disabled_applications += disabled_applications;
        self.slowest_ms = self.slowest_ms.max(slowest_ms);
    }
}
