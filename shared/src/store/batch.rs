//! Calls that take many items at once, and all that they leave undone.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementErrorCodeEnum, BatchStatementRequest, KeysAndAttributes, TransactWriteItem,
};
use futures::stream::{self, StreamExt, TryStreamExt};

use super::error::{StoreError, is_throttling};
use super::item::Attributes;
use super::{Backoff, Outcome, Store};

/// Most statements of one BatchExecuteStatement (AWS limit).
const STATEMENTS_PER_CALL: usize = 25;
/// Most keys of one BatchGetItem (AWS limit).
const KEYS_PER_CALL: usize = 100;
/// Calls in flight at once. Enough to hide the latency of a first upload's 40 calls, and far below
/// what one partition of DynamoDB takes.
const CALLS_AT_ONCE: usize = 8;

/// How one statement of a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    /// It did what it says.
    Done,
    /// Its condition didn't hold, or its item was there already.
    Refused,
}

impl Store {
    /// Executes `statement` once for each list of parameters, in batches; answers in their order.
    pub(super) async fn execute_each(
        &self,
        statement: &str,
        parameters: Vec<Vec<AttributeValue>>,
    ) -> Result<Vec<Statement>, StoreError> {
        let batches: Vec<_> = parameters.chunks(STATEMENTS_PER_CALL).map(<[_]>::to_vec).collect();
        let answers: Vec<Vec<Statement>> = stream::iter(batches)
            .map(|batch| self.execute_batch(statement, batch))
            .buffered(CALLS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(answers.into_iter().flatten().collect())
    }

    async fn execute_batch(
        &self,
        statement: &str,
        batch: Vec<Vec<AttributeValue>>,
    ) -> Result<Vec<Statement>, StoreError> {
        const OPERATION: &str = "BatchExecuteStatement";
        let mut ended: Vec<Option<Statement>> = vec![None; batch.len()];
        for attempt in 0.. {
            let open: Vec<usize> = (0..batch.len()).filter(|place| ended[*place].is_none()).collect();
            let statements = open.iter().map(|place| {
                let request = BatchStatementRequest::builder().statement(statement);
                request.set_parameters(Some(batch[*place].clone())).build().expect("a statement is set")
            });
            let sent = self.client.batch_execute_statement().set_statements(Some(statements.collect())).send().await;
            let answers = sent.map_err(|error| StoreError::call(OPERATION, &error))?.responses.unwrap_or_default();
            if answers.len() != open.len() {
                return Err(StoreError::Call { operation: OPERATION, code: "answers are missing".to_owned() });
            }
            for (place, answer) in open.into_iter().zip(answers) {
                ended[place] = match answer.error.and_then(|error| error.code) {
                    None => Some(Statement::Done),
                    Some(
                        BatchStatementErrorCodeEnum::ConditionalCheckFailed
                        | BatchStatementErrorCodeEnum::DuplicateItem,
                    ) => Some(Statement::Refused),
                    Some(code) if may_be_retried(&code) => None,
                    Some(code) => {
                        return Err(StoreError::Call { operation: OPERATION, code: code.as_str().to_owned() });
                    }
                };
            }
            if ended.iter().all(Option::is_some) {
                break;
            }
            if !Backoff::THROTTLE.wait(attempt).await {
                return Err(StoreError::Throttled { operation: OPERATION });
            }
        }
        Ok(ended.into_iter().flatten().collect())
    }

    /// Reads the items of `keys`, those that are there, in no order.
    pub(super) async fn get_each(
        &self,
        table: &str,
        keys: Vec<Attributes>,
        consistent: bool,
    ) -> Result<Vec<Attributes>, StoreError> {
        let batches: Vec<_> = keys.chunks(KEYS_PER_CALL).map(<[_]>::to_vec).collect();
        let answers: Vec<Vec<Attributes>> = stream::iter(batches)
            .map(|batch| self.get_batch(table, batch, consistent))
            .buffer_unordered(CALLS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(answers.into_iter().flatten().collect())
    }

    async fn get_batch(
        &self,
        table: &str,
        batch: Vec<Attributes>,
        consistent: bool,
    ) -> Result<Vec<Attributes>, StoreError> {
        const OPERATION: &str = "BatchGetItem";
        let keys = KeysAndAttributes::builder().set_keys(Some(batch)).consistent_read(consistent);
        let mut open = HashMap::from([(table.to_owned(), keys.build().expect("keys are set"))]);
        let mut items = Vec::new();
        for attempt in 0.. {
            let sent = self.client.batch_get_item().set_request_items(Some(open)).send().await;
            let answer = sent.map_err(|error| StoreError::call(OPERATION, &error))?;
            items.extend(answer.responses.unwrap_or_default().remove(table).unwrap_or_default());
            open = answer.unprocessed_keys.unwrap_or_default();
            if open.is_empty() {
                break;
            }
            if !Backoff::THROTTLE.wait(attempt).await {
                return Err(StoreError::Throttled { operation: OPERATION });
            }
        }
        Ok(items)
    }

    /// Writes all of `items` or none; a condition that doesn't hold, and another transaction on the
    /// same items, are a conflict.
    pub(super) async fn transact(&self, items: Vec<TransactWriteItem>) -> Result<Outcome, StoreError> {
        const OPERATION: &str = "TransactWriteItems";
        let Err(error) = self.client.transact_write_items().set_transact_items(Some(items)).send().await else {
            return Ok(Outcome::Done);
        };
        let Some(service) = error.as_service_error() else { return Err(StoreError::call(OPERATION, &error)) };
        if service.code() == Some("TransactionInProgressException") {
            return Ok(Outcome::Conflict);
        }
        let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
            canceled,
        ) = service
        else {
            return Err(StoreError::call(OPERATION, &error));
        };
        let codes = || canceled.cancellation_reasons().iter().filter_map(|reason| reason.code());
        if let Some(code) =
            codes().find(|code| !matches!(*code, "None" | "ConditionalCheckFailed" | "TransactionConflict"))
        {
            return Err(if is_throttling(code) {
                StoreError::Throttled { operation: OPERATION }
            } else {
                StoreError::Call { operation: OPERATION, code: code.to_owned() }
            });
        }
        Ok(Outcome::Conflict)
    }
}

fn may_be_retried(code: &BatchStatementErrorCodeEnum) -> bool {
    matches!(
        code,
        BatchStatementErrorCodeEnum::InternalServerError
            | BatchStatementErrorCodeEnum::ProvisionedThroughputExceeded
            | BatchStatementErrorCodeEnum::RequestLimitExceeded
            | BatchStatementErrorCodeEnum::ThrottlingError
            | BatchStatementErrorCodeEnum::TransactionConflict
    )
}
