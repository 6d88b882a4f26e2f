//! Mirroring a table: writing the items that differ, and deleting those that the source doesn't have.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};

use super::items::opened;
use super::writes;
use super::{Rekey, RekeyError};
use crate::error::StoreError;
use crate::item::Attributes;
use crate::store::Store;
use crate::tables::Table;

/// A copy of an item.
pub(super) struct Planned {
    /// The item as the target has to have it. Sealing is random, so it never is the same twice.
    pub next: Attributes,
    /// The same item without keys, which can be compared.
    pub plain: Attributes,
}

/// The keys of items, each as a hash, so that those of a large table fit into memory.
#[derive(Default)]
pub(crate) struct Keys(HashSet<u128>);

impl Keys {
    pub fn insert(&mut self, table: Table, item: &Attributes) {
        self.0.insert(hash(&key_text(table, item)));
    }

    pub fn contains(&self, table: Table, item: &Attributes) -> bool {
        self.0.contains(&hash(&key_text(table, item)))
    }
}

fn hash(key: &str) -> u128 {
    let hash: [u8; 32] = Sha256::digest(key).into();
    u128::from_be_bytes(*hash.first_chunk().expect("32 bytes begin with 16"))
}

/// Returns the key of an item.
pub(super) fn key(table: Table, item: &Attributes) -> Attributes {
    let named = |name: &&str| Some(((*name).to_owned(), item.get(*name)?.clone()));
    table.key_names().iter().filter_map(named).collect()
}

/// Returns a text that only this key of the table has.
fn key_text(table: Table, item: &Attributes) -> String {
    let part = |name: &&str| match item.get(*name) {
        Some(AttributeValue::S(part)) => format!("{}:{part}", part.len()),
        _ => String::new(),
    };
    table.key_names().iter().map(part).collect()
}

impl Store {
    /// Reads the pages of a table, strongly consistent, in so many segments at once. Items with the same
    /// partition key come one after the other.
    pub(crate) fn pages(
        &self,
        table: Table,
        segments: u16,
        names: &'static [&'static str],
    ) -> impl Stream<Item = Result<Vec<Attributes>, StoreError>> + Send + '_ {
        let segment = move |segment| self.segment(table, (segment, segments), names).boxed();
        stream::select_all((0..segments).map(segment))
    }

    fn segment(
        &self,
        table: Table,
        (segment, segments): (u16, u16),
        names: &'static [&'static str],
    ) -> impl Stream<Item = Result<Vec<Attributes>, StoreError>> + Send + '_ {
        stream::try_unfold(Some(None), move |from: Option<Option<Attributes>>| async move {
            let Some(from) = from else { return Ok(None) };
            let mut scan = self
                .client
                .scan()
                .table_name(self.tables.name(table))
                .segment(i32::from(segment))
                .total_segments(i32::from(segments))
                .consistent_read(true)
                .set_exclusive_start_key(from);
            if !names.is_empty() {
                let placeholders = names.iter().map(|name| format!("#{name}"));
                scan = scan.projection_expression(placeholders.collect::<Vec<_>>().join(", "));
                for name in names {
                    scan = scan.expression_attribute_names(format!("#{name}"), *name);
                }
            }
            let page =
                scan.send().await.map_err(|error| StoreError::call("Scan", table, &error))?;
            Ok(Some((page.items.unwrap_or_default(), page.last_evaluated_key.map(Some))))
        })
    }
}

impl Rekey<'_> {
    /// Makes the target's table a copy of the source's. `plan` returns the copy of an item, or nothing
    /// if it can't be carried over.
    pub(super) async fn mirror(
        &self,
        table: Table,
        plan: impl Fn(&Attributes) -> Result<Option<Planned>, StoreError>,
    ) -> Result<(), RekeyError> {
        let mut kept = Keys::default();
        let mut pages = std::pin::pin!(self.from.pages(table, self.segments, &[]));
        while let Some(page) = pages.try_next().await? {
            self.looked_at(table, page.len());
            let mut planned = vec![];
            for item in &page {
                planned.extend(self.readable(table, plan(item))?);
            }
            self.write_differing(table, planned, &mut kept).await?;
        }
        self.delete_others(table, &kept).await
    }

    /// Counts an item that can't be read or carried over, and goes on without it.
    pub(crate) fn readable<T>(
        &self,
        table: Table,
        read: Result<Option<T>, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match read {
            Ok(Some(item)) => Ok(Some(item)),
            Ok(None) => {
                self.count(table, |copied| copied.left += 1);
                Ok(None)
            }
            Err(StoreError::Corrupt { .. }) => {
                self.count(table, |copied| copied.unreadable += 1);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Writes those copies that the target doesn't have yet, and notes the keys of all.
    pub(super) async fn write_differing(
        &self,
        table: Table,
        planned: Vec<Planned>,
        kept: &mut Keys,
    ) -> Result<(), StoreError> {
        planned.iter().for_each(|planned| kept.insert(table, &planned.next));
        let keys = planned.iter().map(|planned| key(table, &planned.next)).collect();
        let read = writes::read_each(self.to, table, keys, &[]).await?;
        let there: HashMap<String, Attributes> =
            read.into_iter().map(|item| (key_text(table, &item), item)).collect();
        let differs = |planned: &Planned| {
            let seen = there.get(&key_text(table, &planned.next));
            let seen = seen.and_then(|seen| opened(self.to, table, seen).ok().flatten());
            seen.as_ref() != Some(&planned.plain)
        };
        let puts: Vec<Attributes> =
            planned.into_iter().filter(differs).map(|planned| planned.next).collect();
        let written = puts.len() as u64;
        self.count(table, |copied| copied.written += written);
        self.write(table, puts, vec![]).await
    }

    /// Deletes the items of the target whose keys weren't noted.
    pub(super) async fn delete_others(&self, table: Table, kept: &Keys) -> Result<(), RekeyError> {
        let mut pages = std::pin::pin!(self.to.pages(table, self.segments, table.key_names()));
        while let Some(page) = pages.try_next().await? {
            let others: Vec<Attributes> =
                page.into_iter().filter(|item| !kept.contains(table, item)).collect();
            let deleted = others.len() as u64;
            self.count(table, |copied| copied.deleted += deleted);
            self.write(table, vec![], others).await?;
        }
        Ok(())
    }

    /// Puts and deletes items of the target, unless this is a dry run.
    pub(crate) async fn write(
        &self,
        table: Table,
        puts: Vec<Attributes>,
        deletes: Vec<Attributes>,
    ) -> Result<(), StoreError> {
        if self.is_dry {
            return Ok(());
        }
        writes::write_each(self.to, table, puts, deletes).await
    }
}
