//! Claims: one for each push that was sent or is being sent.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure, Select};
use model::{Udid, UserId};
use numbering::Phone;

use crate::batch::OnRefusal;
use crate::error::StoreError;
use crate::item::{Attributes, Reader, item, number, text};
use crate::phone_keys::hashed;
use crate::store::Store;
use crate::tables::Table;
use crate::write::Condition;

/// How long a claim is kept, in seconds: 30 days.
pub const CLAIM_SECONDS: u64 = 30 * 24 * 60 * 60;
/// The attribute of a claim whose push was tried once, and not answered.
const UNANSWERED: &str = "unanswered";

/// Identifies the push that tells `device` that somebody has `phone`. It doesn't name them, so that
/// nobody is announced again who comes back under another subject.
#[derive(Clone, Copy)]
pub struct PushId<'a> {
    pub phone: Phone,
    pub device: &'a Udid,
}

/// The right to send one push, until its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    recipient: UserId,
    /// The sort key of the claim's item.
    key: String,
    /// When the lease ends, in milliseconds since 1970. It tells this claim from a later one.
    lease_ends_ms: u64,
    /// See [`Claim::is_repeat`].
    repeats: bool,
}

impl Claim {
    /// Returns whether the push was tried before, and the answer to that never came. It may have
    /// been sent.
    #[must_use]
    pub fn is_repeat(&self) -> bool {
        self.repeats
    }
}

/// How an attempt to claim a push ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The push may be sent.
    Won(Claim),
    /// The push was sent, or can never be sent. Nothing is left to do.
    Settled,
    /// Another invocation is sending the push, or died while it was. Try again later.
    Busy,
}

/// What is remembered of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimState {
    /// The push was sent, or can never be sent.
    Settled {
        /// When it is forgotten, in seconds since 1970.
        expires_at: u64,
    },
    /// The push was begun, and its end isn't known.
    Pending {
        /// When somebody else may try it, in milliseconds since 1970.
        lease_ends_ms: u64,
        /// Whether the push service was asked, and never answered.
        is_unanswered: bool,
        /// When it is forgotten, in seconds since 1970.
        expires_at: u64,
    },
}

/// Claiming pushes.
pub trait ClaimStore: Sync {
    /// Claims a push for `lease_ms` from `now_ms` on.
    fn claim(
        &self,
        recipient: &UserId,
        push: PushId<'_>,
        now_ms: u64,
        lease_ms: u64,
    ) -> impl Future<Output = Result<Claimed, StoreError>> + Send;

