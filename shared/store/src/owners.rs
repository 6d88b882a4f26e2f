//! Hints, in ContactOwners: from a phone to the books that may hold it. They are never the truth.

use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::stream::{self, StreamExt, TryStreamExt};
use model::{Scope, UserId, hide_debug};
use numbering::Phone;
use serde::{Deserialize, Serialize};

use crate::batch::Statement;
use crate::error::StoreError;
use crate::item::{Reader, item, number, text};
use crate::store::Store;
use crate::tables::Table;
use crate::write::{Condition, Outcome};

/// Most single updates in flight at once, for hints that a batch refuses.
const UPDATES_AT_ONCE: usize = 8;

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
    /// Most phones have no hint yet, so batches of INSERT handle the common case. A single
    /// conditional update writes each hint that they refuse.
    async fn put_hints(
        &self,
        user: &UserId,
        scope: &Scope,
        phones: &[Phone],
        version: u64,
    ) -> Result<(), StoreError> {
        let owner = self.keyring.owner_key(user, scope);
        let parameters =
            phones.iter().map(|phone| vec![self.phone(*phone), text(&owner), number(version)]);
        let table = self.tables.name(Table::ContactOwners);
        let statement =
            format!(r#"INSERT INTO "{table}" VALUE {{'phone': ?, 'owner': ?, 'version': ?}}"#);
        let parameters = parameters.collect();
        let inserted = self.execute_each(Table::ContactOwners, &statement, parameters).await?;
        let there = phones.iter().zip(inserted).filter(|(_, ended)| *ended == Statement::Refused);
        stream::iter(there.map(|(phone, _)| *phone).collect::<Vec<_>>())
            .map(|phone| self.raise_hint(phone, &owner, version))
            .buffer_unordered(UPDATES_AT_ONCE)
            .try_for_each(|_| async { Ok(()) })
            .await
    }

    async fn delete_hints(
        &self,
        user: &UserId,
        scope: &Scope,
        phones: &[Phone],
        version: u64,
    ) -> Result<(), StoreError> {
        let owner = self.keyring.owner_key(user, scope);
        let parameters =
            phones.iter().map(|phone| vec![self.phone(*phone), text(&owner), number(version)]);
        let table = self.tables.name(Table::ContactOwners);
        let statement = format!(
            r#"DELETE FROM "{table}" WHERE "phone" = ? AND "owner" = ? AND "version" <= ?"#
        );
        self.execute_each(Table::ContactOwners, &statement, parameters.collect()).await.map(drop)
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

    /// Puts a hint unless there is one of the same or a newer version, which is as good.
    async fn raise_hint(
        &self,
        phone: Phone,
        owner: &str,
        version: u64,
    ) -> Result<Outcome, StoreError> {
        let key = item([("phone", self.phone(phone)), ("owner", text(owner))]);
        let older = Condition::new(
            "attribute_not_exists(version) OR version < :version",
            [(":version", number(version))],
        );
        self.update(Table::ContactOwners, key, "SET version = :version", older).await
    }
}
