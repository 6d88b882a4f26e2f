//! Counts what DynamoDB would charge.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

use crate::embedded::{Embedded, operation};
use crate::rules;

/// Requests, units and bytes since the last call of [`Meter::take`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Units {
    pub requests: usize,
    /// Read units, worked out from the items' sizes.
    pub read: f64,
    /// Write units, worked out from the items' sizes.
    pub written: f64,
    /// Bytes of the requests' and answers' bodies.
    pub bytes: usize,
    /// Units that the database's own answers report, reads and writes together.
    pub answered: f64,
}

/// A connector that works out what each request costs, also asks the database, and adds up both.
#[derive(Clone, Debug)]
pub struct Meter {
    embedded: Embedded,
    units: Arc<Mutex<Units>>,
}

impl Meter {
    pub fn new(embedded: Embedded) -> Self {
        Self { embedded, units: Arc::default() }
    }

    /// Returns the units since the last call.
    pub fn take(&self) -> Units {
        std::mem::take(&mut *self.units.lock().expect("no panic while counting"))
    }
}

impl HttpConnector for Meter {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let operation = operation(&request).to_owned();
        let sent = request.body().bytes().unwrap_or_default();
        let sent_bytes = sent.len();
        let mut body: Value = serde_json::from_slice(sent).expect("JSON");
        body["ReturnConsumedCapacity"] = "TOTAL".into();
        *request.body_mut() = SdkBody::from(body.to_string());
        let before = rules::before(&self.embedded, &operation, &body);
        let response = self.embedded.call_now(&request);
        let received = response.body().bytes().unwrap_or_default();
        let answer: Value = serde_json::from_slice(received).expect("JSON");
        let consumed = match &answer["ConsumedCapacity"] {
            Value::Array(tables) => tables.iter().map(capacity).sum(),
            table => capacity(table),
        };
        let mut units = self.units.lock().expect("no panic while counting");
        units.requests += 1;
        units.read += rules::read_units(&operation, &body, &answer);
        units.written += rules::write_units(&self.embedded, before);
        units.bytes += sent_bytes + received.len();
        units.answered += consumed;
        HttpConnectorFuture::ready(Ok(response))
    }
}

fn capacity(table: &Value) -> f64 {
    table["CapacityUnits"].as_f64().unwrap_or(0.0)
}
