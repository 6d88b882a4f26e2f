//! The stream of Users, which is read through the streams API and passed on as Lambda's event
//! source does.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::dynamodb::Event;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodbstreams::types::{OperationType, Record, ShardIteratorType};
use serde_json::{Value, json};
use store::{Keyring, Tables};
use tokio::sync::Notify;

use crate::clock::LocalClock;
use crate::database::Database;
use crate::journal::Journal;
use crate::queue::ChannelQueue;
use crate::schema::{CHECKPOINTS, tables};

/// How long to wait at first if nothing is new or something failed.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);
/// How long to wait at most. A request that may have changed something ends the wait at once, so
/// this is for programs that write to the DynamoDB directly. Two small requests a second cost an
/// idle server less than 1 % of a core.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// The keys that the event source's filter lets through begin with this: see `template.yaml`.
const KEY_PREFIX: &str = "phone#";

/// A failure of the streams API, or of the checkpoint.
type StreamError = Box<dyn std::error::Error + Send + Sync>;

/// Reads the stream and passes records on.
pub(crate) struct StreamReader {
    client: aws_sdk_dynamodb::Client,
    streams: aws_sdk_dynamodbstreams::Client,
    queue: ChannelQueue,
    keyring: Keyring,
    /// Notified of each request that may have changed something.
    changed: Arc<Notify>,
    journal: Journal,
    clock: LocalClock,
    stream: String,
    /// The one shard, once it is known. It is open, whatever `EndingSequenceNumber` says.
    shard: Option<String>,
    /// The last record that was passed on.
    read: Option<String>,
    /// The last record up to which all messages were processed.
    saved: Option<String>,
}

impl StreamReader {
    /// Creates a reader that goes on where the one before it stopped.
    pub(crate) async fn new(
        database: &Database,
        queue: ChannelQueue,
        changed: Arc<Notify>,
        journal: Journal,
    ) -> Result<Self, StreamError> {
        let (client, streams) = (database.client(), database.streams());
        let Tables { users, .. } = tables();
        let table = client.describe_table().table_name(users).send().await?.table;
        let stream =
            table.and_then(|table| table.latest_stream_arn).ok_or("Users has no stream")?;
        let saved = client
            .get_item()
            .table_name(CHECKPOINTS)
            .key("stream", AttributeValue::S(stream.clone()));
        let saved =
            match saved.send().await?.item.and_then(|mut item| item.remove("sequence_number")) {
                Some(AttributeValue::S(sequence_number)) => Some(sequence_number),
                _ => None,
            };
        Ok(Self {
            client,
            streams,
            queue,
            keyring: database.keyring().clone(),
            changed,
            journal,
            clock: database.clock().clone(),
            stream,
            shard: None,
            read: saved.clone(),
            saved,
        })
    }

    /// Passes records on until the task is aborted.
    pub(crate) async fn run(mut self) {
        let mut wait = SHORTEST_WAIT;
        loop {
            match self.pass_on().await {
                Ok(true) => wait = SHORTEST_WAIT,
                Ok(false) => wait = self.rest(wait).await,
                Err(error) => {
                    tracing::error!(%error, "the stream can't be read");
                    wait = self.rest(wait).await;
                }
            }
        }
    }

    /// Waits for `wait` or the next change. Returns how long to wait next time.
    async fn rest(&self, wait: Duration) -> Duration {
        match tokio::time::timeout(wait, self.changed.notified()).await {
            Ok(()) => SHORTEST_WAIT,
            Err(_) => (2 * wait).min(LONGEST_WAIT),
        }
    }

    /// Passes new records on. Returns `false` if there are none.
    async fn pass_on(&mut self) -> Result<bool, StreamError> {
        let records = self.records().await?;
        let Some(last) = records.last().and_then(sequence_number) else {
            self.save().await?;
            return Ok(false);
        };
        let passed: Vec<Value> = records
            .iter()
            .filter(|record| is_wanted(record))
            .map(|one| self.event_record(one))
            .collect();
        let event: Event = serde_json::from_value(json!({ "Records": passed }))?;
        let response = joins::handle(&self.keyring, &self.queue, &self.queue, event).await;
        if !response.batch_item_failures.is_empty() {
            return Err("a record failed".into());
        }
        for record in records.iter().filter(|record| is_wanted(record)) {
            let change = record.event_name.as_ref().map(OperationType::as_str);
            self.journal.note("record", json!({ "change": change }), &[]);
        }
        self.read = Some(last);
        Ok(true)
    }

