//! The embedded DynamoDB, called in this thread without a socket. The scheduler, which stops the
//! clock, needs it that way, and it is fast enough for tens of thousands of runs.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Region, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use dynoxide::{Database, DynoxideError};
use lambda::aws;
pub use local::direct::{operation, response as http_response};
use local::{create_tables, direct, tables};
use model::{Clock, SystemClock};
use serde_json::{Value, json};
use store::{Keyring, Store};

use crate::rules::item_size;

/// Returns a fresh database in memory, with all tables.
pub async fn database() -> Embedded {
    let embedded = Embedded(Database::memory().expect("memory"));
    create_tables(&embedded.client()).await.expect("tables");
    embedded
}

/// A connector to an embedded DynamoDB.
#[derive(Clone)]
pub struct Embedded(pub Database);

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Embedded")
    }
}

impl Embedded {
    pub fn client(&self) -> Client {
        client_over(self.clone())
    }

    pub fn store(&self) -> Store {
        store_over(self.clone())
    }

    /// Executes one request.
    pub fn call_now(&self, request: &HttpRequest) -> HttpResponse {
        direct::answer(&self.0, request)
    }

    /// Returns the status and the body of the answer to a request.
    pub fn answer(&self, operation: &str, body: &[u8]) -> (u16, String) {
        match self.dispatch(operation, body) {
            Ok(json) => (200, json),
            Err(error) => (error.status_code(), error.to_json()),
        }
    }

    /// Returns the item of `key` in `table`, in DynamoDB's own JSON.
    pub fn item(&self, table: &str, key: &Value) -> Option<Value> {
        let request = json!({ "TableName": table, "Key": key }).to_string();
        let answer = self.dispatch("GetItem", request.as_bytes()).expect("a key of that table");
        let answer: Value = serde_json::from_str(&answer).expect("an answer is JSON");
        answer.get("Item").cloned()
    }

    /// Returns some records of Users' stream that come after the record `after`, spelled as Lambda
    /// spells them. They include writes that changed nothing. DynamoDB itself makes no records of
    /// those.
    pub fn stream(&self, after: Option<&str>) -> Vec<Value> {
        let list =
            serde_json::from_value(json!({ "TableName": tables().users })).expect("a request");
        let stream = self.0.list_streams(list).expect("streams").streams.remove(0).stream_arn;
        let describe = serde_json::from_value(json!({ "StreamArn": stream })).expect("a request");
        let description = serde_json::to_value(self.0.describe_stream(describe).expect("a stream"))
            .expect("JSON");
        let position = if after.is_some() { "AFTER_SEQUENCE_NUMBER" } else { "TRIM_HORIZON" };
        let shard = &description["StreamDescription"]["Shards"][0]["ShardId"];
        let iterator = json!({ "StreamArn": stream, "ShardId": shard, "ShardIteratorType": position,
                               "SequenceNumber": after });
        let iterator =
            self.0.get_shard_iterator(serde_json::from_value(iterator).expect("a request"));
        let records = json!({ "ShardIterator": iterator.expect("a shard").shard_iterator });
        let records = self
            .0
            .get_records(serde_json::from_value(records).expect("a request"))
            .expect("records");
        serde_json::to_value(records.records).map(as_lambda_spells).expect("JSON")
    }

    fn dispatch(&self, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
        direct::execute(&self.0, operation, body)
    }
}

fn as_lambda_spells(records: Value) -> Vec<Value> {
    let Value::Array(mut records) = records else { return vec![] };
    for record in &mut records {
        record["dynamodb"]["ApproximateCreationDateTime"] = SystemClock.now_seconds().into();
    }
    records
}

/// Returns the bytes of all items of `table`.
pub fn stored_bytes(embedded: &Embedded, table: &str) -> usize {
    item_sizes(embedded, table).iter().sum()
}

/// Returns the bytes of each item of `table`.
pub fn item_sizes(embedded: &Embedded, table: &str) -> Vec<usize> {
    let mut start = Value::Null;
    let mut sizes = vec![];
    loop {
        let mut request = json!({ "TableName": table });
        if !start.is_null() {
            request["ExclusiveStartKey"] = start;
        }
        let answer = embedded.dispatch("Scan", request.to_string().as_bytes()).expect("a table");
        let answer: Value = serde_json::from_str(&answer).expect("an answer is JSON");
        sizes.extend(answer["Items"].as_array().into_iter().flatten().map(item_size));
        start = answer["LastEvaluatedKey"].clone();
        if start.is_null() {
            return sizes;
        }
    }
}

impl HttpConnector for Embedded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(Ok(self.call_now(&request)))
    }
}

/// Returns a client that sends every request through `connector`, and waits for each.
pub fn client_over(connector: impl HttpConnector + 'static) -> Client {
    Client::from_conf(config(connector).build())
}

/// Returns a store whose client waits and retries as the functions' clients do. It is sealed by
/// `keys`.
pub fn patient_store_over(connector: impl HttpConnector + 'static, keys: Keyring) -> Store {
    let config = config(connector).timeout_config(aws::timeouts()).retry_config(aws::retries());
    Store::new(Client::from_conf(config.build()), tables(), keys, SystemClock)
}

fn config(connector: impl HttpConnector + 'static) -> Builder {
    let connector = SharedHttpConnector::new(connector);
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .allow_no_auth()
        .endpoint_url("http://embedded")
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(http_client_fn(move |_, _| connector.clone()))
}

/// Returns a store over `connector` that seals nothing, so that the requests are easier to read.
pub fn store_over(connector: impl HttpConnector + 'static) -> Store {
    sealed_store_over(connector, Keyring::default())
}

/// Returns a store over `connector` that is sealed by `keys`.
pub fn sealed_store_over(connector: impl HttpConnector + 'static, keys: Keyring) -> Store {
    Store::new(client_over(connector), tables(), keys, SystemClock)
}
