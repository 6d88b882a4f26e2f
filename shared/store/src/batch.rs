//! Batches: calls that take many items at once, repeated until nothing is left undone.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementErrorCodeEnum, BatchStatementRequest, KeysAndAttributes,
    ReturnValuesOnConditionCheckFailure,
};
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::error::StoreError;
use crate::item::Attributes;
use crate::retry::{Backoff, Retry};
use crate::store::Store;
use crate::tables::Table;

/// Most statements in one BatchExecuteStatement (AWS limit).
const STATEMENTS_PER_CALL: usize = 25;
/// Most keys in one BatchGetItem (AWS limit).
const KEYS_PER_CALL: usize = 100;
/// Most calls in flight at once. These are enough to hide the latency of a first upload's 40 calls,
/// and far fewer than one partition of DynamoDB takes.
const CALLS_AT_ONCE: usize = 8;

/// How one statement of a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statement {
    /// The statement was executed.
    Done,
    /// The statement's condition didn't hold, or its item already existed.
    Refused,
    /// There is no item that the statement could change. Only a statement that asks for the item
    /// of a failed condition can tell this from [`Statement::Refused`].
    NoItem,
}

/// What a refused statement returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnRefusal {
    Nothing,
    /// The item for which the condition doesn't hold. So an item that doesn't exist is noticed.
    Item,
}

impl Store {
    /// Executes `statement` once for each list of parameters, in batches. Returns the results in
    /// the order of the parameters.
    pub(crate) async fn execute_each(
        &self,
        table: Table,
        statement: &str,
        on_refusal: OnRefusal,
        parameters: Vec<Vec<AttributeValue>>,
    ) -> Result<Vec<Statement>, StoreError> {
        let batches: Vec<_> = parameters.chunks(STATEMENTS_PER_CALL).map(<[_]>::to_vec).collect();
        let answers: Vec<Vec<Statement>> = stream::iter(batches)
            .map(|batch| self.execute_batch(table, statement, on_refusal, batch))
            .buffered(CALLS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(answers.into_iter().flatten().collect())
    }

    async fn execute_batch(
        &self,
        table: Table,
        statement: &str,
        on_refusal: OnRefusal,
        batch: Vec<Vec<AttributeValue>>,
    ) -> Result<Vec<Statement>, StoreError> {
        const OPERATION: &str = "BatchExecuteStatement";
        let old =
            (on_refusal == OnRefusal::Item).then_some(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut ended: Vec<Option<Statement>> = vec![None; batch.len()];
        let mut retry = Retry::new(Backoff::THROTTLE);
        loop {
            let open: Vec<usize> =
                (0..batch.len()).filter(|place| ended[*place].is_none()).collect();
            let statements = open.iter().map(|place| {
                let request = BatchStatementRequest::builder().statement(statement);
                request
                    .set_return_values_on_condition_check_failure(old.clone())
                    .set_parameters(Some(batch[*place].clone()))
                    .build()
                    .expect("a statement is set")
            });
            let sent = self
                .client
                .batch_execute_statement()
                .set_statements(Some(statements.collect()))
                .send()
                .await;
            let answers = sent
                .map_err(|error| StoreError::call(OPERATION, table, &error))?
                .responses
                .unwrap_or_default();
            if answers.len() != open.len() {
                return Err(StoreError::coded(OPERATION, table, "answers are missing"));
            }
            for (place, answer) in open.into_iter().zip(answers) {
                let item = answer.error.as_ref().and_then(|error| error.item.as_ref());
                let no_item = on_refusal == OnRefusal::Item && item.is_none();
                ended[place] = match answer.error.and_then(|error| error.code) {
                    None => Some(Statement::Done),
                    Some(BatchStatementErrorCodeEnum::ConditionalCheckFailed) if no_item => {
                        Some(Statement::NoItem)
                    }
                    Some(
                        BatchStatementErrorCodeEnum::ConditionalCheckFailed
                        | BatchStatementErrorCodeEnum::DuplicateItem,
                    ) => Some(Statement::Refused),
                    Some(code) if may_be_retried(&code) => None,
                    Some(code) => {
                        return Err(StoreError::coded(OPERATION, table, code.as_str()));
                    }
                };
            }
            if ended.iter().all(Option::is_some) {
                break;
            }
            if !retry.wait().await {
                return Err(StoreError::Throttled { operation: OPERATION, table });
            }
        }
        Ok(ended.into_iter().flatten().collect())
    }

    /// Reads those items of `keys` that exist, strongly consistent and in no particular order.
    pub(crate) async fn get_each(
        &self,
        table: Table,
        keys: Vec<Attributes>,
    ) -> Result<Vec<Attributes>, StoreError> {
        let batches: Vec<_> = keys.chunks(KEYS_PER_CALL).map(<[_]>::to_vec).collect();
        let answers: Vec<Vec<Attributes>> = stream::iter(batches)
            .map(|batch| self.get_batch(table, batch))
            .buffer_unordered(CALLS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(answers.into_iter().flatten().collect())
    }

    async fn get_batch(
        &self,
        table: Table,
        batch: Vec<Attributes>,
    ) -> Result<Vec<Attributes>, StoreError> {
        const OPERATION: &str = "BatchGetItem";
        let keys = KeysAndAttributes::builder().set_keys(Some(batch)).consistent_read(true);
        let name = self.tables.name(table);
        let mut open = HashMap::from([(name.to_owned(), keys.build().expect("keys are set"))]);
        let mut items = Vec::new();
        let mut retry = Retry::new(Backoff::THROTTLE);
        loop {
            let sent = self.client.batch_get_item().set_request_items(Some(open)).send().await;
            let answer = sent.map_err(|error| StoreError::call(OPERATION, table, &error))?;
            items.extend(answer.responses.unwrap_or_default().remove(name).unwrap_or_default());
            open = answer.unprocessed_keys.unwrap_or_default();
            if open.is_empty() {
                break;
            }
            if !retry.wait().await {
                return Err(StoreError::Throttled { operation: OPERATION, table });
            }
        }
        Ok(items)
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
