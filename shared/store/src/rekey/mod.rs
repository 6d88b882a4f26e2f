//! Rekeying: copying all tables into others, which have other keys or none.
//!
//! The books and their hints can be copied while the service runs: a run compares the head of each
//! book in both places, and copies only the books that differ. The other tables are copied when the
//! service is stopped, by [`Rekey::finish`], which first copies the books that have changed since.
//!
//! Each step may be repeated and cut off anywhere: the next run ends in the same state.
//!
//! A phone in a key can't be read back if it is an HMAC. So hints are made from the books' contacts.
//! Keys of claims and budgets are hashes of phones and users, and are made again for all that the
//! other tables name. Those whose phone or user is named nowhere are left behind, and counted.

mod budgets;
mod claims;
mod items;
mod mirror;
mod report;
mod writes;

use std::sync::Mutex;

use aws_sdk_dynamodb::types::AttributeValue;
use model::UserId;

pub(crate) use self::budgets::Payers;
pub(crate) use self::items::{opened, sealed};
pub(crate) use self::mirror::Keys;
pub use self::report::{Copied, RekeyReport};
pub(crate) use self::writes::{read_each, write_each};
use crate::error::StoreError;
use crate::store::Store;
use crate::tables::Table;

/// The attribute of a copied book whose hints aren't all copied yet.
pub(crate) const COPYING: &str = "copying";

/// Why tables can't be copied.
#[derive(Debug, thiserror::Error)]
pub enum RekeyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The target has newer items than the source. A copy would overwrite them.
    #[error("{0} of the target has newer items than the source: it is in use already")]
    InUse(Table),
    /// The target holds items that its keys don't open.
    #[error("{0} of the target holds items of other keys: copy into new tables")]
    OtherKeys(Table),
}

/// A copy of all tables of one store into those of another.
pub struct Rekey<'a> {
    pub(crate) from: &'a Store,
    pub(crate) to: &'a Store,
    /// How many segments of a table are read at once.
    pub(crate) segments: u16,
    /// Whether nothing is written.
    pub(crate) is_dry: bool,
    /// Is told of the items that were looked at.
    progress: &'a (dyn Fn(Table, u64) + Sync),
    report: Mutex<RekeyReport>,
}

impl std::fmt::Debug for Rekey<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rekey").field("is_dry", &self.is_dry).finish_non_exhaustive()
    }
}

impl<'a> Rekey<'a> {
    /// Prepares a copy from `from` to `to`. `progress` is told of each number of items of a table
    /// that were looked at.
    #[must_use]
    pub fn new(from: &'a Store, to: &'a Store, progress: &'a (dyn Fn(Table, u64) + Sync)) -> Self {
        Self { from, to, segments: 4, is_dry: false, progress, report: Mutex::default() }
    }

    /// Returns the same copy, which only counts what it would write.
    #[must_use]
    pub fn dry(self) -> Self {
        Self { is_dry: true, ..self }
    }

    /// Returns the same copy, which reads so many segments of a table at once.
    #[must_use]
    pub fn in_segments(self, segments: u16) -> Self {
        Self { segments: segments.max(1), ..self }
    }

    /// Copies the books that differ, with their hints. The service may run.
    ///
    /// # Errors
    /// [`RekeyError`].
    pub async fn books(self) -> Result<RekeyReport, RekeyError> {
        self.check_target().await?;
        self.copy_books(None).await?;
        Ok(self.report.into_inner().expect("nothing panics while it is locked"))
    }

    /// Copies everything that differs, and deletes from the target what the source doesn't have.
    /// Nobody may write to the source meanwhile.
    ///
    /// # Errors
    /// [`RekeyError`].
    pub async fn finish(self) -> Result<RekeyReport, RekeyError> {
        self.check_target().await?;
        let payers = Payers::new(self.budget_keys().await?);
        let kept = self.copy_books(Some(&payers)).await?;
        self.delete_other_books(&kept).await?;
        self.copy_users(&payers).await?;
        self.mirror(Table::Subscriptions, |item| items::plan(&self, Table::Subscriptions, item))
            .await?;
        self.copy_sessions().await?;
        self.copy_claims().await?;
        self.copy_budgets(&payers).await?;
        Ok(self.report.into_inner().expect("nothing panics while it is locked"))
    }

    async fn copy_users(&self, payers: &Payers) -> Result<(), RekeyError> {
        self.mirror(Table::Users, |item| {
            let planned = items::plan(self, Table::Users, item)?;
            if let Some(planned) = &planned {
                let named = |name| match planned.plain.get(name) {
                    Some(AttributeValue::S(text)) => Some(text.as_str()),
                    _ => None,
                };
                let subject = named("key").and_then(|key| key.strip_prefix("subject#"));
                let user = subject.or(named("user_id"));
                if let Some(user) = user.and_then(|user| user.parse::<UserId>().ok()) {
                    payers.know_user(self, &user);
                }
                if let Some(phone) = named("phone").and_then(|digits| digits.parse().ok()) {
                    payers.know_phone(self, phone);
                }
            }
            Ok(planned)
        })
        .await
    }

    /// Copies the sessions. Whose an application session has become is sealed, so it is copied only
    /// if both sides have keys. That a session was ended needs none.
    async fn copy_sessions(&self) -> Result<(), RekeyError> {
        self.mirror(Table::Sessions, |item| {
            let are_keys = self.from.keyring.are_there() && self.to.keyring.are_there();
            if item.contains_key("user") && !are_keys {
                return Ok(None);
            }
            items::plan(self, Table::Sessions, item)
        })
        .await
    }

    /// Fails if the target is in use, or was made with other keys.
    async fn check_target(&self) -> Result<(), RekeyError> {
        if self.to.drawn_ids().await? > self.from.drawn_ids().await? {
            return Err(RekeyError::InUse(Table::Users));
        }
        for table in [Table::AddressBooks, Table::Users, Table::Subscriptions] {
            let some = self.to.client.scan().table_name(self.to.tables.name(table)).limit(20);
            let some =
                some.send().await.map_err(|error| StoreError::call("Scan", table, &error))?;
            let some = some.items.unwrap_or_default();
            if some.iter().any(|item| items::opened(self.to, table, item).is_err()) {
                return Err(RekeyError::OtherKeys(table));
            }
        }
        Ok(())
    }

    /// Returns whether a phone has the same key in both places.
    fn has_same_phone_keys(&self) -> bool {
        let probe = "10000000000".parse().expect("digits are a phone");
        self.from.phone_keys.key(probe) == self.to.phone_keys.key(probe)
    }

    /// Adds to the counts of a table.
    pub(crate) fn count(&self, table: Table, add: impl FnOnce(&mut Copied)) {
        let mut report = self.report.lock().expect("nothing panics while it is locked");
        add(report.of_mut(table));
    }

    pub(crate) fn looked_at(&self, table: Table, items: usize) {
        let items = items as u64;
        self.count(table, |copied| copied.items += items);
        (self.progress)(table, items);
    }
}
