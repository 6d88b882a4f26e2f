//! Hints, in ContactOwners: from a phone to the books that may hold it. They are never the truth.

use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use model::{Scope, UserId, hide_debug};
use numbering::Phone;
use serde::{Deserialize, Serialize};

use crate::batch::{OnRefusal, Statement};
use crate::error::StoreError;
use crate::item::{Reader, item, number, text};
use crate::store::Store;
use crate::tables::Table;

/// How often hints are put that are deleted between the two steps of putting them. Each time takes
/// another request that deletes them at that very moment.
const PUTS: usize = 4;

/// The operation that all writes of hints use.
const OPERATION: &str = "BatchExecuteStatement";

/// A hint that a book may hold a phone.
#[derive(Clone, PartialEq, Eq)]
pub struct Hint {
    /// The book's owner.
    pub user: UserId,
    /// Which of the owner's books.
    pub scope: Scope,
    /// The hint's place among those of its phone. It is opaque.
    pub place: String,
}

/// A stretch of a phone's hints: after one place, up to and including another. An end that is
/// absent is open.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerRange {
    /// The last place before the stretch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The last place of the stretch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
}

// A place holds a user id and a `udid`.
hide_debug!(Hint);

/// Hides the places, and shows which ends are open.
impl fmt::Debug for OwnerRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |place: &Option<String>| if place.is_some() { "…" } else { "" };
        write!(f, "OwnerRange({}..{})", end(&self.after), end(&self.through))
    }
}

/// A page of a phone's hints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerPage {
    /// The hints, in the order of their places.
    pub hints: Vec<Hint>,
    /// Whether there may be more after them.
    pub more: bool,
}

