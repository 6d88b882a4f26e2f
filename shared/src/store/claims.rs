//! Claims: one per push that was sent, or is being sent.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, Select};

use super::Store;
use super::error::{StoreError, outcome};
use super::item::{Attributes, Reader, item, number, text};
use crate::domain::UserId;

/// How long a push is remembered: 30 days.
const TTL_SECONDS: u64 = 30 * 24 * 60 * 60;

/// Which push: see [`claim_key`](super::claim_key).
pub type ClaimKey = String;

/// The right to send one push, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    recipient: UserId,
    key: ClaimKey,
    /// When it runs out, in milliseconds since 1970; tells this claim from a later one.
    lease_ends_ms: u64,
}

/// How an attempt to claim a push ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// It may be sent.
    Won(Claim),
    /// It was sent, or can't be: nothing is left to do.
    Settled,
    /// Another invocation is at it, or died in it; come again later.
    Busy,
}

/// Claiming pushes.
pub trait ClaimStore {
    /// Claims a push until `lease_ms` from `now_ms`.
    fn claim(
        &self,
        recipient: &UserId,
        key: &str,
        now_ms: u64,
        lease_ms: u64,
    ) -> impl Future<Output = Result<Claimed, StoreError>> + Send;

    /// Marks a push as sent, or as one that can never be; either way it is settled.
    fn settle(&self, claim: &Claim) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Gives a claim back, so that the push can be tried again at once.
    fn release(&self, claim: &Claim) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// How many pushes to `recipient` are remembered.
    fn count_claims(&self, recipient: &UserId) -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// Deletes all claims on pushes to `recipient`.
    fn delete_claims(&self, recipient: &UserId) -> impl Future<Output = Result<(), StoreError>> + Send;
}

impl ClaimStore for Store {
    async fn claim(&self, recipient: &UserId, key: &str, now_ms: u64, lease_ms: u64) -> Result<Claimed, StoreError> {
        let lease_ends_ms = now_ms + lease_ms;
        let mut attributes = self.claim_item_key(recipient, key);
        attributes.insert("lease_ends_ms".to_owned(), number(lease_ends_ms));
        attributes.insert("expires_at".to_owned(), number(now_ms / 1000 + TTL_SECONDS));
        let sent = self
            .client
            .put_item()
            .table_name(&self.tables.claims)
            .set_item(Some(attributes))
            .condition_expression("attribute_not_exists(recipient) OR lease_ends_ms < :now")
            .expression_attribute_values(":now", number(now_ms))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let error = match sent {
            Ok(_) => {
                return Ok(Claimed::Won(Claim { recipient: recipient.clone(), key: key.to_owned(), lease_ends_ms }));
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                let item = failed.item().cloned().unwrap_or_default();
                let lease = Reader { table: "Claims", item: &item }.optional_number("lease_ends_ms")?;
                // A settled claim has no lease; neither has the answer of a store that tells no old item,
                // and there coming again is the safe reading.
                Ok(if lease.is_none() && !item.is_empty() { Claimed::Settled } else { Claimed::Busy })
            }
            _ => Err(StoreError::call("PutItem", &error)),
        }
    }

    async fn settle(&self, claim: &Claim) -> Result<(), StoreError> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.tables.claims)
            .set_key(Some(self.claim_item_key(&claim.recipient, &claim.key)))
            .update_expression("REMOVE lease_ends_ms SET settled = :settled")
            .condition_expression("attribute_exists(recipient)")
            .expression_attribute_values(":settled", number(1))
            .send()
            .await;
        // A conflict means that the recipient's account was deleted meanwhile.
        outcome("UpdateItem", sent).map(|_| ())
    }

    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        let sent = self
            .client
            .delete_item()
            .table_name(&self.tables.claims)
            .set_key(Some(self.claim_item_key(&claim.recipient, &claim.key)))
            .condition_expression("lease_ends_ms = :mine")
            .expression_attribute_values(":mine", number(claim.lease_ends_ms))
            .send()
            .await;
        outcome("DeleteItem", sent).map(|_| ())
    }

    async fn count_claims(&self, recipient: &UserId) -> Result<usize, StoreError> {
        let mut pages = self.claims_of(recipient).select(Select::Count).into_paginator().send();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::call("Query", &error))?;
            count += usize::try_from(page.count).unwrap_or(0);
        }
        Ok(count)
    }

    async fn delete_claims(&self, recipient: &UserId) -> Result<(), StoreError> {
        let mut pages = self.claims_of(recipient).into_paginator().send();
        let statement = format!(r#"DELETE FROM "{}" WHERE "recipient" = ? AND "claim" = ?"#, self.tables.claims);
        while let Some(page) = pages.next().await {
            let items = page.map_err(|error| StoreError::call("Query", &error))?.items.unwrap_or_default();
            let claims = items.into_iter().filter_map(|mut item| item.remove("claim"));
            let parameters = claims.map(|claim| vec![text(self.keys.user(recipient)), claim]).collect();
            self.execute_each(&statement, parameters).await?;
        }
        Ok(())
    }
}

impl Store {
    /// The question for all claims on pushes to `recipient`.
    fn claims_of(&self, recipient: &UserId) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.tables.claims)
            .key_condition_expression("recipient = :recipient")
            .expression_attribute_values(":recipient", text(self.keys.user(recipient)))
    }

    fn claim_item_key(&self, recipient: &UserId, key: &str) -> Attributes {
        item([("recipient", text(self.keys.user(recipient))), ("claim", text(key))])
    }
}
