//! Counts what DynamoDB would charge.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

use super::embedded::{Embedded, operation};

/// Requests and units since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Units {
    pub requests: usize,
    pub read: f64,
    pub written: f64,
}

/// A connector that asks for every request's consumed capacity and adds it up.
#[derive(Clone, Debug)]
pub struct Meter {
    embedded: Embedded,
    units: Arc<Mutex<Units>>,
}

impl Meter {
    pub fn new(embedded: Embedded) -> Self {
        Self { embedded, units: Arc::default() }
    }

    /// The units since the last call of this.
    pub fn take(&self) -> Units {
        std::mem::take(&mut *self.units.lock().expect("no panic while counting"))
    }
}

impl HttpConnector for Meter {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let mut body: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default()).expect("JSON");
        body["ReturnConsumedCapacity"] = "TOTAL".into();
        *request.body_mut() = SdkBody::from(body.to_string());
        let response = self.embedded.call_now(&request);
        let answer: Value = serde_json::from_slice(response.body().bytes().unwrap_or_default()).expect("JSON");
        let consumed = match &answer["ConsumedCapacity"] {
            Value::Array(tables) => tables.iter().map(capacity).sum(),
            table => capacity(table),
        };
        let mut units = self.units.lock().expect("no panic while counting");
        units.requests += 1;
        match operation(&request) {
            "GetItem" | "BatchGetItem" | "Query" => units.read += consumed,
            _ => units.written += consumed,
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

fn capacity(table: &Value) -> f64 {
    table["CapacityUnits"].as_f64().unwrap_or(0.0)
}
