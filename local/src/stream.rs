//! The stream of Users, read through the streams API and passed on as Lambda's event source would.

use std::time::Duration;

use aws_lambda_events::dynamodb::Event;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodbstreams::types::{OperationType, Record, ShardIteratorType};
use serde_json::{Value, json};
use shared::store::{Keys, Tables};

use crate::database::Database;
use crate::queue::ChannelQueue;
use crate::schema::{CHECKPOINTS, tables};

/// How long to wait where there is nothing new, or something failed.
const IDLE: Duration = Duration::from_millis(50);
/// What the event source's filter lets through: see `template.yaml`.
const KEY_PREFIX: &str = "phone#";

/// A failure of the streams API, or of the checkpoint.
type StreamError = Box<dyn std::error::Error + Send + Sync>;

/// Reads the stream and passes records on.
pub(crate) struct StreamReader {
    client: aws_sdk_dynamodb::Client,
    streams: aws_sdk_dynamodbstreams::Client,
    queue: ChannelQueue,
    keys: Keys,
    stream: String,
    /// The last record that was passed on.
    read: Option<String>,
    /// The last record whose messages were all worked off.
    saved: Option<String>,
}

impl StreamReader {
    /// A reader that goes on where the one before it stopped.
    pub(crate) async fn new(database: &Database, queue: ChannelQueue) -> Result<Self, StreamError> {
        let (client, streams) = (database.client(), database.streams());
        let Tables { users, .. } = tables();
        let table = client.describe_table().table_name(users).send().await?.table;
        let stream = table.and_then(|table| table.latest_stream_arn).ok_or("Users has no stream")?;
        let saved = client.get_item().table_name(CHECKPOINTS).key("stream", AttributeValue::S(stream.clone()));
        let saved = match saved.send().await?.item.and_then(|mut item| item.remove("sequence_number")) {
            Some(AttributeValue::S(sequence_number)) => Some(sequence_number),
            _ => None,
        };
        Ok(Self { client, streams, queue, keys: database.keys().clone(), stream, read: saved.clone(), saved })
    }

    /// Passes records on until the task is aborted.
    pub(crate) async fn run(mut self) {
        loop {
            match self.pass_on().await {
                Ok(true) => {}
                Ok(false) => tokio::time::sleep(IDLE).await,
                Err(error) => {
                    tracing::error!(%error, "the stream can't be read");
                    tokio::time::sleep(IDLE).await;
                }
            }
        }
    }

    /// Passes on what is new; `false` where nothing is.
    async fn pass_on(&mut self) -> Result<bool, StreamError> {
        let records = self.records().await?;
        let Some(last) = records.last().and_then(sequence_number) else {
            self.save().await?;
            return Ok(false);
        };
        let passed: Vec<Value> = records.iter().filter(|record| is_wanted(record)).map(event_record).collect();
        let event: Event = serde_json::from_value(json!({ "Records": passed }))?;
        let response = joins::handle(&self.keys, &self.queue, &self.queue, event).await;
        if !response.batch_item_failures.is_empty() {
            return Err("a record failed".into());
        }
        self.read = Some(last);
        Ok(true)
    }

    /// The records after the last one read. The one shard is open, whatever `EndingSequenceNumber` says.
    async fn records(&self) -> Result<Vec<Record>, StreamError> {
        let description = self.streams.describe_stream().stream_arn(&self.stream).send().await?.stream_description;
        let shard = description.and_then(|stream| stream.shards?.into_iter().next()?.shard_id);
        let Some(shard) = shard else { return Ok(vec![]) };
        let position = match &self.read {
            Some(_) => ShardIteratorType::AfterSequenceNumber,
            None => ShardIteratorType::TrimHorizon,
        };
        let iterator = self.streams.get_shard_iterator().stream_arn(&self.stream).shard_id(shard);
        let iterator = iterator.shard_iterator_type(position).set_sequence_number(self.read.clone()).send().await?;
        let page = self.streams.get_records().set_shard_iterator(iterator.shard_iterator).send().await?;
        Ok(page.records.unwrap_or_default())
    }

    /// Notes how far the stream was read, once nothing of it is open any more.
    async fn save(&mut self) -> Result<(), StreamError> {
        let Some(read) = self.read.clone().filter(|_| self.read != self.saved && self.queue.open() == 0) else {
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

/// What Lambda would be invoked with: the filter's choice, and no writes that changed nothing, of which
/// DynamoDB makes no records.
fn is_wanted(record: &Record) -> bool {
    let Some(change) = &record.dynamodb else { return false };
    let key = change.keys.as_ref().and_then(|keys| keys.get("key")).and_then(|key| key.as_s().ok());
    let changed = record.event_name != Some(OperationType::Modify) || change.old_image != change.new_image;
    changed && key.is_some_and(|key| key.starts_with(KEY_PREFIX))
}

/// A record as Lambda spells it.
fn event_record(record: &Record) -> Value {
    let change =
        record.dynamodb.clone().unwrap_or_else(|| aws_sdk_dynamodbstreams::types::StreamRecord::builder().build());
    let item = |image: Option<std::collections::HashMap<String, aws_sdk_dynamodbstreams::types::AttributeValue>>| {
        serde_dynamo::Item::from(image.unwrap_or_default())
    };
    json!({
        "eventID": record.event_id,
        "eventName": record.event_name.as_ref().map(OperationType::as_str),
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": change.approximate_creation_date_time.map_or(0, |time| time.secs()),
            "Keys": item(change.keys),
            "NewImage": item(change.new_image),
            "OldImage": item(change.old_image),
            "SequenceNumber": change.sequence_number,
            "SizeBytes": change.size_bytes.unwrap_or_default(),
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    })
}
