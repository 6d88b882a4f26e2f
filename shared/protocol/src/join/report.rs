//! Reports: counts of what was done for joins.

use store::OwnerRange;

use super::error::JoinError;
use crate::queue::BookMessage;

/// Counts of what was done for one message or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JoinReport {
    /// Messages that announce a joiner. Parts and repeats of a message aren't counted, as far as
    /// they can be recognised.
    pub joins: usize,
    /// Books written.
    pub books: usize,
    /// Messages that split messages were turned into.
    pub split: usize,
    /// Books whose owner was to be told.
    pub recipients: usize,
    pub sent: usize,
    /// Pushes to devices whose endpoint is disabled or deleted.
    pub gone: usize,
    /// Pushes that the push service refused for good.
    pub refused: usize,
    /// Pushes that the push service was too busy for, after all attempts.
    pub throttled: usize,
    /// Pushes that failed after all attempts, through no fault of the device.
    pub unavailable: usize,
    /// The longest time from a change to a push about it, in milliseconds.
    pub slowest_ms: Option<u64>,
}

impl JoinReport {
    /// Returns the report of `message` before anything is done. A part of a split message doesn't
    /// count as a join.
    pub(super) fn of(message: &BookMessage) -> Self {
        let whole = message.range == OwnerRange::default();
        Self { joins: usize::from(whole && message.joiner.is_some()), ..Self::default() }
    }

    /// Adds the counts of `other`.
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

/// The outcome of a piece of work, done wholly or in part.
#[derive(Debug)]
pub struct Worked {
    /// What was done, even if a part of it failed.
    pub report: JoinReport,
    /// The first failure.
    pub result: Result<(), JoinError>,
}

impl Worked {
    /// Returns the outcome of work that succeeded.
    pub(crate) fn done(report: JoinReport) -> Self {
        Self { report, result: Ok(()) }
    }

    /// Returns the outcome of this work and another piece together.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.report.add(&other.report);
        Self { report: self.report, result: self.result.and(other.result) }
    }
}

/// The outcome of work that did nothing that is counted.
impl<E: Into<JoinError>> From<Result<(), E>> for Worked {
    fn from(result: Result<(), E>) -> Self {
        Self { report: JoinReport::default(), result: result.map_err(Into::into) }
    }
}
