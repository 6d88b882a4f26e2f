//! What DynamoDB's time to live does: items whose time is over are deleted.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value};

use crate::schema::layouts;

/// The attribute that says when an item's time is over, as `template.yaml` names it.
const EXPIRES_AT: &str = "expires_at";

/// Deletes the items whose time is over. Returns how many there were in each table that had any.
pub(crate) async fn delete_expired(
    client: &Client,
    now_seconds: u64,
) -> Result<Map<String, Value>, aws_sdk_dynamodb::Error> {
    let now = AttributeValue::N(now_seconds.to_string());
    let mut deleted = Map::new();
    for (table, keys, _) in layouts() {
        let mut pages = client
            .scan()
            .table_name(&table)
            .consistent_read(true)
            .filter_expression(format!("{EXPIRES_AT} <= :now"))
            .expression_attribute_values(":now", now.clone())
            .into_paginator()
            .items()
            .send();
        let mut count = 0;
        while let Some(mut item) = pages.try_next().await? {
            let key = keys.iter().filter_map(|key| item.remove_entry(*key)).collect();
            // Somebody may have used the item since, and postponed its end.
            let sent = client
                .delete_item()
                .table_name(&table)
                .set_key(Some(key))
                .condition_expression(format!("{EXPIRES_AT} <= :now"))
                .expression_attribute_values(":now", now.clone())
                .send()
                .await;
            match sent {
                Ok(_) => count += 1,
                Err(error) if is_used(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if count > 0 {
            deleted.insert(table, count.into());
        }
    }
    Ok(deleted)
}

fn is_used<R>(error: &SdkError<DeleteItemError, R>) -> bool {
    error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception)
}
