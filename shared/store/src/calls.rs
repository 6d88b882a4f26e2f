//! Calls: one way each to get, query, put, update and delete items, and to write them in a
//! transaction.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::error::StoreError;
use crate::item::Attributes;
use crate::store::Store;
use crate::tables::Table;
use crate::write::{Condition, Outcome, Write};

impl Store {
    /// Reads the item of `key`, with one strongly consistent GetItem.
    pub(crate) async fn get(
        &self,
        table: Table,
        key: Attributes,
    ) -> Result<Option<Attributes>, StoreError> {
        let sent = self
            .client
            .get_item()
            .table_name(self.tables.name(table))
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await;
        Ok(sent.map_err(|error| StoreError::call("GetItem", table, &error))?.item)
    }

    /// Begins a strongly consistent Query for the items of one partition.
    pub(crate) fn query(
        &self,
        table: Table,
        partition: &str,
        value: AttributeValue,
    ) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(self.tables.name(table))
            .key_condition_expression(format!("{partition} = :partition"))
            .expression_attribute_values(":partition", value)
            .consistent_read(true)
    }

    /// Reads all items of one partition.
    pub(crate) async fn query_all(
        &self,
        table: Table,
        partition: &str,
        value: AttributeValue,
    ) -> Result<Vec<Attributes>, StoreError> {
        let mut pages = self.query(table, partition, value).into_paginator().send();
        let mut items = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::call("Query", table, &error))?;
            items.extend(page.items.unwrap_or_default());
        }
        Ok(items)
    }

    /// Puts `item` if `condition` holds for the item that has its key now.
    pub(crate) async fn put(
        &self,
        table: Table,
        item: Attributes,
        condition: Condition,
    ) -> Result<Outcome, StoreError> {
        let (expression, values) = condition.into_parts();
        let sent = self
            .client
            .put_item()
            .table_name(self.tables.name(table))
            .set_item(Some(item))
            .set_condition_expression(expression)
            .set_expression_attribute_values(values)
            .send()
            .await;
        outcome("PutItem", table, sent)
    }

    /// Updates the item of `key` with `expression` if `condition` holds for it. The condition's
    /// values are used in both expressions.
    pub(crate) async fn update(
        &self,
        table: Table,
        key: Attributes,
        expression: &str,
        condition: Condition,
    ) -> Result<Outcome, StoreError> {
        let (required, values) = condition.into_parts();
        let sent = self
            .client
            .update_item()
            .table_name(self.tables.name(table))
            .set_key(Some(key))
            .update_expression(expression)
            .set_condition_expression(required)
            .set_expression_attribute_values(values)
            .send()
            .await;
        outcome("UpdateItem", table, sent)
    }

    /// Deletes the item of `key` if `condition` holds for it.
    pub(crate) async fn delete(
        &self,
        table: Table,
        key: Attributes,
        condition: Condition,
    ) -> Result<Outcome, StoreError> {
        let (expression, values) = condition.into_parts();
        let sent = self
            .client
            .delete_item()
            .table_name(self.tables.name(table))
            .set_key(Some(key))
            .set_condition_expression(expression)
            .set_expression_attribute_values(values)
            .send()
            .await;
        outcome("DeleteItem", table, sent)
    }

    /// Makes all of `writes`, or none. Returns a conflict if a condition doesn't hold, or if
    /// another transaction is working on one of the items.
    pub(crate) async fn transact(&self, writes: Vec<Write>) -> Result<Outcome, StoreError> {
        const OPERATION: &str = "TransactWriteItems";
        let tables: Vec<Table> = writes.iter().map(|write| write.table).collect();
        let first = tables[0];
        let items = writes.into_iter().map(|write| write.into_transact_item(&self.tables));
        let request = self.client.transact_write_items().set_transact_items(Some(items.collect()));
        let Err(error) = request.send().await else { return Ok(Outcome::Done) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                let codes = canceled.cancellation_reasons().iter().map(|reason| reason.code());
                let fatal = codes.zip(&tables).find_map(|(code, table)| match code {
                    None | Some("None" | "ConditionalCheckFailed" | "TransactionConflict") => None,
                    Some(code) => Some(StoreError::coded(OPERATION, *table, code)),
                });
                fatal.map_or(Ok(Outcome::Conflict), Err)
            }
            Some(service) if service.code() == Some("TransactionInProgressException") => {
                Ok(Outcome::Conflict)
            }
            _ => Err(StoreError::call(OPERATION, first, &error)),
        }
    }
}

/// Returns how a conditional write ended.
fn outcome<T, E: ProvideErrorMetadata, R>(
    operation: &'static str,
    table: Table,
    sent: Result<T, SdkError<E, R>>,
) -> Result<Outcome, StoreError> {
    match sent {
        Ok(_) => Ok(Outcome::Done),
        Err(error) if is_lost(&error) => Ok(Outcome::Conflict),
        Err(error) => Err(StoreError::call(operation, table, &error)),
    }
}

/// Returns whether a write lost against another one: its condition doesn't hold any more, or a
/// transaction is working on the item.
fn is_lost<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    matches!(code, Some("ConditionalCheckFailedException" | "TransactionConflictException"))
}
