//! Queues that keep the messages that they are sent, in their order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use protocol::queue::{
    BookMessage, BookQueue, FailedRecord, FailedRecords, PushMessage, PushQueue, QueueError,
};

#[derive(Clone, Default)]
pub struct RecordingQueue(Arc<Mutex<Sent>>);

#[derive(Default)]
struct Sent {
    messages: VecDeque<BookMessage>,
    pushes: VecDeque<PushMessage>,
    most_at_once: usize,
}

impl RecordingQueue {
    fn lock(&self) -> MutexGuard<'_, Sent> {
        self.0.lock().expect("no panic while sending")
    }

    /// Removes all messages about books, and returns them.
    pub fn take(&self) -> Vec<BookMessage> {
        self.lock().messages.drain(..).collect()
    }

    /// Removes all messages about pushes, and returns them.
    pub fn take_pushes(&self) -> Vec<PushMessage> {
        self.lock().pushes.drain(..).collect()
    }

    /// Removes the next messages about books, at most `most`, and returns them.
    pub fn receive(&self, most: usize) -> Vec<BookMessage> {
        first(&mut self.lock().messages, most)
    }

    /// Removes the next messages about pushes, at most `most`, and returns them.
    pub fn receive_pushes(&self, most: usize) -> Vec<PushMessage> {
        first(&mut self.lock().pushes, most)
    }

    /// Puts messages back, behind all others.
    pub fn give_back(&self, messages: impl IntoIterator<Item = BookMessage>) {
        self.lock().messages.extend(messages);
    }

    /// Puts messages about pushes back, behind all others.
    pub fn give_pushes_back(&self, messages: impl IntoIterator<Item = PushMessage>) {
        self.lock().pushes.extend(messages);
    }

    /// Returns how many messages about books wait.
    pub fn waiting(&self) -> usize {
        self.lock().messages.len()
    }

    /// Returns the largest number of messages about books that one call sent.
    pub fn most_at_once(&self) -> usize {
        self.lock().most_at_once
    }
}

fn first<M>(messages: &mut VecDeque<M>, most: usize) -> Vec<M> {
    let count = messages.len().min(most);
    messages.drain(..count).collect()
}

impl BookQueue for RecordingQueue {
    async fn send(&self, messages: &[BookMessage]) -> Result<(), QueueError> {
        let mut sent = self.lock();
        sent.messages.extend(messages.iter().cloned());
        sent.most_at_once = sent.most_at_once.max(messages.len());
        Ok(())
    }
}

impl PushQueue for RecordingQueue {
    async fn send_pushes(&self, messages: &[PushMessage]) -> Result<(), QueueError> {
        self.lock().pushes.extend(messages.iter().cloned());
        Ok(())
    }
}

impl FailedRecords for RecordingQueue {
    async fn keep(&self, record: &FailedRecord) -> Result<(), QueueError> {
        panic!("a record makes no sense: {record:?}")
    }
}
