//! The queue between the stream of users and the books: what a message says, and how it is sent.

use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use serde::{Deserialize, Serialize};

use crate::domain::{Holder, Phone, PublicId, UserId};
use crate::store::{Keys, OwnerRange};

/// Most messages of one SendMessageBatch (AWS limit).
const MESSAGES_PER_CALL: usize = 10;

/// Who a message announces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joiner {
    /// The joiner, as apps know them.
    pub id: PublicId,
    /// The joiner, as the identity provider knows them.
    pub user: UserId,
    /// The epoch of their having the phone.
    pub epoch: u64,
}

impl Joiner {
    /// Whether `holder` is this joiner, in the same turn of having the phone.
    #[must_use]
    pub fn is(&self, holder: &Holder) -> bool {
        (self.id, self.epoch) == (holder.id, holder.epoch)
    }
}

impl From<&Holder> for Joiner {
    fn from(holder: &Holder) -> Self {
        Self { id: holder.id, user: holder.user.clone(), epoch: holder.epoch }
    }
}

/// That a phone's holder changed: the books that hold it have to hear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolderChanged {
    /// The phone, in canonical digits.
    #[serde(with = "phone_digits")]
    pub phone: Phone,
    /// Who joined; none where somebody left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joiner: Option<Joiner>,
    /// When it changed, in milliseconds since 1970, as the stream tells it: for measuring the delay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at_ms: Option<u64>,
    /// The hints that this message is about.
    #[serde(default)]
    pub range: OwnerRange,
}

mod phone_digits {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::domain::Phone;

    pub fn serialize<S: Serializer>(phone: &Phone, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(phone.digits())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Phone, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Messages that couldn't be sent, all or some.
#[derive(Debug, thiserror::Error)]
#[error("sending to the queue failed: {code}")]
pub struct QueueError {
    /// The queue's error code.
    pub code: String,
}

/// A message that isn't one of ours, or is sealed by other keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message can't be read")]
pub struct UnreadableMessage;

/// Sends messages.
pub trait ChangeQueue {
    /// Sends all of `messages`; where some fail, those that were sent stay sent.
    fn send(&self, messages: &[HolderChanged]) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// What a message's body says.
    ///
    /// # Errors
    /// [`UnreadableMessage`] for a body that this queue didn't send.
    fn read(&self, body: &str) -> Result<HolderChanged, UnreadableMessage> {
        serde_json::from_str(body).map_err(|_| UnreadableMessage)
    }
}

impl HolderChanged {
    /// The body of a message: JSON, sealed where there are keys: a message waits for days where it can't
    /// be worked off.
    #[must_use]
    pub fn to_body(&self, keys: &Keys) -> String {
        keys.seal_text(MESSAGE, serde_json::to_string(self).expect("a message is JSON"))
    }

    /// What [`HolderChanged::to_body`] made of a message. JSON is read as it is, with and without keys: so an
    /// operator puts a book right by hand. It says which books to look at; what they are told is read there.
    ///
    /// # Errors
    /// [`UnreadableMessage`] for any other body.
    pub fn from_body(keys: &Keys, body: &str) -> Result<Self, UnreadableMessage> {
        let opened = if body.starts_with('{') { Some(body.to_owned()) } else { keys.open_text(MESSAGE, body) };
        serde_json::from_str(&opened.ok_or(UnreadableMessage)?).map_err(|_| UnreadableMessage)
    }
}

/// What sealed messages are to [`Keys`].
const MESSAGE: &str = "change of a holder";

/// A record of Users' stream that makes no sense, such as a row that somebody wrote by hand. It says
/// where the record is, and nothing of what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedRecord {
    /// The event of the stream.
    pub event_id: String,
    /// The record's place in its shard; it can be read there for 24 hours.
    pub sequence_number: Option<String>,
    /// What is wrong with it.
    pub reason: String,
}

/// Keeps the places of records that can't be worked off, for somebody to look at.
pub trait FailedRecords {
    /// Keeps one.
    fn keep(&self, record: &FailedRecord) -> impl Future<Output = Result<(), QueueError>> + Send;
}

/// A queue of SQS.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: aws_sdk_sqs::Client,
    url: String,
    keys: Keys,
}

impl SqsQueue {
    /// The queue at `url`, whose messages are sealed by `keys`.
    #[must_use]
    pub fn new(client: aws_sdk_sqs::Client, url: String, keys: Keys) -> Self {
        Self { client, url, keys }
    }
}

impl ChangeQueue for SqsQueue {
    async fn send(&self, messages: &[HolderChanged]) -> Result<(), QueueError> {
        for batch in messages.chunks(MESSAGES_PER_CALL) {
            let entries = batch.iter().enumerate().map(|(place, message)| {
                let body = message.to_body(&self.keys);
                let entry = SendMessageBatchRequestEntry::builder().id(place.to_string()).message_body(body);
                entry.build().expect("id and body are set")
            });
            let sent = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries.collect()));
            let answer = sent
                .send()
                .await
                .map_err(|error| QueueError { code: error.code().unwrap_or("no answer").to_owned() })?;
            if let Some(failed) = answer.failed().first() {
                return Err(QueueError { code: failed.code().to_owned() });
            }
        }
        Ok(())
    }

    fn read(&self, body: &str) -> Result<HolderChanged, UnreadableMessage> {
        HolderChanged::from_body(&self.keys, body)
    }
}

impl FailedRecords for SqsQueue {
    async fn keep(&self, record: &FailedRecord) -> Result<(), QueueError> {
        let body = serde_json::to_string(record).expect("a record is JSON");
        let sent = self.client.send_message().queue_url(&self.url).message_body(body).send().await;
        sent.map(drop).map_err(|error| QueueError { code: error.code().unwrap_or("no answer").to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_back_as_it_was_sent() {
        let message = HolderChanged {
            phone: "16505550123".parse().expect("a phone"),
            joiner: Some(Joiner {
                id: PublicId::new(7).expect("an id"),
                user: "alice".parse().expect("a user"),
                epoch: 9,
            }),
            changed_at_ms: Some(1_795_485_472_000),
            range: OwnerRange { after: None, through: Some("gbob".to_owned()) },
        };
        let (plain, secret): (_, Keys) = (Keys::default(), Keys::generate_secret().parse().expect("a secret"));
        let sealed = message.to_body(&secret);
        assert!(!sealed.contains("6505550123") && !sealed.contains("alice"));
        assert_eq!(HolderChanged::from_body(&secret, &sealed), Ok(message.clone()));
        assert_eq!(HolderChanged::from_body(&plain, &sealed), Err(UnreadableMessage));
        let body = message.to_body(&plain);
        assert_eq!(HolderChanged::from_body(&secret, &body), Ok(message.clone()), "sent by hand");
        assert_eq!(
            body,
            r#"{"phone":"16505550123","joiner":{"id":7,"user":"alice","epoch":9},"changed_at_ms":1795485472000,"range":{"through":"gbob"}}"#
        );
        assert_eq!(HolderChanged::from_body(&plain, &body), Ok(message));
    }
}
