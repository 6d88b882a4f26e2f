//! The way to the embedded DynamoDB inside this process: the SDK's requests are executed in the
//! calling task, without a socket.
//!
//! Over the loopback the server takes half as much processor time again, for HTTP and for reading the
//! same JSON three times.

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Returns an HTTP client that gives all requests to `database`.
pub(crate) fn http_client(database: Database) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Direct(database));
    http_client_fn(move |_, _| connector.clone())
}

struct Direct(Database);

impl std::fmt::Debug for Direct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Direct")
    }
}

impl HttpConnector for Direct {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let database = self.0.clone();
        HttpConnectorFuture::new(async move {
            // A request that makes hundreds of calls would keep others waiting for as long.
            tokio::task::yield_now().await;
            Ok(answer(&database, &request))
        })
    }
}

/// Executes a request, and returns the answer as DynamoDB gives it.
#[must_use]
pub fn answer(database: &Database, request: &HttpRequest) -> HttpResponse {
    let body = request.body().bytes().unwrap_or_default();
    match execute(database, operation(request), body) {
        Ok(json) => response(200, json),
        Err(error) => response(error.status_code(), error.to_json()),
    }
}

/// Returns the name of the operation that a request asks for, such as `GetItem`.
#[must_use]
pub fn operation(request: &HttpRequest) -> &str {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default()
}

/// Returns an answer as the SDK gets it.
///
/// # Panics
/// If `status` isn't an HTTP status.
#[must_use]
pub fn response(status: u16, json: impl Into<SdkBody>) -> HttpResponse {
    let mut response = HttpResponse::new(status.try_into().expect("a status"), json.into());
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    response
}

/// Executes an operation that this project or its tests use.
///
/// # Errors
/// What the database says of the request, and `ValidationException` for any other operation.
pub fn execute(db: &Database, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
    match operation {
        "BatchExecuteStatement" => run(body, |request| db.batch_execute_statement(request)),
        "BatchGetItem" => run(body, |request| db.batch_get_item(request)),
        "BatchWriteItem" => run(body, |request| db.batch_write_item(request)),
        "CreateTable" => run(body, |request| db.create_table(request)),
        "DeleteItem" => run(body, |request| db.delete_item(request)),
        "DescribeStream" => run(body, |request| db.describe_stream(request)),
        "DescribeTable" => run(body, |request| db.describe_table(request)),
        "GetItem" => run(body, |request| db.get_item(request)),
        "GetRecords" => run(body, |request| db.get_records(request)),
        "GetShardIterator" => run(body, |request| db.get_shard_iterator(request)),
        "PutItem" => run(body, |request| db.put_item(request)),
        "Query" => run(body, |request| db.query(request)),
        "Scan" => run(body, |request| db.scan(request)),
        "TransactWriteItems" => run(body, |request| db.transact_write_items(request)),
        "UpdateItem" => run(body, |request| db.update_item(request)),
        "UpdateTable" => run(body, |request| db.update_table(request)),
        other => Err(DynoxideError::ValidationException(format!("{other} isn't executed here"))),
    }
}

fn run<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<String, DynoxideError> {
    let unreadable =
        |error: serde_json::Error| DynoxideError::SerializationException(error.to_string());
    let answer = operation(serde_json::from_slice(body).map_err(unreadable)?)?;
    Ok(serde_json::to_string(&answer).expect("an answer is JSON"))
}
