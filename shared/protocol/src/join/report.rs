//! What the work on a join came to, in counts.

use store::OwnerRange;

use super::error::JoinError;
use crate::queue::BookMessage;

/// What a message, or several, came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JoinReport {
    /// Messages that announce somebody. Parts and repeats of a message aren't counted as far as that
    /// can be told.
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
    /// The report of `message` before anything is done. Of a split message only the whole counts as
    /// a join.
    pub(super) fn of(message: &BookMessage) -> Self {
        let whole = message.range == OwnerRange::default();
        Self { joins: usize::from(whole && message.joiner.is_some()), ..Self::default() }
    }

    /// Adds what something else came to.
    pub fn add(&mut self, other: &Self) {
        let Self {
            joins,
            books,
            split,
            recipients,
            sent,
            gone,
            refused,
            throttled,
            unavailable,
            slowest_ms,
        } = *other;
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

/// A piece of work, done wholly or in part.
#[derive(Debug)]
pub struct Worked {
    /// What was done, even if a part of it failed.
    pub report: JoinReport,
    /// The first failure.
    pub result: Result<(), JoinError>,
}

impl Worked {
    /// Work that is done.
    pub(crate) fn done(report: JoinReport) -> Self {
        Self { report, result: Ok(()) }
    }

    /// This work and another piece.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.report.add(&other.report);
        Self { report: self.report, result: self.result.and(other.result) }
    }
}

/// Work of which nothing was done, or nothing that is counted.
impl<E: Into<JoinError>> From<Result<(), E>> for Worked {
    fn from(result: Result<(), E>) -> Self {
        Self { report: JoinReport::default(), result: result.map_err(Into::into) }
    }
}
