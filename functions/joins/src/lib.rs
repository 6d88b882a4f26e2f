//! Reads the stream of Users, and sends a message to the queue for each change that books have to
//! hear of.
//!
//! Nothing slow happens here, since it would hold up the stream's shard.

use aws_lambda_events::dynamodb::{Event as DynamoDbEvent, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use model::Turnover;
use protocol::queue::{BookMessage, BookQueue, FailedRecord, FailedRecords, Joiner, QueueError};
use store::{Keyring, OwnerRange, StoreError, holder_of_image};

/// Why a record couldn't become a message.
#[derive(Debug, thiserror::Error)]
enum RelayError {
    /// The record makes no sense, and never will.
    #[error(transparent)]
    Unreadable(#[from] StoreError),
    /// The queue failed. It may take the message later.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Sends a message for each change of who has a phone.
///
/// If the queue fails, it stops at that record and names it, so that the stream comes again from
/// there. A record that makes no sense would come again for ever. It is sent to the queue of failed
/// records, and the stream goes on.
pub async fn handle<Q, F>(
    keyring: &Keyring,
    queue: &Q,
    failed: &F,
    event: DynamoDbEvent,
) -> DynamoDbEventResponse
where
    Q: BookQueue,
    F: FailedRecords,
{
    let mut response = DynamoDbEventResponse::default();
    let (mut sent, mut kept) = (0, 0);
    for record in event.records {
        let (event_id, sequence_number) =
            (record.event_id.clone(), record.change.sequence_number.clone());
        let relayed = match relay(keyring, queue, record).await {
            Ok(relayed) => {
                sent += usize::from(relayed);
                Ok(())
            }
            Err(RelayError::Unreadable(error)) => {
                tracing::error!(error = %error, event_id, sequence_number, "a record of Users makes no sense");
                kept += 1;
                let reason = error.to_string();
                failed
                    .keep(&FailedRecord {
                        event_id,
                        sequence_number: sequence_number.clone(),
                        reason,
                    })
                    .await
            }
            Err(RelayError::Queue(error)) => Err(error),
        };
        if let Err(error) = relayed {
            tracing::error!(error = %error, sequence_number, "a record of Users has to come again");
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = sequence_number;
            response.batch_item_failures.push(failure);
            break;
        }
    }
    tracing::info!(
        sent,
        kept,
        failed = response.batch_item_failures.len(),
        "relayed changes of holders"
    );
    response
}

/// Sends a message if the record needs one. Returns whether it does.
async fn relay<Q: BookQueue>(
    keyring: &Keyring,
    queue: &Q,
    record: EventRecord,
) -> Result<bool, RelayError> {
    let before = holder_of_image(keyring, record.change.old_image)?;
    let after = holder_of_image(keyring, record.change.new_image)?;
    let Some(phone) = after.as_ref().or(before.as_ref()).map(|(phone, _)| *phone) else {
        return Ok(false);
    };
    let (before, after) = (before.map(|(_, holder)| holder), after.map(|(_, holder)| holder));
    let joiner = match Turnover::between(before.as_ref(), after.as_ref()) {
        Turnover::None => return Ok(false),
        Turnover::Joined => after.as_ref().map(Joiner::from),
        Turnover::Returned | Turnover::Hidden | Turnover::Left => None,
    };
    let sequence = after.as_ref().or(before.as_ref()).and_then(|holder| holder.sequence);
    let changed_at_ms =
        u64::try_from(record.change.approximate_creation_date_time.timestamp_millis()).ok();
    let message =
        BookMessage { phone, joiner, sequence, changed_at_ms, range: OwnerRange::default() };
    // Books may also hold the number as it was before the country changed it, or as it is since. Of
    // these there is no sequence.
    let of_form = |form| {
        let sequence = message.sequence.filter(|_| form == phone);
        BookMessage { phone: form, sequence, ..message.clone() }
    };
    let messages: Vec<_> = phone.forms().into_iter().map(of_form).collect();
    queue.send(&messages).await?;
    Ok(true)
}