    /// Returns the records after the last one that was read.
    async fn records(&mut self) -> Result<Vec<Record>, StreamError> {
        let Some(shard) = self.shard().await? else { return Ok(vec![]) };
        let position = match &self.read {
            Some(_) => ShardIteratorType::AfterSequenceNumber,
            None => ShardIteratorType::TrimHorizon,
        };
        let iterator = self.streams.get_shard_iterator().stream_arn(&self.stream).shard_id(shard);
        let iterator = iterator
            .shard_iterator_type(position)
            .set_sequence_number(self.read.clone())
            .send()
            .await?;
        let page =
            self.streams.get_records().set_shard_iterator(iterator.shard_iterator).send().await?;
        Ok(page.records.unwrap_or_default())
    }

    /// Returns the one shard, or `None` before the first record. Once it is known it isn't asked
    /// for again, because DescribeStream looks through all records (dynoxide 3.2.0).
    async fn shard(&mut self) -> Result<Option<String>, StreamError> {
        if self.shard.is_none() {
            let sent = self.streams.describe_stream().stream_arn(&self.stream).send().await?;
            let shards = sent.stream_description.and_then(|stream| stream.shards);
            self.shard = shards.and_then(|shards| shards.into_iter().next()?.shard_id);
        }
        Ok(self.shard.clone())
    }

    /// Returns the record as Lambda spells it.
    fn event_record(&self, record: &Record) -> Value {
        let change = record
            .dynamodb
            .clone()
            .unwrap_or_else(|| aws_sdk_dynamodbstreams::types::StreamRecord::builder().build());
        // The database dates its records by the machine's clock.
        let created_at = change.approximate_creation_date_time.map_or(0, |time| time.secs());
        let created_at = created_at.saturating_add_unsigned(self.clock.ahead_ms() / 1000);
        let item = |image: Option<
            std::collections::HashMap<String, aws_sdk_dynamodbstreams::types::AttributeValue>,
        >| { serde_dynamo::Item::from(image.unwrap_or_default()) };
        json!({
            "eventID": record.event_id,
            "eventName": record.event_name.as_ref().map(OperationType::as_str),
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "dynamodb": {
                "ApproximateCreationDateTime": created_at,
                "Keys": item(change.keys),
                "NewImage": item(change.new_image),
                "OldImage": item(change.old_image),
                "SequenceNumber": change.sequence_number,
                "SizeBytes": change.size_bytes.unwrap_or_default(),
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        })
    }

    /// Saves how far the stream was read, if no message is open any more, and deletes the records
    /// before that.
    async fn save(&mut self) -> Result<(), StreamError> {
        let Some(read) =
            self.read.clone().filter(|_| self.read != self.saved && self.queue.open() == 0)
        else {
            return Ok(());
        };
        self.client
            .put_item()
            .table_name(CHECKPOINTS)
            .item("stream", AttributeValue::S(self.stream.clone()))
            .item("sequence_number", AttributeValue::S(read.clone()))
            .send()
            .await?;
        self.saved = Some(read);
        Ok(())
    }
}

fn sequence_number(record: &Record) -> Option<String> {
    record.dynamodb.as_ref()?.sequence_number.clone()
}

/// Returns whether Lambda would be invoked with the record: if the filter lets it through, and the
/// write changed something. DynamoDB makes no record of a write that changes nothing.
fn is_wanted(record: &Record) -> bool {
    let Some(change) = &record.dynamodb else { return false };
    let key = change.keys.as_ref().and_then(|keys| keys.get("key")).and_then(|key| key.as_s().ok());
    let changed =
        record.event_name != Some(OperationType::Modify) || change.old_image != change.new_image;
    changed && key.is_some_and(|key| key.starts_with(KEY_PREFIX))
}
