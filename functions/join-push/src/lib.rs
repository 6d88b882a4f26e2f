//! Takes messages from the queue, writes into the books who joined or left, and sends messages about
//! the pushes.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use model::Clock;
use protocol::queue::{BookMessage, BookQueue, PushQueue, UnreadableMessage};
use protocol::{JoinError, JoinQueues, JoinReport, JoinStore, Report, Worked, spread};
use store::Keyring;

/// How long before its deadline an invocation stops beginning books, in milliseconds. A book that
/// others write too takes some seconds.
pub const RESERVE_MS: u64 = 10_000;

/// Why a message failed.
#[derive(Debug, thiserror::Error)]
enum MessageError {
    /// It isn't one of our messages. It ends in the dead-letter queue.
    #[error(transparent)]
    Unreadable(#[from] UnreadableMessage),
    /// It has to come again.
    #[error(transparent)]
    Join(#[from] JoinError),
}

/// Processes each message. The response names those that failed, so that only they come again. No
/// book is begun after `deadline_ms`, in milliseconds since 1970.
pub async fn handle<S, F, P, C>(
    store: &S,
    keyring: &Keyring,
    queues: &JoinQueues<F, P>,
    clock: &C,
    event: SqsEvent,
    deadline_ms: u64,
) -> (SqsBatchResponse, JoinReport)
where
    S: JoinStore,
    F: BookQueue,
    P: PushQueue,
    C: Clock,
{
    let (mut response, mut all) = (SqsBatchResponse::default(), JoinReport::default());
    let messages = event.records.len();
    for message in event.records {
        let (report, result) = work_off(store, keyring, queues, clock, &message, deadline_ms).await;
        all.add(&report);
        if let Err(error) = result {
            tracing::warn!(error = %error, message_id = message.message_id, "a message has to come again");
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message.message_id.unwrap_or_default();
            response.batch_item_failures.push(failure);
        }
    }
    let failed = response.batch_item_failures.len();
    tracing::info!(
        messages,
        failed,
        books = all.books,
        split = all.split,
        overtaken = all.overtaken,
        pushes = all.recipients,
        "told of changes"
    );
    (response, all)
}

async fn work_off<S, F, P, C>(
    store: &S,
    keyring: &Keyring,
    queues: &JoinQueues<F, P>,
    clock: &C,
    message: &SqsMessage,
    deadline_ms: u64,
) -> (JoinReport, Result<(), MessageError>)
where
    S: JoinStore,
    F: BookQueue,
    P: PushQueue,
    C: Clock,
{
    let body = message.body.as_deref().unwrap_or_default();
    let change = match BookMessage::from_body(keyring, body) {
        Ok(change) => change,
        Err(error) => return (JoinReport::default(), Err(error.into())),
    };
    let Worked { report, result } = spread(store, queues, clock, &change, deadline_ms).await;
    (report, result.map_err(MessageError::from))
}
