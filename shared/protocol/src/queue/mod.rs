//! The queue between the stream of Users and the books.

mod message;
mod port;
mod sqs;

pub use self::message::{BookMessage, Joiner, UnreadableMessage};
pub use self::port::{BookQueue, FailedRecord, FailedRecords, QueueError};
pub use self::sqs::SqsQueue;
