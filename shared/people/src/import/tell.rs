//! Telling books of an account that moved in, at once.
//!
//! The stream of Users tells them too, as of every change of a phone's holder. But that comes some
//! time after the import, and only if the service runs. Here the same protocol runs in the import
//! itself. Its message has no joiner, so it announces nobody.

use std::sync::{Arc, Mutex, PoisonError};

use model::Clock;
use numbering::Phone;
use protocol::queue::{BookMessage, BookQueue, PushMessage, PushQueue, QueueError};
use protocol::{JoinError, JoinQueues, spread};
use store::{OwnerRange, Store};

/// Tells all books that hold a phone, in any of its forms, who has it now.
pub(super) async fn tell_books(
    store: &Store,
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
    while let Some(message) = waiting.next() {
        spread(store, &queues, clock, &message, u64::MAX).await.result?;
    }
    Ok(())
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
