//! The queues of joins and of pushes: a channel in place of SQS, which delivers messages as SQS does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use protocol::queue::{
    BookMessage, BookQueue, FailedRecord, FailedRecords, PushMessage, PushQueue, QueueError,
};
use protocol::{JoinQueues, Notifier};
use serde_json::json;
use store::{Keyring, Store};
use tokio::sync::{Semaphore, mpsc};

use crate::clock::LocalClock;
use crate::inbox::Inbox;
use crate::journal::Journal;
use crate::meter::metered;

/// How many messages are processed at once.
const WORKERS: usize = 8;
/// How often a message is delivered before it is given up. This is half of the template's number,
/// since the template's queues wait longer between two deliveries.
const MAX_RECEIVES: u32 = 5;
/// How long a failed message waits before it is delivered again. The template's queues wait for
/// longer than a claim's lease, which would be too long for a person who watches.
const REDELIVERY: Duration = Duration::from_secs(2);

/// The body of a message.
#[derive(Debug)]
pub enum Body {
    /// For the function join-push.
    Book(String),
    /// For the function push.
    Push(String),
}

/// The sending end of both queues.
#[derive(Clone, Debug)]
pub struct ChannelQueue {
    sender: mpsc::UnboundedSender<Body>,
    open: Arc<AtomicUsize>,
    keyring: Keyring,
}

impl ChannelQueue {
    /// Creates queues whose messages are sealed by `keyring`. Returns both of their ends.
    #[must_use]
    pub fn new(keyring: Keyring) -> (Self, mpsc::UnboundedReceiver<Body>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender, open: Arc::default(), keyring }, receiver)
    }

    /// Returns how many messages were sent and aren't processed yet.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    fn send_body(&self, body: Body) -> Result<(), QueueError> {
        self.open.fetch_add(1, Ordering::SeqCst);
        let stopping = |_| QueueError { code: "the server is stopping".to_owned() };
        self.sender.send(body).map_err(stopping)
    }
}

impl BookQueue for ChannelQueue {
    async fn send(&self, messages: &[BookMessage]) -> Result<(), QueueError> {
        let bodies = messages.iter().map(|message| Body::Book(message.to_body(&self.keyring)));
        bodies.into_iter().try_for_each(|body| self.send_body(body))
    }
}

impl PushQueue for ChannelQueue {
    async fn send_pushes(&self, messages: &[PushMessage]) -> Result<(), QueueError> {
        let bodies = messages.iter().map(|message| Body::Push(message.to_body(&self.keyring)));
        bodies.into_iter().try_for_each(|body| self.send_body(body))
    }
}

/// Keeps nothing: the function has logged the record, and the log is the only place to keep it
/// here.
impl FailedRecords for ChannelQueue {
    async fn keep(&self, _record: &FailedRecord) -> Result<(), QueueError> {
        Ok(())
    }
}

/// The functions that get the messages.
struct Consumers {
    store: Store,
    queues: JoinQueues<ChannelQueue, ChannelQueue>,
    notifier: Notifier<Inbox, LocalClock>,
    journal: Journal,
}

impl Consumers {
    /// Delivers a message. Returns whether its function finished it.
    async fn invoke(&self, body: &Body) -> bool {
        let Self { store, queues, notifier, journal } = self;
        let keyring = &queues.fan_out.keyring;
        let (function, (response, calls)) = match body {
            Body::Book(body) => {
                let event = event(body);
                let clock = &notifier.clock;
                let work = join_push::handle(store, keyring, queues, clock, event, u64::MAX);
                let ((response, _), calls) = metered(work).await;
                ("join-push", (response, calls))
            }
            Body::Push(body) => {
                let work = push::handle(store, keyring, notifier, event(body), u64::MAX);
                let ((response, _), calls) = metered(work).await;
                ("push", (response, calls))
            }
        };
        let is_done = response.batch_item_failures.is_empty();
        journal.note("message", json!({ "function": function, "is_done": is_done }), &calls);
        is_done
    }
}

/// Delivers messages to the functions until the process stops.
pub(crate) async fn deliver(
    mut messages: mpsc::UnboundedReceiver<Body>,
    store: Store,
    queue: ChannelQueue,
    notifier: Notifier<Inbox, LocalClock>,
    journal: Journal,
) {
    let open = Arc::clone(&queue.open);
    let queues = JoinQueues { fan_out: queue.clone(), pushes: Some(queue) };
    let consumers = Arc::new(Consumers { store, queues, notifier, journal });
    let workers = Arc::new(Semaphore::new(WORKERS));
    while let Some(body) = messages.recv().await {
        let Ok(permit) = Arc::clone(&workers).acquire_owned().await else { return };
        let (consumers, open) = (Arc::clone(&consumers), Arc::clone(&open));
        tokio::spawn(async move {
            let mut permit = Some(permit);
            for receive in 1..=MAX_RECEIVES {
                if consumers.invoke(&body).await {
                    break;
                }
                drop(permit.take());
                if receive == MAX_RECEIVES {
                    tracing::error!("a message was given up");
                } else {
                    tokio::time::sleep(REDELIVERY).await;
                }
            }
            open.fetch_sub(1, Ordering::SeqCst);
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
