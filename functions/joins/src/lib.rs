//! From the stream of Users to the queue: which changes the books have to hear of.
//!
//! Nothing slow happens here, so that nothing holds up the stream's shard.

use aws_lambda_events::dynamodb::{Event as DynamoDbEvent, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use shared::domain::{HolderChange, holder_change};
use shared::queue::{ChangeQueue, HolderChanged, Joiner};
use shared::store::{OwnerRange, holder_of_image};

/// Sends a message for each change of who has a phone. Stops at the first record that fails and names it,
/// so that the stream comes again from there.
pub async fn handle<Q: ChangeQueue>(queue: &Q, event: DynamoDbEvent) -> DynamoDbEventResponse {
    let mut response = DynamoDbEventResponse::default();
    let mut sent = 0;
    for record in event.records {
        let sequence_number = record.change.sequence_number.clone();
        match relay(queue, record).await {
            Ok(relayed) => sent += usize::from(relayed),
            Err(error) => {
                tracing::error!(error = %error, ?sequence_number, "a record of Users failed");
                let mut failure = DynamoDbBatchItemFailure::default();
                failure.item_identifier = sequence_number;
                response.batch_item_failures.push(failure);
                break;
            }
        }
    }
    tracing::info!(sent, failed = response.batch_item_failures.len(), "relayed changes of holders");
    response
}

/// Whether the record was worth a message.
async fn relay<Q: ChangeQueue>(
    queue: &Q,
    record: EventRecord,
) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    let before = holder_of_image(record.change.old_image)?;
    let after = holder_of_image(record.change.new_image)?;
    let Some(phone) = after.as_ref().or(before.as_ref()).map(|(phone, _)| *phone) else { return Ok(false) };
    let (before, after) = (before.map(|(_, holder)| holder), after.map(|(_, holder)| holder));
    let joiner = match holder_change(before.as_ref(), after.as_ref()) {
        HolderChange::Nothing => return Ok(false),
        HolderChange::Joined => after.as_ref().map(Joiner::from),
        HolderChange::Left => None,
    };
    queue.send(&[HolderChanged { phone, joiner, range: OwnerRange::default() }]).await?;
    Ok(true)
}
