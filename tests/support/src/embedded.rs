//! The embedded DynamoDB, called in this thread without a socket. The scheduler, which stops the
//! clock, needs it that way, and it is fast enough for tens of thousands of runs.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextMut;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Builder, ConfigBag, Intercept, Region, RuntimeComponents,
    StalledStreamProtectionConfig,
};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, DynoxideError};
use lambda::aws;
use local::{create_tables, tables};
use model::{Clock, SystemClock};
use serde::Serialize;
use serde::de::DeserializeOwned;
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
        let (status, json) =
            self.answer(operation(request), request.body().bytes().unwrap_or_default());
        let mut response =
            HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(json));
        response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
        response
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
        let db = &self.0;
        match operation {
            "BatchExecuteStatement" => run(body, |request| db.batch_execute_statement(request)),
            "BatchGetItem" => run(body, |request| db.batch_get_item(request)),
            "BatchWriteItem" => run(body, |request| db.batch_write_item(request)),
            "CreateTable" => run(body, |request| db.create_table(request)),
            "DeleteItem" => run(body, |request| db.delete_item(request)),
            "DescribeTable" => run(body, |request| db.describe_table(request)),
            "GetItem" => run(body, |request| db.get_item(request)),
            "PutItem" => run(body, |request| db.put_item(request)),
            "Query" => run(body, |request| db.query(request)),
            "Scan" => run(body, |request| db.scan(request)),
            "TransactWriteItems" => run(body, |request| db.transact_write_items(request)),
            "UpdateItem" => run(body, |request| db.update_item(request)),
            other => panic!("the tests don't know {other}"),
        }
    }
}

fn as_lambda_spells(records: Value) -> Vec<Value> {
    let Value::Array(mut records) = records else { return vec![] };
    for record in &mut records {
        record["dynamodb"]["ApproximateCreationDateTime"] = SystemClock.now_seconds().into();
    }
    records
}

fn run<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    execute: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<String, DynoxideError> {
    let request = serde_json::from_slice(body).expect("the SDK writes what DynamoDB reads");
    let answer = execute(request)?;
    Ok(serde_json::to_string(&answer).expect("an answer is JSON"))
}

/// Returns the bytes of all items of `table`.
pub fn stored_bytes(embedded: &Embedded, table: &str) -> usize {
    let mut start = Value::Null;
    let mut bytes = 0;
    loop {
        let mut request = json!({ "TableName": table });
        if !start.is_null() {
            request["ExclusiveStartKey"] = start;
        }
        let answer = embedded.dispatch("Scan", request.to_string().as_bytes()).expect("a table");
        let answer: Value = serde_json::from_str(&answer).expect("an answer is JSON");
        bytes += answer["Items"].as_array().into_iter().flatten().map(item_size).sum::<usize>();
        start = answer["LastEvaluatedKey"].clone();
        if start.is_null() {
            return bytes;
        }
    }
}

/// Returns the name of the operation, such as `GetItem`.
pub fn operation(request: &HttpRequest) -> &str {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default()
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

/// Gives each transaction an idempotency token that no other one has. The SDK would draw it from this
/// thread's random numbers, which tests seed, and DynamoDB takes two transactions with the same token
/// for one.
#[derive(Debug)]
struct OwnTokens;

impl Intercept for OwnTokens {
    fn name(&self) -> &'static str {
        "OwnTokens"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        static TRANSACTIONS: AtomicU64 = AtomicU64::new(0);
        if let Some(transaction) = context.input_mut().downcast_mut::<TransactWriteItemsInput>() {
            let token = TRANSACTIONS.fetch_add(1, Ordering::Relaxed).to_string();
            transaction.client_request_token = Some(token);
        }
        Ok(())
    }
}

fn config(connector: impl HttpConnector + 'static) -> Builder {
    let connector = SharedHttpConnector::new(connector);
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .allow_no_auth()
        .endpoint_url("http://embedded")
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .interceptor(OwnTokens)
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
