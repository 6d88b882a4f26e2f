//! A database that fails. It plays what can go wrong between a function and DynamoDB, as a test
//! plans it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::Frame;
use serde_json::{Value, json};

use crate::embedded::{Embedded, http_response, operation};

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The request is refused with this status and code, in words that quote it.
    Refused(u16, &'static str),
    /// The request is executed or not, and the connection is cut before an answer.
    Cut { executed: bool },
    /// The request is executed, and its answer breaks off in the middle.
    HalfAnswer,
    /// The request is executed or not, and no answer ever comes.
    Silence { executed: bool },
    /// The request is executed only after this time, whether or not anybody still waits.
    Slow(Duration),
    /// Every second part of a batch is left undone. Any other request succeeds.
    Partial,
}

/// Decides which requests go wrong, and how.
pub type Plan = Arc<dyn Fn(&HttpRequest) -> Option<Fault> + Send + Sync>;

/// A connector to a database that fails as planned.
#[derive(Clone)]
pub struct Faulty {
    embedded: Embedded,
    plan: Plan,
    /// The time that a request takes to the database, and an answer back.
    travel: Duration,
}

impl Faulty {
    pub fn new(embedded: Embedded, travel: Duration, plan: Plan) -> Self {
        Self { embedded, plan, travel }
    }
}

impl std::fmt::Debug for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Faulty")
    }
}

impl HttpConnector for Faulty {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (Self { embedded, plan: _, travel }, fault) = (self.clone(), (self.plan)(&request));
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(travel).await;
            let answer = carry_out(&embedded, request, fault).await;
            tokio::time::sleep(travel).await;
            answer
        })
    }
}

async fn carry_out(
    embedded: &Embedded,
    request: HttpRequest,
    fault: Option<Fault>,
) -> Result<HttpResponse, ConnectorError> {
    match fault {
        None => Ok(embedded.call_now(&request)),
        Some(Fault::Refused(status, code)) => Ok(refusal(&request, status, code)),
        Some(Fault::Cut { executed }) => {
            if executed {
                embedded.call_now(&request);
            }
            Err(ConnectorError::io(cut().into()))
        }
        Some(Fault::HalfAnswer) => Ok(half(&embedded.call_now(&request))),
        Some(Fault::Silence { executed }) => {
            if executed {
                embedded.call_now(&request);
            }
            std::future::pending().await
        }
        Some(Fault::Slow(delay)) => {
            let embedded = embedded.clone();
            let late = tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                embedded.call_now(&request)
            });
            late.await.map_err(|error| ConnectorError::other(error.into(), None))
        }
        Some(Fault::Partial) => Ok(partly(embedded, &request)),
    }
}

fn cut() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::ConnectionReset, "the connection was cut")
}

/// DynamoDB's messages may quote the request, so these do.
fn refusal(request: &HttpRequest, status: u16, code: &str) -> HttpResponse {
    let quoted = String::from_utf8_lossy(request.body().bytes().unwrap_or_default());
    let reasons =
        [json!({"Code": "None"}), json!({"Code": "TransactionConflict", "Message": quoted})];
    let body = json!({
        "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"),
        "message": format!("this can't be done: {quoted}"),
        "CancellationReasons": reasons,
    });
    http_response(status, SdkBody::from(body.to_string()))
}

fn half(response: &HttpResponse) -> HttpResponse {
    let whole = response.body().bytes().unwrap_or_default();
    let start = Bytes::copy_from_slice(&whole[..whole.len() / 2]);
    http_response(response.status().as_u16(), SdkBody::from_body_1_x(Half(Some(start))))
}

/// A body that breaks off.
struct Half(Option<Bytes>);

impl http_body::Body for Half {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Poll::Ready(Some(self.0.take().map(Frame::data).ok_or_else(cut)))
    }
}

/// The codes that a batch returns for a statement that is left undone.
const UNDONE: [&str; 4] = [
    "ProvisionedThroughputExceeded",
    "ThrottlingError",
    "InternalServerError",
    "TransactionConflict",
];

/// Executes every second part of a batch.
fn partly(embedded: &Embedded, request: &HttpRequest) -> HttpResponse {
    let mut body: Value =
        serde_json::from_slice(request.body().bytes().unwrap_or_default()).expect("JSON");
    let left_out = match operation(request) {
        "BatchGetItem" => keep_even(body["RequestItems"].as_object_mut().and_then(|tables| {
            let (_, keys) = tables.iter_mut().next()?;
            keys["Keys"].as_array_mut()
        })),
        "BatchExecuteStatement" => keep_even(body["Statements"].as_array_mut()),
        _ => return embedded.call_now(request),
    };
    let part = HttpRequest::try_clone(request).map(|mut part| {
        *part.body_mut() = SdkBody::from(body.to_string());
        part
    });
    let answered = embedded.call_now(&part.expect("a request of bytes can be copied"));
    let mut answer: Value =
        serde_json::from_slice(answered.body().bytes().unwrap_or_default()).expect("JSON");
    if operation(request) == "BatchGetItem" {
        let tables = body["RequestItems"].as_object_mut().expect("tables");
        tables.values_mut().for_each(|keys| keys["Keys"] = Value::Array(left_out.clone()));
        answer["UnprocessedKeys"] =
            Value::Object(if left_out.is_empty() { Default::default() } else { tables.clone() });
    } else if let Some(responses) = answer["Responses"].as_array_mut() {
        for place in 0..left_out.len() {
            let code = UNDONE[place % UNDONE.len()];
            responses.insert(
                2 * place + 1,
                json!({"Error": {"Code": code, "Message": left_out[place].to_string()}}),
            );
        }
    }
    http_response(200, SdkBody::from(answer.to_string()))
}

/// Removes the parts at odd places, and returns them.
fn keep_even(parts: Option<&mut Vec<Value>>) -> Vec<Value> {
    let Some(parts) = parts else { return vec![] };
    let (even, odd): (Vec<_>, Vec<_>) =
        parts.drain(..).enumerate().partition(|(place, _)| place % 2 == 0);
    *parts = even.into_iter().map(|(_, part)| part).collect();
    odd.into_iter().map(|(_, part)| part).collect()
}
