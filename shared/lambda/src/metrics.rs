//! Metrics in CloudWatch's embedded metric format: a line of JSON on standard output, which
//! CloudWatch turns into metrics. It holds counts and durations only.
//!
//! The alarms and the dashboard of `template.yaml` use the same namespace and names; a test
//! compares them.

use std::io::Write;

use serde_json::{Value, json};

use model::{Clock, SystemClock};
use protocol::JoinReport;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "AddressBook";
/// The dimension of the metrics of an invocation: the function's name, which tells one stack from
/// another.
const DIMENSION: &str = "FunctionName";
/// How many public ids no process has drawn yet. Its dimension is the name of the table that has the
/// counter, since several functions draw ids.
pub const IDS_LEFT: &str = "IdsLeft";

/// Prints the metrics of one invocation of join-push, unless it did nothing.
pub fn emit(report: &JoinReport, function_name: &str) {
    if *report == JoinReport::default() {
        return;
    }
    print(&embedded(&metrics(report), DIMENSION, function_name, SystemClock.now_ms()));
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

/// Returns the metrics of a report: name, unit, value.
#[must_use]
pub fn metrics(report: &JoinReport) -> Vec<(&'static str, &'static str, u64)> {
    let JoinReport {
        joins,
        books,
        split: _,
        recipients,
        sent,
        gone,
        refused,
        throttled,
        unavailable,
        slowest_ms,
    } = *report;
    let counts = [
        ("Joins", joins),
        ("BooksTold", books),
        ("Recipients", recipients),
        ("PushesSent", sent),
        ("PushesDisabled", gone),
        ("PushesThrottled", throttled),
        ("PushesUnavailable", unavailable),
        ("PushesRefused", refused),
    ];
    let mut metrics: Vec<_> =
        counts.into_iter().map(|(name, count)| (name, "Count", count as u64)).collect();
    metrics.extend(slowest_ms.map(|delay| ("JoinToPushDelay", "Milliseconds", delay)));
    metrics
}

fn embedded(
    metrics: &[(&'static str, &'static str, u64)],
    dimension: &str,
    value_of_dimension: &str,
    now_ms: u64,
) -> Value {
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

    #[test]
    fn a_line_declares_each_metric_and_gives_its_value() {
        let report = JoinReport {
            joins: 1,
            books: 3,
            recipients: 2,
            sent: 2,
            slowest_ms: Some(812),
            ..JoinReport::default()
        };
        let line = embedded(&metrics(&report), DIMENSION, "join-push", 1_795_485_472_000);
        let count = |name: &str| json!({ "Name": name, "Unit": "Count" });
        assert_eq!(
            line,
            json!({
                "_aws": {"Timestamp": 1_795_485_472_000_u64, "CloudWatchMetrics": [{
                    "Namespace": "AddressBook",
                    "Dimensions": [["FunctionName"]],
                    "Metrics": [
                        count("Joins"), count("BooksTold"), count("Recipients"), count("PushesSent"),
                        count("PushesDisabled"), count("PushesThrottled"), count("PushesUnavailable"),
                        count("PushesRefused"), {"Name": "JoinToPushDelay", "Unit": "Milliseconds"},
                    ],
                }]},
                "FunctionName": "join-push",
                "Joins": 1, "BooksTold": 3, "Recipients": 2, "PushesSent": 2, "PushesDisabled": 0,
                "PushesThrottled": 0, "PushesUnavailable": 0, "PushesRefused": 0, "JoinToPushDelay": 812,
            })
        );
    }

    #[test]
    fn without_a_push_there_is_no_delay() {
        let report = JoinReport { books: 1, ..JoinReport::default() };
        let line = embedded(&metrics(&report), DIMENSION, "join-push", 0);
        assert_eq!(line.get("JoinToPushDelay"), None);
    }
}