/// The index from phones to books.
pub trait OwnerIndex: Sync {
    /// Puts a hint of `version` for each phone, if there is none or an older one.
    fn put_hints(
        &self,
        user: &UserId,
        scope: &Scope,
        phones: &[Phone],
        version: u64,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Deletes the hint of each phone, if its version is `version` or less.
    fn delete_hints(
        &self,
        user: &UserId,
        scope: &Scope,
        phones: &[Phone],
        version: u64,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Reads a page of at most `limit` of the hints of `phone` in `range`, strongly consistent.
    fn owners(
        &self,
        phone: Phone,
        range: &OwnerRange,
        limit: usize,
    ) -> impl Future<Output = Result<OwnerPage, StoreError>> + Send;
}

impl OwnerIndex for Store {
    /// Most phones have no hint yet, so the first step inserts hints. The second one raises those
    /// that are there already, which is what a crash or a conflict leaves. Both steps are batches.
    async fn put_hints(
        &self,
        user: &UserId,
        scope: &Scope,
        phones: &[Phone],
        version: u64,
    ) -> Result<(), StoreError> {
        let owner = self.keyring.owner_key(user, scope);
        let mut open = phones.to_vec();
        for _ in 0..PUTS {
            let there = self.insert_hints(&owner, &open, version).await?;
            open = self.raise_hints(&owner, &there, version).await?;
            if open.is_empty() {
                return Ok(());
            }
        }
        Err(StoreError::coded(OPERATION, Table::ContactOwners, "hints were deleted meanwhile"))
    }

    async fn delete_hints(
        &self,
        user: &UserId,
        scope: &Scope,
        phones: &[Phone],
        version: u64,
    ) -> Result<(), StoreError> {
        let owner = self.keyring.owner_key(user, scope);
        self.delete_hints_of(&owner, phones.iter().map(|phone| self.phone(*phone)), version).await
    }

    async fn owners(
        &self,
        phone: Phone,
        range: &OwnerRange,
        limit: usize,
    ) -> Result<OwnerPage, StoreError> {
        let mut query = self
            .query(Table::ContactOwners, "phone", self.phone(phone))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        // The end of the range is a condition. Its start is given as the place where the page
        // before ended.
        if let Some(through) = &range.through {
            query = query
                .key_condition_expression("phone = :partition AND #owner <= :through")
                .expression_attribute_names("#owner", "owner")
                .expression_attribute_values(":through", text(through));
        }
        if let Some(after) = &range.after {
            let start = item([("phone", self.phone(phone)), ("owner", text(after))]);
            query = query.set_exclusive_start_key(Some(start));
        }
        let answer = query
            .send()
            .await
            .map_err(|error| StoreError::call("Query", Table::ContactOwners, &error))?;
        let hints = answer.items.unwrap_or_default().into_iter().map(|item| {
            let reader = Reader { table: Table::ContactOwners, kind: "hint", item: &item };
            let place = reader.text("owner")?.to_owned();
            let (user, scope) =
                self.keyring.parse_owner_key(&place).ok_or_else(|| reader.corrupt("owner"))?;
            Ok(Hint { user, scope, place })
        });
        Ok(OwnerPage {
            hints: hints.collect::<Result<_, StoreError>>()?,
            more: answer.last_evaluated_key.is_some(),
        })
    }
}

impl Store {
    fn phone(&self, phone: Phone) -> AttributeValue {
        text(self.phone_keys.key(phone))
    }

    /// Deletes the hints that an owner's key has under these phones' keys, if their version is
    /// `version` or less.
    pub(crate) async fn delete_hints_of(
        &self,
        owner: &str,
        phones: impl IntoIterator<Item = AttributeValue>,
        version: u64,
    ) -> Result<(), StoreError> {
        let parameters =
            phones.into_iter().map(|phone| vec![phone, text(owner), number(version)]).collect();
        let table = self.tables.name(Table::ContactOwners);
        let statement = format!(
            r#"DELETE FROM "{table}" WHERE "phone" = ? AND "owner" = ? AND "version" <= ?"#
        );
        let deleted =
            self.execute_each(Table::ContactOwners, &statement, OnRefusal::Nothing, parameters);
        deleted.await.map(drop)
    }

    /// Puts a hint for each phone that has none. Returns the other phones.
    async fn insert_hints(
        &self,
        owner: &str,
        phones: &[Phone],
        version: u64,
    ) -> Result<Vec<Phone>, StoreError> {
        let table = self.tables.name(Table::ContactOwners);
        let statement =
            format!(r#"INSERT INTO "{table}" VALUE {{'phone': ?, 'owner': ?, 'version': ?}}"#);
        let parameters =
            phones.iter().map(|phone| vec![self.phone(*phone), text(owner), number(version)]);
        let ended = self
            .execute_each(
                Table::ContactOwners,
                &statement,
                OnRefusal::Nothing,
                parameters.collect(),
            )
            .await?;
        Ok(those_that(Statement::Refused, phones, &ended))
    }

    /// Raises each phone's hint to `version`. A hint that has this version or a newer one stays,
    /// since it is as good. Returns the phones that have no hint any more.
    async fn raise_hints(
        &self,
        owner: &str,
        phones: &[Phone],
        version: u64,
    ) -> Result<Vec<Phone>, StoreError> {
        let table = self.tables.name(Table::ContactOwners);
        let statement = format!(
            r#"UPDATE "{table}" SET "version" = ? WHERE "phone" = ? AND "owner" = ? AND "version" < ?"#
        );
        let parameters = phones
            .iter()
            .map(|phone| vec![number(version), self.phone(*phone), text(owner), number(version)]);
        let ended = self
            .execute_each(Table::ContactOwners, &statement, OnRefusal::Item, parameters.collect())
            .await?;
        Ok(those_that(Statement::NoItem, phones, &ended))
    }
}

/// Returns the phones whose statements ended in this way.
fn those_that(way: Statement, phones: &[Phone], ended: &[Statement]) -> Vec<Phone> {
    phones.iter().zip(ended).filter(|(_, ended)| **ended == way).map(|(phone, _)| *phone).collect()
}
