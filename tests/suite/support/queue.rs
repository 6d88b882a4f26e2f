//! A queue that keeps what is sent, in its order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use shared::queue::{ChangeQueue, FailedRecord, FailedRecords, HolderChanged, QueueError};

#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Sent>>);

#[derive(Default)]
struct Sent {
    messages: VecDeque<HolderChanged>,
    most_at_once: usize,
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Sent> {
        self.0.lock().expect("no panic while sending")
    }

    /// Takes all messages out.
    pub fn take(&self) -> Vec<HolderChanged> {
        self.lock().messages.drain(..).collect()
    }

    /// Takes the next messages out, at most so many.
    pub fn receive(&self, most: usize) -> Vec<HolderChanged> {
        let messages = &mut self.lock().messages;
        let count = messages.len().min(most);
        messages.drain(..count).collect()
    }

    /// Gives a message back, to come again after all others.
    pub fn give_back(&self, messages: impl IntoIterator<Item = HolderChanged>) {
        self.lock().messages.extend(messages);
    }

    pub fn len(&self) -> usize {
        self.lock().messages.len()
    }

    /// The most messages of one call.
    pub fn most_at_once(&self) -> usize {
        self.lock().most_at_once
    }
}

impl ChangeQueue for Kept {
    async fn send(&self, messages: &[HolderChanged]) -> Result<(), QueueError> {
        let mut sent = self.lock();
        sent.messages.extend(messages.iter().cloned());
        sent.most_at_once = sent.most_at_once.max(messages.len());
        Ok(())
    }
}

impl FailedRecords for Kept {
    async fn keep(&self, record: &FailedRecord) -> Result<(), QueueError> {
        panic!("the records of this test make sense: {record:?}")
    }
}
