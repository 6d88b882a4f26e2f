//! A queue that keeps the messages that it is sent, in their order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use protocol::queue::{BookMessage, BookQueue, FailedRecord, FailedRecords, QueueError};

#[derive(Clone, Default)]
pub struct RecordingQueue(Arc<Mutex<Sent>>);

#[derive(Default)]
struct Sent {
    messages: VecDeque<BookMessage>,
    most_at_once: usize,
}

impl RecordingQueue {
    fn lock(&self) -> MutexGuard<'_, Sent> {
        self.0.lock().expect("no panic while sending")
    }

    /// Removes all messages, and returns them.
    pub fn take(&self) -> Vec<BookMessage> {
        self.lock().messages.drain(..).collect()
    }

    /// Removes the next messages, at most `most`, and returns them.
    pub fn receive(&self, most: usize) -> Vec<BookMessage> {
        let messages = &mut self.lock().messages;
        let count = messages.len().min(most);
        messages.drain(..count).collect()
    }

    /// Puts messages back, behind all others.
    pub fn give_back(&self, messages: impl IntoIterator<Item = BookMessage>) {
        self.lock().messages.extend(messages);
    }

    /// Returns how many messages wait.
    pub fn waiting(&self) -> usize {
        self.lock().messages.len()
    }

    /// Returns the largest number of messages that one call sent.
    pub fn most_at_once(&self) -> usize {
        self.lock().most_at_once
    }
}

impl BookQueue for RecordingQueue {
    async fn send(&self, messages: &[BookMessage]) -> Result<(), QueueError> {
        let mut sent = self.lock();
        sent.messages.extend(messages.iter().cloned());
        sent.most_at_once = sent.most_at_once.max(messages.len());
        Ok(())
    }
}

impl FailedRecords for RecordingQueue {
    async fn keep(&self, record: &FailedRecord) -> Result<(), QueueError> {
        panic!("a record makes no sense: {record:?}")
    }
}
