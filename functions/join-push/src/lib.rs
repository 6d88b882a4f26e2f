//! From the queue to the books and the phones: who joined, who left.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use shared::protocol::{Clock, JoinError, JoinReport, Notifier, spread};
use shared::push::Pusher;
use shared::queue::{ChangeQueue, HolderChanged};
use shared::store::{BookStore, ClaimStore, HolderReader, OwnerIndex, SubscriptionStore};

/// Why a message failed.
#[derive(Debug, thiserror::Error)]
enum MessageError {
    /// It isn't one of ours; it ends in the dead-letter queue.
    #[error("the message can't be read")]
    Unreadable,
    /// It has to come again.
    #[error(transparent)]
    Join(#[from] JoinError),
}

/// Works off each message; those that fail are named, and come again alone.
pub async fn handle<S, Q, P, C>(store: &S, queue: &Q, notifier: &Notifier<P, C>, event: SqsEvent) -> SqsBatchResponse
where
    S: BookStore + OwnerIndex + HolderReader + SubscriptionStore + ClaimStore + Sync,
    Q: ChangeQueue + Sync,
    P: Pusher + Sync,
    C: Clock + Sync,
{
    let mut response = SqsBatchResponse::default();
    for message in event.records {
        match work_off(store, queue, notifier, &message).await {
            Ok(JoinReport { books, split, sent, gone, refused }) => {
                tracing::info!(books, split, sent, gone, refused, "told of a change");
            }
            Err(error) => {
                tracing::warn!(error = %error, message_id = message.message_id, "a message has to come again");
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = message.message_id.unwrap_or_default();
                response.batch_item_failures.push(failure);
            }
        }
    }
    response
}

async fn work_off<S, Q, P, C>(
    store: &S,
    queue: &Q,
    notifier: &Notifier<P, C>,
    message: &SqsMessage,
) -> Result<JoinReport, MessageError>
where
    S: BookStore + OwnerIndex + HolderReader + SubscriptionStore + ClaimStore + Sync,
    Q: ChangeQueue + Sync,
    P: Pusher + Sync,
    C: Clock + Sync,
{
    let body = message.body.as_deref().unwrap_or_default();
    let change: HolderChanged = serde_json::from_str(body).map_err(|_| MessageError::Unreadable)?;
    Ok(spread(store, queue, notifier, &change).await?)
}
