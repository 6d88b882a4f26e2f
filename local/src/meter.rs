//! What the embedded database is asked for, and what it would cost in DynamoDB.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde::Serialize;
use serde_json::Value;

use crate::book_writes::BookWrite;
use crate::units::{self, Consumed, Kind};

tokio::task_local! {
    /// The calls of the work that this task does, if anybody wants to know.
    static CALLS: Arc<Mutex<Vec<DatabaseCall>>>;
}

/// A call of the database, with what DynamoDB charges for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct DatabaseCall {
    operation: String,
    /// The tables, in the order in which the answer names them.
    tables: Vec<String>,
    /// Read or write units, whichever the operation takes.
    units: f64,
    writes: bool,
    /// The book that it wrote, if it wrote one.
    #[serde(skip)]
    pub(crate) book: Option<BookWrite>,
}

/// Does `work`, and returns also the calls of the database that it made.
pub(crate) async fn metered<T>(work: impl Future<Output = T>) -> (T, Vec<DatabaseCall>) {
    let calls = Arc::new(Mutex::new(vec![]));
    let done = CALLS.scope(Arc::clone(&calls), work).await;
    let calls = std::mem::take(&mut *calls.lock().unwrap_or_else(PoisonError::into_inner));
    (done, calls)
}

/// Returns a client that notes the calls of [`metered`] work, and else does as `client`.
pub(crate) fn noting(client: SharedHttpClient) -> SharedHttpClient {
    http_client_fn(move |settings, components| {
        SharedHttpConnector::new(Noting(client.http_connector(settings, components)))
    })
}

#[derive(Debug)]
struct Noting(SharedHttpConnector);

impl HttpConnector for Noting {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let Ok(calls) = CALLS.try_with(Arc::clone) else { return self.0.call(request) };
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let asked = may_write_book(&operation, &request);
        units::ask(&mut request);
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let (response, consumed) = with_units(answer.await?).await?;
            // A write that was refused has written nothing.
            let asked = asked.filter(|_| response.status().is_success());
            let call = DatabaseCall {
                book: asked.and_then(|asked| BookWrite::of(&operation, &asked, &consumed)),
                writes: units::kind(&operation) == Some(Kind::Write),
                operation,
                units: consumed.iter().map(|one| one.units).sum(),
                tables: consumed.into_iter().filter_map(|one| one.table).collect(),
            };
            calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
            Ok(response)
        })
    }
}

/// Returns the body of a request that may write a book. Others aren't parsed.
fn may_write_book(operation: &str, request: &HttpRequest) -> Option<Value> {
    let is_write =
        matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems");
    let body = request.body().bytes().filter(|_| is_write)?;
    serde_json::from_slice(body).ok()
}

/// Returns the response as it was, and what it says was consumed, for each table.
async fn with_units(
    mut response: HttpResponse,
) -> Result<(HttpResponse, Vec<Consumed>), ConnectorError> {
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    let read = ByteStream::new(body).collect().await;
    let bytes = read.map_err(|error| ConnectorError::io(error.into()))?.into_bytes();
    let consumed = units::consumed(&bytes);
    *response.body_mut() = SdkBody::from(bytes);
    Ok((response, consumed))
}
