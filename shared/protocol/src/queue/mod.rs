//! The queues between the stream of Users, the books and the push service.

mod message;
mod port;
mod sqs;

pub use self::message::{BookMessage, Joiner, PushMessage, UnreadableMessage};
pub use self::port::{BookQueue, FailedRecord, FailedRecords, PushQueue, QueueError};
pub use self::sqs::SqsQueue;
