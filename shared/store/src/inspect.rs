//! What only an operator asks for: hints, claims and devices as they are stored. Nothing is changed.

use aws_sdk_dynamodb::types::Select;
use model::{Scope, Subscription, UserId};
use numbering::Phone;

use crate::claims::{ClaimState, PushId};
use crate::error::StoreError;
use crate::item::{Reader, item, text};
use crate::store::Store;
use crate::tables::Table;

/// A user's devices, as they are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Devices {
    /// Whether the user doesn't want to be told of joins.
    pub is_muted: bool,
    pub all: Vec<Device>,
}

/// A device, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    pub subscription: Subscription,
    /// Whether the removal of its endpoint or of its account has begun.
    pub is_leaving: bool,
}

/// Looking up what no request of an app asks for.
pub trait Inspection: Sync {
    /// Reads the version of the hint that a book may hold `phone`, with one strongly consistent
    /// GetItem. Returns nothing if there is no such hint.
    fn hint_version(
        &self,
        user: &UserId,
        scope: &Scope,
        phone: Phone,
    ) -> impl Future<Output = Result<Option<u64>, StoreError>> + Send;

    /// Counts the hints of `phone`, which are about as many as the books that hold it. It is a
    /// strongly consistent Query of all pages, and costs a read unit for some 40 hints.
    fn count_hints(&self, phone: Phone) -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// Reads what is remembered of a push, with one strongly consistent GetItem.
    fn claim_state(
        &self,
        recipient: &UserId,
        push: PushId<'_>,
    ) -> impl Future<Output = Result<Option<ClaimState>, StoreError>> + Send;

    /// Reads all devices of a user, with one strongly consistent Query.
    fn devices(&self, user: &UserId) -> impl Future<Output = Result<Devices, StoreError>> + Send;
}

impl Inspection for Store {
    async fn hint_version(
        &self,
        user: &UserId,
        scope: &Scope,
        phone: Phone,
    ) -> Result<Option<u64>, StoreError> {
        let owner = self.keyring.owner_key(user, scope);
        let key = item([("phone", text(self.phone_keys.key(phone))), ("owner", text(owner))]);
        let Some(item) = self.get(Table::ContactOwners, key).await? else { return Ok(None) };
        let reader = Reader { table: Table::ContactOwners, kind: "hint", item: &item };
        reader.number("version").map(Some)
    }

    async fn count_hints(&self, phone: Phone) -> Result<usize, StoreError> {
        let phone = text(self.phone_keys.key(phone));
        let query = self.query(Table::ContactOwners, "phone", phone).select(Select::Count);
        let mut pages = query.into_paginator().send();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| StoreError::call("Query", Table::ContactOwners, &error))?;
            count += usize::try_from(page.count).unwrap_or(0);
        }
        Ok(count)
    }

    async fn claim_state(
        &self,
        recipient: &UserId,
        push: PushId<'_>,
    ) -> Result<Option<ClaimState>, StoreError> {
        self.read_claim_state(recipient, push).await
    }

    async fn devices(&self, user: &UserId) -> Result<Devices, StoreError> {
        self.subscriber(user).await
    }
}
