//! What AWS charges for a request, worked out from the sizes of its items. The rules are those of
//! the developer guide's "DynamoDB read and write operations" and "DynamoDB item sizes and
//! formats".

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::embedded::Embedded;

/// Bytes of one write unit.
const WRITE_BYTES: usize = 1024;
/// Bytes of one strongly consistent read unit, and of two eventually consistent ones.
const READ_BYTES: usize = 4096;
/// The factor by which a transaction's units count.
const TRANSACTIONAL: f64 = 2.0;

/// An item that a request writes or checks.
struct Written {
    table: String,
    key: Value,
    factor: f64,
}

/// The items that a request is about to write, as they are before it.
pub struct Before(Vec<(Written, Option<Value>)>);

/// Returns the bytes of an item: its names and its values.
pub fn item_size(item: &Value) -> usize {
    let attributes = item.as_object().into_iter().flatten();
    attributes.map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &Value) -> usize {
    let Some((kind, value)) = value.as_object().and_then(|value| value.iter().next()) else {
        return 0;
    };
    let text = value.as_str().unwrap_or_default();
    match kind.as_str() {
        "S" => text.len(),
        // One byte for every two significant digits, and one more.
        "N" => text.trim_matches('0').len().div_ceil(2) + 1,
        "B" => STANDARD.decode(text).expect("DynamoDB's JSON holds base64").len(),
        "BOOL" | "NULL" => 1,
        other => panic!("no table here holds a {other}"),
    }
}

/// Returns the primary key of a table, ours or one of the designs that we compare with.
fn key_of(table: &str) -> &'static [&'static str] {
    match table {
        "AddressBooks" => &["user_id", "book"],
        "ContactOwners" => &["phone", "owner"],
        "Users" => &["key"],
        "Subscriptions" => &["pk", "sk"],
        "Claims" => &["recipient", "claim"],
        "Budgets" => &["payer"],
        "BaselineContacts" | "PlainContacts" => &["user_id", "phone"],
        "BaselineUsers" => &["phone"],
        other => panic!("the key of {other} isn't known"),
    }
}

/// Returns whether the table has an index that holds all of each item. Only the usual design's
/// table has one, on the phone.
fn is_indexed(table: &str) -> bool {
    table == "BaselineContacts"
}

/// Returns the items that `operation` is about to write.
pub fn before(embedded: &Embedded, operation: &str, body: &Value) -> Before {
    let found = written(operation, body).into_iter().map(|write| {
        let item = embedded.item(&write.table, &write.key);
        (write, item)
    });
    Before(found.collect())
}

/// Returns the write units. Each item counts with the larger of its sizes before and after, rounded
/// up to whole units.
pub fn write_units(embedded: &Embedded, Before(writes): Before) -> f64 {
    let units = |item: &Value| item_size(item).div_ceil(WRITE_BYTES) as f64;
    let charged = |(write, before): (Written, Option<Value>)| {
        let after = embedded.item(&write.table, &write.key);
        let sizes = [&before, &after].map(|item| item.as_ref().map_or(0.0, units));
        let table = sizes[0].max(sizes[1]).max(1.0);
        let index = if is_indexed(&write.table) && before != after { table } else { 0.0 };
        write.factor * (table + index)
    };
    writes.into_iter().map(charged).sum()
}

fn written(operation: &str, body: &Value) -> Vec<Written> {
    let write = |table: &Value, key: &Value, factor| Written {
        table: table.as_str().expect("a table has a name").to_owned(),
        key: key.clone(),
        factor,
    };
    let put = |table: &Value, item: &Value, factor| {
        let names = key_of(table.as_str().expect("a table has a name"));
        let key: serde_json::Map<_, _> =
            names.iter().map(|name| ((*name).to_owned(), item[*name].clone())).collect();
        write(table, &key.into(), factor)
    };
    match operation {
        "PutItem" => vec![put(&body["TableName"], &body["Item"], 1.0)],
        "UpdateItem" | "DeleteItem" => vec![write(&body["TableName"], &body["Key"], 1.0)],
        "BatchExecuteStatement" => list(&body["Statements"]).map(statement).collect(),
        "TransactWriteItems" => list(&body["TransactItems"])
            .filter_map(|item| item.as_object()?.iter().next())
            .map(|(kind, action)| match kind.as_str() {
                "Put" => put(&action["TableName"], &action["Item"], TRANSACTIONAL),
                _ => write(&action["TableName"], &action["Key"], TRANSACTIONAL),
            })
            .collect(),
        "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            let requests = tables
                .flat_map(|(table, requests)| list(requests).map(move |request| (table, request)));
            requests
                .map(|(table, request)| match request.get("PutRequest") {
                    Some(request) => put(&table.as_str().into(), &request["Item"], 1.0),
                    None => write(&table.as_str().into(), &request["DeleteRequest"]["Key"], 1.0),
                })
                .collect()
        }
        _ => vec![],
    }
}

/// Returns what one of our statements writes. Its table is in quotes. Its first parameters are the
/// key, after the new value of an UPDATE.
fn statement(statement: &Value) -> Written {
    let text = statement["Statement"].as_str().expect("a statement is a text");
    let table = text.split('"').nth(1).expect("a table in quotes");
    let parameters = list(&statement["Parameters"]).skip(usize::from(text.starts_with("UPDATE")));
    let key: serde_json::Map<_, _> =
        key_of(table).iter().map(|name| (*name).to_owned()).zip(parameters.cloned()).collect();
    Written { table: table.to_owned(), key: key.into(), factor: 1.0 }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Returns the read units. GetItem and BatchGetItem round each item up, Query rounds up the sum. An
/// item that isn't there costs as much as the smallest item.
pub fn read_units(operation: &str, body: &Value, answer: &Value) -> f64 {
    let rounded = |bytes: usize, consistent: &Value| {
        let units = bytes.div_ceil(READ_BYTES).max(1) as f64;
        if consistent == &Value::Bool(true) { units } else { units / 2.0 }
    };
    match operation {
        "GetItem" => rounded(item_size(&answer["Item"]), &body["ConsistentRead"]),
        "Query" => rounded(list(&answer["Items"]).map(item_size).sum(), &body["ConsistentRead"]),
        "BatchGetItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            let charged = tables.map(|(table, request)| {
                let found = list(&answer["Responses"][table]);
                let sizes: Vec<usize> = found.map(item_size).collect();
                let missing = list(&request["Keys"]).count() - sizes.len();
                let sizes = sizes.into_iter().chain(std::iter::repeat_n(0, missing));
                sizes.map(|size| rounded(size, &request["ConsistentRead"])).sum::<f64>()
            });
            charged.sum()
        }
        _ => 0.0,
    }
}
