//! What the work on a join came to, in counts.

use crate::queue::HolderChanged;
use crate::store::OwnerRange;

/// What a message, or several, came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JoinReport {
    /// Messages that announce somebody; a message's parts and repeats not counted as far as that can be told.
    pub joins: usize,
    /// Books written.
    pub books: usize,
    /// Messages into which others were split.
    pub split: usize,
    /// Owners of books who were to be told.
    pub recipients: usize,
    /// Pushes sent.
    pub sent: usize,
    /// Pushes to devices that are gone.
    pub gone: usize,
    /// Pushes that the push service refused for good.
    pub refused: usize,
    /// Pushes that the push service was too busy for, after all attempts.
    pub throttled: usize,
    /// Pushes that failed for no fault of the device, after all attempts.
    pub unavailable: usize,
    /// The longest time from a change to a push about it, in milliseconds.
    pub slowest_ms: Option<u64>,
}

impl JoinReport {
    /// The report of `message` before anything is done. Of a split message only the whole counts as a join.
    pub(super) fn of(message: &HolderChanged) -> Self {
        let whole = message.range == OwnerRange::default();
        Self { joins: usize::from(whole && message.joiner.is_some()), ..Self::default() }
    }

    /// Adds what something else came to.
    pub fn add(&mut self, other: &Self) {
        let Self { joins, books, split, recipients, sent, gone, refused, throttled, unavailable, slowest_ms } = *other;
        self.joins += joins;
        self.books += books;
        self.split += split;
        self.recipients += recipients;
        self.sent += sent;
        self.gone += gone;
        self.refused += refused;
        self.throttled += throttled;
        self.unavailable += unavailable;
        self.slowest_ms = self.slowest_ms.max(slowest_ms);
    }
}
