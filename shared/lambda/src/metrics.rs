//! Metrics in CloudWatch's embedded metric format: a line of JSON on standard output, which
//! CloudWatch turns into metrics. It holds counts and durations only.
//!
//! The alarms and the dashboard of `template.yaml` use the same namespace and names; a test
//! compares them.

use std::io::Write;

use serde_json::{Value, json};

use model::{Clock, SystemClock};
use protocol::{JoinReport, PushReport};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "AddressBook";
/// The dimension of the metrics of an invocation: the function's name, which tells one stack from
/// another.
const DIMENSION: &str = "FunctionName";
/// How many public ids no process has drawn yet. Its dimension is the name of the table that has the
/// counter, since several functions draw ids.
pub const IDS_LEFT: &str = "IdsLeft";

/// A metric: its name, unit and value.
pub type Metric = (&'static str, &'static str, u64);

/// A report of an invocation, as metrics.
pub trait Metrics: Default + PartialEq {
    /// Returns the metrics of this report.
    fn metrics(&self) -> Vec<Metric>;
}

/// What requests of the API came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HttpReport {
    /// How many were refused with 401.
    pub unauthorized: usize,
}

impl Metrics for HttpReport {
    fn metrics(&self) -> Vec<Metric> {
        counts([("Unauthorized", self.unauthorized)])
    }
}

impl Metrics for JoinReport {
    fn metrics(&self) -> Vec<Metric> {
        let Self { joins, overtaken: _, books, split: _, recipients } = *self;
        counts([("Joins", joins), ("BooksTold", books), ("Recipients", recipients)])
    }
}

impl Metrics for PushReport {
    fn metrics(&self) -> Vec<Metric> {
        let Self { sent, gone, refused, throttled, unavailable, disabled_applications, slowest_ms } =
            *self;
        let mut metrics = counts([
            ("PushesSent", sent),
            ("PushesDisabled", gone),
            ("PushesThrottled", throttled),
            ("PushesUnavailable", unavailable),
            ("PushesRefused", refused),
            ("ApplicationsDisabled", disabled_applications),
        ]);
        metrics.extend(slowest_ms.map(|delay| ("JoinToPushDelay", "Milliseconds", delay)));
        metrics
    }
}

fn counts<const N: usize>(counts: [(&'static str, usize); N]) -> Vec<Metric> {
    counts.into_iter().map(|(name, count)| (name, "Count", count as u64)).collect()
}

/// Prints the metrics of one invocation, unless it did nothing. Returns the invocation's answer.
pub fn emitted<A>((answer, report): (A, impl Metrics), function_name: &str) -> A {
    emit(&report, function_name);
    answer
}

/// Prints the metrics of one invocation, unless it did nothing.
pub fn emit<R: Metrics>(report: &R, function_name: &str) {
    if *report == R::default() {
        return;
    }
    print(&embedded(&report.metrics(), DIMENSION, function_name, SystemClock.now_ms()));
}

/// Prints how many public ids are left in the counter of `users_table`.
pub fn emit_ids_left(left: u64, users_table: &str) {
    let metrics = [(IDS_LEFT, "Count", left)];
    print(&embedded(&metrics, "TableName", users_table, SystemClock.now_ms()));
}

fn print(line: &Value) {
    // If standard output can't be written, there is nowhere to say so.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn embedded(metrics: &[Metric], dimension: &str, value_of_dimension: &str, now_ms: u64) -> Value {
    let definitions: Vec<_> =
        metrics.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    let directive =
        json!({ "Namespace": NAMESPACE, "Dimensions": [[dimension]], "Metrics": definitions });
    let mut line = json!({ "_aws": { "Timestamp": now_ms, "CloudWatchMetrics": [directive] }, dimension: value_of_dimension });
    for (name, _, value) in metrics {
        line[*name] = (*value).into();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(function: &str, definitions: &[Value], values: &Value) -> Value {
        let mut line = json!({
            "_aws": {"Timestamp": 1_795_485_472_000_u64, "CloudWatchMetrics": [{
                "Namespace": "AddressBook", "Dimensions": [["FunctionName"]], "Metrics": definitions,
            }]},
            "FunctionName": function,
        });
        let values = values.as_object().expect("values").clone();
        line.as_object_mut().expect("a line").extend(values);
        line
    }

    fn count(name: &str) -> Value {
        json!({ "Name": name, "Unit": "Count" })
    }

    #[test]
    fn a_line_declares_each_metric_and_gives_its_value() {
        let joins = JoinReport { joins: 1, books: 3, recipients: 2, ..JoinReport::default() };
        assert_eq!(
            embedded(&joins.metrics(), DIMENSION, "join-push", 1_795_485_472_000),
            line_of(
                "join-push",
                &["Joins", "BooksTold", "Recipients"].map(count),
                &json!({"Joins": 1, "BooksTold": 3, "Recipients": 2}),
            )
        );
        let pushes = PushReport { sent: 2, slowest_ms: Some(812), ..PushReport::default() };
        let names = [
            "PushesSent",
            "PushesDisabled",
            "PushesThrottled",
            "PushesUnavailable",
            "PushesRefused",
            "ApplicationsDisabled",
        ];
        let delay = json!({"Name": "JoinToPushDelay", "Unit": "Milliseconds"});
        assert_eq!(
            embedded(&pushes.metrics(), DIMENSION, "push", 1_795_485_472_000),
            line_of(
                "push",
                &[&names.map(count)[..], &[delay]].concat(),
                &json!({
                    "PushesSent": 2, "PushesDisabled": 0, "PushesThrottled": 0, "PushesUnavailable": 0,
                    "PushesRefused": 0, "ApplicationsDisabled": 0, "JoinToPushDelay": 812,
                }),
            )
        );
    }

    #[test]
    fn without_a_push_there_is_no_delay() {
        let report = PushReport { gone: 1, ..PushReport::default() };
        let line = embedded(&report.metrics(), DIMENSION, "push", 0);
        assert_eq!(line.get("JoinToPushDelay"), None);
    }
}
