//! The units that a request of DynamoDB takes: asking for them, and reading them in the answer.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde::Deserialize;

/// Which kind of units an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Read,
    Write,
}

/// Returns which kind of units an operation takes. Those that don't work on items take none.
#[must_use]
pub fn kind(operation: &str) -> Option<Kind> {
    match operation {
        "GetItem" | "BatchGetItem" | "Query" | "Scan" | "TransactGetItems" => Some(Kind::Read),
        // The store's statements all write.
        "PutItem"
        | "UpdateItem"
        | "DeleteItem"
        | "BatchWriteItem"
        | "TransactWriteItems"
        | "BatchExecuteStatement" => Some(Kind::Write),
        _ => None,
    }
}

/// Adds to a request that the answer is to say what it took, unless it says something of that itself.
/// The body isn't parsed, because each call of the database comes through here.
pub fn ask(request: &mut HttpRequest) {
    let body = request.body().bytes().and_then(|body| std::str::from_utf8(body).ok());
    let Some(body) = body.and_then(with_question) else { return };
    request.headers_mut().insert("content-length", body.len().to_string());
    *request.body_mut() = SdkBody::from(body);
}

/// Returns the body of a request with the question for what it takes.
fn with_question(body: &str) -> Option<String> {
    let fields = body.strip_prefix('{')?;
    let comma = if fields.starts_with('}') { "" } else { "," };
    let is_asked = body.contains("\"ReturnConsumedCapacity\"");
    (!is_asked).then(|| format!("{{\"ReturnConsumedCapacity\":\"TOTAL\"{comma}{fields}"))
}

/// What a request took of one table.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Consumed {
    #[serde(rename = "TableName")]
    pub table: Option<String>,
    #[serde(rename = "CapacityUnits")]
    pub units: f64,
}

/// The part of an answer that says what the request took.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "ConsumedCapacity")]
    consumed: OneOrEach,
}

/// Operations that work on several tables tell of each, others of the one.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrEach {
    Each(Vec<Consumed>),
    One(Consumed),
}

/// Reads in the body of an answer what the request took of each table. An answer that doesn't say it,
/// such as an error, says nothing.
#[must_use]
pub fn consumed(body: &[u8]) -> Vec<Consumed> {
    match serde_json::from_slice(body) {
        Ok(Answer { consumed: OneOrEach::Each(tables) }) => tables,
        Ok(Answer { consumed: OneOrEach::One(table) }) => vec![table],
        Err(_) => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_asks_once_for_what_it_takes() {
        for (body, asking) in [
            ("{}", Some(r#"{"ReturnConsumedCapacity":"TOTAL"}"#)),
            (r#"{"TableName":"T"}"#, Some(r#"{"ReturnConsumedCapacity":"TOTAL","TableName":"T"}"#)),
            (r#"{"ReturnConsumedCapacity":"TOTAL"}"#, None),
            ("", None),
            ("[]", None),
        ] {
            assert_eq!(with_question(body).as_deref(), asking, "{body}");
        }
    }

    #[test]
    fn what_a_request_took_is_read_for_one_table_or_for_each() {
        let of = |table: &str, units| Consumed { table: Some(table.to_owned()), units };
        for (body, expected) in [
            (
                r#"{"Items":[],"ConsumedCapacity":{"TableName":"T","CapacityUnits":1.5}}"#,
                vec![of("T", 1.5)],
            ),
            (
                r#"{"ConsumedCapacity":[{"TableName":"T","CapacityUnits":2},
                    {"TableName":"U","CapacityUnits":3.0,"WriteCapacityUnits":3.0}]}"#,
                vec![of("T", 2.0), of("U", 3.0)],
            ),
            ("{}", vec![]),
            (r#"{"__type":"ConditionalCheckFailedException"}"#, vec![]),
            ("", vec![]),
        ] {
            assert_eq!(consumed(body.as_bytes()), expected, "{body}");
        }
    }
}
