//! Reads everything that is stored in the tables, and searches it as a curious reader would.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use local::tables;

pub type Item = HashMap<String, AttributeValue>;

/// Returns all items of all tables, each with its table's name.
pub async fn scan(client: &Client) -> Vec<(String, Item)> {
    let mut dump = vec![];
    for (_, table) in tables().each() {
        let mut pages = client.scan().table_name(table).into_paginator().send();
        while let Some(page) = pages.next().await {
            let items = page.expect("a page").items.unwrap_or_default();
            dump.extend(items.into_iter().map(|item| (table.clone(), item)));
        }
    }
    dump
}

/// Returns whether any text or bytes of the item contain `mark`.
pub fn contains(item: &Item, mark: &str) -> bool {
    item.iter().any(|(name, value)| name.contains(mark) || value_contains(value, mark))
}

fn value_contains(value: &AttributeValue, mark: &str) -> bool {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.contains(mark),
        AttributeValue::B(bytes) => {
            bytes.as_ref().windows(mark.len()).any(|window| window == mark.as_bytes())
        }
        AttributeValue::Bool(_) | AttributeValue::Null(_) => false,
        other => panic!("no item has such an attribute: {other:?}"),
    }
}
