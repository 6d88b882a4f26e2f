//! Telling books who has a phone, at once: for work that can't wait for the stream, or is done while
//! the service doesn't run.

use std::sync::{Arc, Mutex, PoisonError};

use model::Clock;
use numbering::Phone;
use store::OwnerRange;

use super::error::JoinError;
use super::{JoinQueues, spread};
use crate::capabilities::JoinStore;
use crate::queue::{BookMessage, BookQueue, PushMessage, PushQueue, QueueError};

/// Tells all books that hold a phone, in any of its forms, who has it now. It is the work that a
/// message without a joiner makes, done here, so it announces nobody.
///
/// # Errors
/// The first [`JoinError`]. Trouble with some books doesn't keep the others from being told.
pub async fn tell_books<S: JoinStore>(
    store: &S,
    clock: &impl Clock,
    phone: Phone,
) -> Result<(), JoinError> {
    let message = |phone| BookMessage {
        phone,
        joiner: None,
        sequence: None,
        changed_at_ms: None,
        range: OwnerRange::default(),
    };
    let waiting = Waiting::default();
    waiting.add(phone.forms().into_iter().map(message));
    let queues = JoinQueues { fan_out: waiting.clone(), pushes: None::<Waiting> };
    let mut told = Ok(());
    while let Some(message) = waiting.next() {
        told = told.and(spread(store, &queues, clock, &message, u64::MAX).await.result);
    }
    told
}

/// The messages that are still to be worked on: a number in very many books becomes several.
#[derive(Clone, Debug, Default)]
struct Waiting(Arc<Mutex<Vec<BookMessage>>>);

impl Waiting {
    fn add(&self, messages: impl IntoIterator<Item = BookMessage>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(messages);
    }

    fn next(&self) -> Option<BookMessage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

impl BookQueue for Waiting {
    async fn send(&self, messages: &[BookMessage]) -> Result<(), QueueError> {
        self.add(messages.iter().cloned());
        Ok(())
    }
}

impl PushQueue for Waiting {
    /// Does nothing: a message without a joiner makes no pushes.
    async fn send_pushes(&self, _: &[PushMessage]) -> Result<(), QueueError> {
        Ok(())
    }
}
