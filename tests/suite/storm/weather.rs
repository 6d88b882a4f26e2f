//! Decides when calls fail, and how.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use support::embedded::operation;
use support::faults::Fault;

/// How many calls fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forecast {
    /// No call.
    Calm,
    /// One call in twelve.
    Showers,
    /// Three calls in four.
    Storm,
}

struct State {
    random: fastrand::Rng,
    forecast: Forecast,
    /// Faults while setting the mark of a push that was sent.
    lost_marks: usize,
    /// Faults by name.
    faults: BTreeMap<String, usize>,
}

/// Decides about every call, under a seed.
#[derive(Clone)]
pub struct Weather(Arc<Mutex<State>>);

impl Weather {
    pub fn new(seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        Self(Arc::new(Mutex::new(State {
            random,
            forecast: Forecast::Calm,
            lost_marks: 0,
            faults: BTreeMap::new(),
        })))
    }

    pub fn set(&self, forecast: Forecast) {
        self.0.lock().expect("no panic").forecast = forecast;
    }

    /// Changes from showers to a storm and back until it is aborted.
    pub async fn change(self) {
        loop {
            for (forecast, seconds) in [(Forecast::Showers, 20), (Forecast::Storm, 8)] {
                self.set(forecast);
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
        }
    }

    /// Returns a number below `bound` if the call is to go wrong.
    pub fn strikes(&self, bound: usize) -> Option<usize> {
        let mut state = self.0.lock().expect("no panic");
        let strikes = match state.forecast {
            Forecast::Calm => false,
            Forecast::Showers => state.random.usize(..12) == 0,
            Forecast::Storm => state.random.usize(..4) != 0,
        };
        strikes.then(|| state.random.usize(..bound))
    }

    /// Returns what goes wrong with a request to DynamoDB.
    pub fn fault(&self, request: &HttpRequest) -> Option<Fault> {
        let fault = match self.strikes(14)? {
            0 => Fault::Refused(400, "ProvisionedThroughputExceededException"),
            1 => Fault::Refused(400, "ThrottlingException"),
            2 => Fault::Refused(400, "RequestLimitExceeded"),
            3 => Fault::Refused(500, "InternalServerError"),
            4 => Fault::Refused(503, "ServiceUnavailable"),
            5 => Fault::Cut { executed: false },
            6 => Fault::Cut { executed: true },
            7 => Fault::HalfAnswer,
            8 => Fault::Silence { executed: false },
            9 => Fault::Silence { executed: true },
            10 => Fault::Slow(self.up_to(Duration::from_secs(12))),
            11 | 12 => Fault::Partial,
            _ => conflict(operation(request)),
        };
        let name = format!("{fault:?}");
        let name = name.split_once("Slow").map_or(name.as_str(), |_| "Slow").to_owned();
        let mut state = self.0.lock().expect("no panic");
        *state.faults.entry(name).or_default() += 1;
        state.lost_marks += usize::from(sets_mark(request));
        Some(fault)
    }

    pub fn lost_marks(&self) -> usize {
        self.0.lock().expect("no panic").lost_marks
    }

    pub fn up_to(&self, most: Duration) -> Duration {
        most.mul_f64(self.0.lock().expect("no panic").random.f64())
    }

    pub fn summary(&self) -> String {
        format!("faults {:?}", self.0.lock().expect("no panic").faults)
    }
}

/// Returns whether a request marks a push as sent.
fn sets_mark(request: &HttpRequest) -> bool {
    let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default());
    operation(request) == "UpdateItem"
        && body.contains(&format!("\"{}\"", local::tables().claims))
        && body.contains("SET settled")
}

/// Returns what another transaction on the same item does to a write.
fn conflict(operation: &str) -> Fault {
    match operation {
        "TransactWriteItems" => Fault::Refused(400, "TransactionCanceledException"),
        "PutItem" => Fault::Refused(400, "TransactionConflictException"),
        _ => Fault::Partial,
    }
}
