//! Reports: counts of what was done for joins.

use store::OwnerRange;

use crate::queue::BookMessage;
use crate::worked::Report;

/// Counts of what was done for one message or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JoinReport {
    /// Messages that announce a joiner. Parts and repeats of a message aren't counted, as far as
    /// they can be recognised.
    pub joins: usize,
    /// Messages that a later one has made needless.
    pub overtaken: usize,
    /// Books written.
    pub books: usize,
    /// Messages that split messages were turned into.
    pub split: usize,
    /// Books whose owner was to be told.
    pub recipients: usize,
}

impl JoinReport {
    /// Returns the report of `message` before anything is done. A part of a split message doesn't
    /// count as a join.
    pub(super) fn of(message: &BookMessage) -> Self {
        let whole = message.range == OwnerRange::default();
        Self { joins: usize::from(whole && message.joiner.is_some()), ..Self::default() }
    }
}

impl Report for JoinReport {
    fn add(&mut self, other: &Self) {
        let Self { joins, overtaken, books, split, recipients } = *other;
        self.joins += joins;
        self.overtaken += overtaken;
        self.books += books;
        self.split += split;
        self.recipients += recipients;
    }
}
