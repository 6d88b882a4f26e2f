//! What a queue has to do.

use serde::Serialize;

use super::message::BookMessage;

/// Messages that couldn't be sent, all or some.
#[derive(Debug, thiserror::Error)]
#[error("sending to the queue failed: {code}")]
pub struct QueueError {
    /// The queue's error code.
    pub code: String,
}

/// Sends messages to books.
pub trait BookQueue: Sync {
    /// Sends all of `messages`. If some fail, the others stay sent.
    fn send(&self, messages: &[BookMessage])
    -> impl Future<Output = Result<(), QueueError>> + Send;
}

/// A record of Users' stream that makes no sense, such as a row that somebody wrote by hand. It says
/// where the record is, and nothing of what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedRecord {
    /// The event of the stream.
    pub event_id: String,
    /// The record's place in its shard; it can be read there for 24 hours.
    pub sequence_number: Option<String>,
    /// What is wrong with it.
    pub reason: String,
}

/// Keeps the places of records that can't be worked off, for somebody to look at.
pub trait FailedRecords: Sync {
    /// Keeps one.
    fn keep(&self, record: &FailedRecord) -> impl Future<Output = Result<(), QueueError>> + Send;
}
