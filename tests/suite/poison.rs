//! Tests of malformed records of Users, and of a queue that fails: which records the stream
//! delivers again.

use std::sync::Mutex;

use aws_lambda_events::dynamodb::Event;
use protocol::queue::{BookMessage, BookQueue, FailedRecord, FailedRecords, QueueError};
use serde_json::{Value, json};
use store::Keyring;

#[derive(Default)]
struct Queues {
    /// The phones that were sent.
    sent: Mutex<Vec<String>>,
    kept: Mutex<Vec<FailedRecord>>,
    /// The phone that the queue of joins doesn't take.
    refused: Option<&'static str>,
    /// Whether the queue of failed records is down too.
    down: bool,
}

fn busy() -> QueueError {
    QueueError { code: "busy".to_owned() }
}

impl BookQueue for Queues {
    async fn send(&self, messages: &[BookMessage]) -> Result<(), QueueError> {
        for message in messages {
            let digits = message.phone.digits();
            if self.refused == Some(digits) {
                return Err(busy());
            }
            self.sent.lock().expect("no panic").push(digits.to_owned());
        }
        Ok(())
    }
}

impl FailedRecords for Queues {
    async fn keep(&self, record: &FailedRecord) -> Result<(), QueueError> {
        if self.down {
            return Err(busy());
        }
        self.kept.lock().expect("no panic").push(record.clone());
        Ok(())
    }
}

fn record(sequence_number: &str, image: &Value) -> Value {
    json!({
        "eventID": format!("event-{sequence_number}"), "eventName": "INSERT", "awsRegion": "us-east-1",
        "dynamodb": {"Keys": {"key": image["key"]}, "NewImage": image, "SequenceNumber": sequence_number,
                     "ApproximateCreationDateTime": 1_795_485_472, "SizeBytes": 1},
    })
}

fn joined(sequence_number: &str, phone: &str) -> Value {
    record(
        sequence_number,
        &json!({
            "key": {"S": format!("phone#{phone}")}, "phone": {"S": phone}, "id": {"N": "1"}, "user_id": {"S": "alice"},
            "epoch": {"N": "1"}, "discoverable": {"BOOL": true}, "announced": {"BOOL": true},
        }),
    )
}

fn malformed(sequence_number: &str) -> Value {
    record(
        sequence_number,
        &json!({"key": {"S": "phone#16505550199"}, "phone": {"S": "call 16505550199"}}),
    )
}

async fn failures(queues: &Queues, records: &[Value]) -> Vec<String> {
    let event: Event = serde_json::from_value(json!({ "Records": records })).expect("an event");
    let response = joins::handle(&Keyring::default(), queues, queues, event).await;
    response.batch_item_failures.into_iter().filter_map(|failure| failure.item_identifier).collect()
}

const RECORDS: [&str; 3] = ["16505550100", "16505550101", "16505550102"];

#[tokio::test]
async fn a_record_that_makes_no_sense_is_kept_apart_and_the_stream_goes_on() {
    let queues = Queues::default();
    let records = [joined("1", RECORDS[0]), malformed("2"), joined("3", RECORDS[2])];
    assert_eq!(failures(&queues, &records).await, [""; 0]);
    assert_eq!(*queues.sent.lock().expect("no panic"), [RECORDS[0], RECORDS[2]]);
    let kept = queues.kept.lock().expect("no panic").clone();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].sequence_number.as_deref(), Some("2"));
    let message = serde_json::to_string(&kept[0]).expect("JSON");
    assert!(!message.contains("6505550199"), "the message shows nothing of the row: {message}");
}

#[tokio::test]
async fn if_the_queue_fails_the_stream_comes_again_from_that_record() {
    let queues = Queues { refused: Some(RECORDS[1]), ..Queues::default() };
    let records = [joined("1", RECORDS[0]), joined("2", RECORDS[1]), joined("3", RECORDS[2])];
    assert_eq!(failures(&queues, &records).await, ["2"]);
    assert_eq!(*queues.sent.lock().expect("no panic"), [RECORDS[0]]);
}

#[tokio::test]
async fn a_record_that_cannot_be_kept_apart_comes_again() {
    let queues = Queues { down: true, ..Queues::default() };
    assert_eq!(failures(&queues, &[malformed("1"), joined("2", RECORDS[0])]).await, ["1"]);
    assert_eq!(*queues.sent.lock().expect("no panic"), [""; 0]);
}