    /// Marks a push as settled: it was sent, or can never be sent.
    fn settle(&self, claim: &Claim) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Gives a claim back, so that the push can be tried again at once.
    fn release(&self, claim: &Claim) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Gives a claim back after an answer that never came. The next claim on the push
    /// [repeats](Claim::is_repeat) it.
    fn doubt(&self, claim: &Claim) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Counts the pushes to `recipient` that are remembered.
    fn count_claims(
        &self,
        recipient: &UserId,
    ) -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// Deletes all claims on pushes to `recipient`.
    fn delete_claims(
        &self,
        recipient: &UserId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

impl ClaimStore for Store {
    async fn claim(
        &self,
        recipient: &UserId,
        push: PushId<'_>,
        now_ms: u64,
        lease_ms: u64,
    ) -> Result<Claimed, StoreError> {
        let lease_ends_ms = now_ms + lease_ms;
        let mut claim = Claim {
            recipient: recipient.clone(),
            key: self.claim_key(push),
            lease_ends_ms,
            repeats: false,
        };
        let sent = self
            .client
            .update_item()
            .table_name(self.tables.name(Table::Claims))
            .set_key(Some(self.claim_item_key(&claim)))
            .update_expression("SET lease_ends_ms = :ends, expires_at = :expires")
            .condition_expression("attribute_not_exists(recipient) OR lease_ends_ms < :now")
            .expression_attribute_values(":ends", number(lease_ends_ms))
            .expression_attribute_values(":expires", number(now_ms / 1000 + CLAIM_SECONDS))
            .expression_attribute_values(":now", number(now_ms))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let error = match sent {
            Ok(answer) => {
                claim.repeats = answer.attributes.is_some_and(|item| item.contains_key(UNANSWERED));
                return Ok(Claimed::Won(claim));
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                let item = failed.item().cloned().unwrap_or_default();
                let reader = Reader { table: Table::Claims, kind: "claim", item: &item };
                let lease = reader.optional_number("lease_ends_ms")?;
                // A settled claim has no lease. If the database doesn't return the old item, there
                // is no lease to see either. Then it is safe to assume that the message has to come
                // again.
                let settled = lease.is_none() && !item.is_empty();
                Ok(if settled { Claimed::Settled } else { Claimed::Busy })
            }
            _ => Err(StoreError::call("UpdateItem", Table::Claims, &error)),
        }
    }

    async fn settle(&self, claim: &Claim) -> Result<(), StoreError> {
        let there = Condition::new("attribute_exists(recipient)", [(":settled", number(1))]);
        let settle = "REMOVE lease_ends_ms SET settled = :settled";
        // A conflict means that the recipient's account was deleted in the meantime.
        self.update(Table::Claims, self.claim_item_key(claim), settle, there).await.map(|_| ())
    }

    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        if claim.repeats {
            return self.doubt(claim).await;
        }
        let mine = [(":mine", number(claim.lease_ends_ms))];
        let condition = Condition::new("lease_ends_ms = :mine", mine);
        self.delete(Table::Claims, self.claim_item_key(claim), condition).await.map(|_| ())
    }

    async fn doubt(&self, claim: &Claim) -> Result<(), StoreError> {
        let values =
            [(":mine", number(claim.lease_ends_ms)), (":over", number(0)), (":once", number(1))];
        let mine = Condition::new("lease_ends_ms = :mine", values);
        let over = format!("SET lease_ends_ms = :over, {UNANSWERED} = :once");
        self.update(Table::Claims, self.claim_item_key(claim), &over, mine).await.map(|_| ())
    }

    async fn count_claims(&self, recipient: &UserId) -> Result<usize, StoreError> {
        let query = self.query(Table::Claims, "recipient", text(self.keyring.user(recipient)));
        let mut pages = query.select(Select::Count).into_paginator().send();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::call("Query", Table::Claims, &error))?;
            count += usize::try_from(page.count).unwrap_or(0);
        }
        Ok(count)
    }

    async fn delete_claims(&self, recipient: &UserId) -> Result<(), StoreError> {
        let recipient = text(self.keyring.user(recipient));
        let items = self.query_all(Table::Claims, "recipient", recipient.clone()).await?;
        let claims = items.into_iter().filter_map(|mut item| item.remove("claim"));
        let parameters = claims.map(|claim| vec![recipient.clone(), claim]).collect();
        let table = self.tables.name(Table::Claims);
        let statement = format!(r#"DELETE FROM "{table}" WHERE "recipient" = ? AND "claim" = ?"#);
        self.execute_each(Table::Claims, &statement, OnRefusal::Nothing, parameters).await.map(drop)
    }
}

impl Store {
    /// Returns the sort key of the claim on a push.
    pub(crate) fn claim_key(&self, push: PushId<'_>) -> String {
        let PushId { phone, device } = push;
        hashed(&[&self.phone_keys.key(phone), device.as_str()])
    }

    pub(crate) async fn read_claim_state(
        &self,
        recipient: &UserId,
        push: PushId<'_>,
    ) -> Result<Option<ClaimState>, StoreError> {
        let recipient = text(self.keyring.user(recipient));
        let key = item([("recipient", recipient), ("claim", text(self.claim_key(push)))]);
        let Some(item) = self.get(Table::Claims, key).await? else { return Ok(None) };
        let reader = Reader { table: Table::Claims, kind: "claim", item: &item };
        let expires_at = reader.number("expires_at")?;
        Ok(Some(match reader.optional_number("lease_ends_ms")? {
            None => ClaimState::Settled { expires_at },
            Some(lease_ends_ms) => {
                let is_unanswered = item.contains_key(UNANSWERED);
                ClaimState::Pending { lease_ends_ms, is_unanswered, expires_at }
            }
        }))
    }

    fn claim_item_key(&self, claim: &Claim) -> Attributes {
        let recipient = text(self.keyring.user(&claim.recipient));
        item([("recipient", recipient), ("claim", text(&claim.key))])
    }
}
