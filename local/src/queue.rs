//! The queue of joins: a channel in place of SQS, which delivers messages as SQS does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use protocol::Notifier;
use protocol::queue::{BookMessage, BookQueue, FailedRecord, FailedRecords, QueueError};
use store::{Keyring, Store};
use tokio::sync::{Semaphore, mpsc};

use crate::inbox::Inbox;

/// How many messages are processed at once.
const WORKERS: usize = 8;
/// How often a message is delivered before it is given up. This is half of the template's number,
/// since the template's queue waits longer between two deliveries.
const MAX_RECEIVES: u32 = 5;
/// How long a failed message waits before it is delivered again. The template's queue waits for
/// longer than a claim's lease, which would be too long for a person who watches.
const REDELIVERY: Duration = Duration::from_secs(2);

/// The sending end of the queue.
#[derive(Clone, Debug)]
pub struct ChannelQueue {
    sender: mpsc::UnboundedSender<String>,
    open: Arc<AtomicUsize>,
    keyring: Keyring,
}

impl ChannelQueue {
    /// Creates a queue whose messages are sealed by `keyring`. Returns both of its ends.
    #[must_use]
    pub fn new(keyring: Keyring) -> (Self, mpsc::UnboundedReceiver<String>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender, open: Arc::default(), keyring }, receiver)
    }

    /// Returns how many messages were sent and aren't processed yet.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

impl BookQueue for ChannelQueue {
    async fn send(&self, messages: &[BookMessage]) -> Result<(), QueueError> {
        for message in messages {
            let body = message.to_body(&self.keyring);
            self.open.fetch_add(1, Ordering::SeqCst);
            self.sender
                .send(body)
                .map_err(|_| QueueError { code: "the server is stopping".to_owned() })?;
        }
        Ok(())
    }
}

/// Keeps nothing: the function has logged the record, and the log is the only place to keep it
/// here.
impl FailedRecords for ChannelQueue {
    async fn keep(&self, _record: &FailedRecord) -> Result<(), QueueError> {
        Ok(())
    }
}

/// Delivers messages to the function until the process stops.
pub(crate) async fn deliver(
    mut messages: mpsc::UnboundedReceiver<String>,
    store: Store,
    queue: ChannelQueue,
    notifier: Notifier<Inbox>,
) {
    let function = Arc::new((store, queue, notifier));
    let workers = Arc::new(Semaphore::new(WORKERS));
    while let Some(body) = messages.recv().await {
        let Ok(permit) = Arc::clone(&workers).acquire_owned().await else { return };
        let function = Arc::clone(&function);
        tokio::spawn(async move {
            let (store, queue, notifier) = &*function;
            let mut permit = Some(permit);
            for receive in 1..=MAX_RECEIVES {
                let (response, _) = join_push::handle(
                    store,
                    &queue.keyring,
                    queue,
                    notifier,
                    event(&body),
                    u64::MAX,
                )
                .await;
                if response.batch_item_failures.is_empty() {
                    break;
                }
                drop(permit.take());
                if receive == MAX_RECEIVES {
                    tracing::error!("a message was given up");
                } else {
                    tokio::time::sleep(REDELIVERY).await;
                }
            }
            queue.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// Returns the event that Lambda would get.
fn event(body: &str) -> SqsEvent {
    let mut message = SqsMessage::default();
    message.message_id = Some("local".to_owned());
    message.body = Some(body.to_owned());
    let mut event = SqsEvent::default();
    event.records = vec![message];
    event
}
