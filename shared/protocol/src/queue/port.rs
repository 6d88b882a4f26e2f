//! The ports to the queues.

use serde::Serialize;

use super::message::{BookMessage, PushMessage};

/// All or some of the messages couldn't be sent.
#[derive(Debug, thiserror::Error)]
#[error("sending to the queue failed: {code}")]
pub struct QueueError {
    /// The queue's error code, or `no answer`.
    pub code: String,
}

/// Sends messages about books.
pub trait BookQueue: Sync {
    /// Sends all of `messages`. If some can't be sent, others may have been.
    fn send(&self, messages: &[BookMessage])
    -> impl Future<Output = Result<(), QueueError>> + Send;
}

/// Sends messages about pushes.
pub trait PushQueue: Sync {
    /// Sends all of `messages`. If some can't be sent, others may have been.
    fn send_pushes(
        &self,
        messages: &[PushMessage],
    ) -> impl Future<Output = Result<(), QueueError>> + Send;
}

/// A record of Users' stream that makes no sense, such as a row that a person wrote by hand. It
/// says where the record is, and nothing about what it contains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedRecord {
    /// The id of the stream's event.
    pub event_id: String,
    /// The record's position in its shard, where it can be read for 24 hours.
    pub sequence_number: Option<String>,
    /// What is wrong with the record.
    pub reason: String,
}

/// Keeps the positions of records that can't be processed, for an operator to look at.
pub trait FailedRecords: Sync {
    /// Keeps the position of one record.
    fn keep(&self, record: &FailedRecord) -> impl Future<Output = Result<(), QueueError>> + Send;
}
