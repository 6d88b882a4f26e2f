//! The queue, implemented for Amazon SQS.

use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use store::Keyring;

use super::message::{BookMessage, PushMessage};
use super::port::{BookQueue, FailedRecord, FailedRecords, PushQueue, QueueError};

/// Most messages in one SendMessageBatch (AWS limit).
const MESSAGES_PER_CALL: usize = 10;

/// A queue in Amazon SQS.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: aws_sdk_sqs::Client,
    url: String,
    keyring: Keyring,
}

impl SqsQueue {
    /// Makes a client of the queue at `url`, whose messages are sealed by `keyring`.
    #[must_use]
    pub fn new(client: aws_sdk_sqs::Client, url: String, keyring: Keyring) -> Self {
        Self { client, url, keyring }
    }
}

impl BookQueue for SqsQueue {
    async fn send(&self, messages: &[BookMessage]) -> Result<(), QueueError> {
        self.send_bodies(messages.iter().map(|message| message.to_body(&self.keyring)).collect())
            .await
    }
}

impl PushQueue for SqsQueue {
    async fn send_pushes(&self, messages: &[PushMessage]) -> Result<(), QueueError> {
        self.send_bodies(messages.iter().map(|message| message.to_body(&self.keyring)).collect())
            .await
    }
}

impl SqsQueue {
    async fn send_bodies(&self, bodies: Vec<String>) -> Result<(), QueueError> {
        for batch in bodies.chunks(MESSAGES_PER_CALL) {
            let entries = batch.iter().enumerate().map(|(place, body)| {
                let entry = SendMessageBatchRequestEntry::builder()
                    .id(place.to_string())
                    .message_body(body);
                entry.build().expect("id and body are set")
            });
            let sent = self
                .client
                .send_message_batch()
                .queue_url(&self.url)
                .set_entries(Some(entries.collect()));
            let answer = sent.send().await.map_err(|error| QueueError {
                code: error.code().unwrap_or("no answer").to_owned(),
            })?;
            if let Some(failed) = answer.failed().first() {
                return Err(QueueError { code: failed.code().to_owned() });
            }
        }
        Ok(())
    }
}

impl FailedRecords for SqsQueue {
    async fn keep(&self, record: &FailedRecord) -> Result<(), QueueError> {
        let body = serde_json::to_string(record).expect("a record is JSON");
        let sent = self.client.send_message().queue_url(&self.url).message_body(body).send().await;
        sent.map(drop)
            .map_err(|error| QueueError { code: error.code().unwrap_or("no answer").to_owned() })
    }
}
