//! Copying books into the tables of another store, with their hints.
//!
//! Every hint of a copy is of a phone that the copy lists. So a copy that was cut off leaves no hint
//! that nobody finds again:
//!
//! 1. Delete the hints of the phones that the copy lists and the book doesn't have any more.
//! 2. Write the head, marked, and the base, in one transaction.
//! 3. Put the hints.
//! 4. Take the mark away. A copy that is marked is made again.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use futures::stream::{self, StreamExt, TryStreamExt};
use model::{Scope, UserId};
use numbering::Phone;

use super::items::{BookItems, BookKeys, read_head};
use super::{READS, StoredBook};
use crate::error::StoreError;
use crate::item::{Attributes, Reader, item, number, text};
use crate::keys::BASE_SUFFIX;
use crate::rekey::{COPYING, Keys, Payers, Rekey, RekeyError, opened, read_each, sealed};
use crate::store::Store;
use crate::tables::Table;
use crate::write::{Condition, Write};

/// What is read of a head to compare it.
const HEAD: [&str; 8] =
    ["user_id", "book", "version", "generation", "deleted", "expires_at", "used_at", COPYING];
/// How many books are copied at once.
const BOOKS_AT_ONCE: usize = 8;

/// A book whose items were read together.
#[derive(Default)]
struct Whole {
    items: BookItems,
    phones: BTreeSet<Phone>,
}

impl Whole {
    fn new(items: BookItems, stored: &StoredBook) -> Self {
        let entries = stored.contents().entries();
        Self { items, phones: entries.iter().map(|entry| entry.contact.phone).collect() }
    }

    /// Returns whether the hints of the copy may not all be there.
    fn is_marked(&self) -> bool {
        self.items.head.as_ref().is_some_and(|head| head.contains_key(COPYING))
    }
}

impl Rekey<'_> {
    /// Copies the books that differ. Tells `payers` of their owners. Returns the keys of the heads
    /// that the target has to have.
    pub(crate) async fn copy_books(&self, payers: Option<&Payers>) -> Result<Keys, RekeyError> {
        let mut kept = Keys::default();
        let pages = self.from.pages(Table::AddressBooks, self.segments, &HEAD);
        let mut pages = std::pin::pin!(pages);
        while let Some(page) = pages.try_next().await? {
            let heads = self.heads(&page, payers, &mut kept)?;
            self.looked_at(Table::AddressBooks, heads.len());
            let differing = self.differing(heads).await?;
            stream::iter(&differing)
                .map(|(user, scope)| self.copy_book(user, scope))
                .buffer_unordered(BOOKS_AT_ONCE)
                .try_collect::<()>()
                .await?;
        }
        Ok(kept)
    }

    /// Returns the heads among the items of the source, with their owners.
    fn heads<'i>(
        &self,
        items: &'i [Attributes],
        payers: Option<&Payers>,
        kept: &mut Keys,
    ) -> Result<Vec<(UserId, Scope, &'i Attributes)>, StoreError> {
        let mut heads = vec![];
        for item in items.iter().filter(|item| !is_base(item)) {
            let read = owner(self.from, item).and_then(|owner| Ok((owner, read_head(item)?)));
            let Some(((user, scope), head)) = self.readable(Table::AddressBooks, read.map(Some))?
            else {
                continue;
            };
            if let Some(payers) = payers {
                payers.know_user(self, &user);
            }
            // Nobody sees such a book any more, and DynamoDB may have deleted its base already.
            if head.is_over(self.from.clock.now_seconds()) {
                continue;
            }
            let keys = BookKeys::new(&self.to.keyring, &user, &scope);
            kept.insert(Table::AddressBooks, &keys.head_key());
            heads.push((user, scope, item));
        }
        Ok(heads)
    }

    /// Returns the books whose copies differ, by their heads.
    async fn differing(
        &self,
        heads: Vec<(UserId, Scope, &Attributes)>,
    ) -> Result<Vec<(UserId, Scope)>, RekeyError> {
        let key =
            |user: &UserId, scope: &Scope| BookKeys::new(&self.to.keyring, user, scope).head_key();
        let keys = heads.iter().map(|(user, scope, _)| key(user, scope)).collect();
        let read = read_each(self.to, Table::AddressBooks, keys, &HEAD).await?;
        let name =
            |item: &Attributes| (string(item, "user_id").cloned(), string(item, "book").cloned());
        let there: HashMap<_, _> = read.iter().map(|item| (name(item), item)).collect();
        let mut differing = vec![];
        for (user, scope, head) in heads {
            let copy = there.get(&name(&key(&user, &scope)));
            if let Some(copy) = copy.filter(|copy| !copy.contains_key(COPYING)) {
                let version = |item| reader(item).number("version");
                if version(copy)? > version(head)? {
                    return Err(RekeyError::InUse(Table::AddressBooks));
                }
                let is_same = |name| copy.get(name) == head.get(name);
                if ["version", "expires_at", "used_at"].into_iter().all(is_same) {
                    continue;
                }
            }
            differing.push((user, scope));
        }
        Ok(differing)
    }

    async fn copy_book(&self, user: &UserId, scope: &Scope) -> Result<(), StoreError> {
        let read = self.whole_book(self.from, user, scope).await;
        let read = read.map(|whole| Some(whole).filter(|whole| whole.items.head.is_some()));
        // It may be gone since its head was seen, if its time is over.
        if matches!(read, Ok(None)) {
            return Ok(());
        }
        let Some(book) = self.readable(Table::AddressBooks, read)? else { return Ok(()) };
        let copy = self.whole_book(self.to, user, scope).await?;
        let missing: Vec<Phone> = if copy.is_marked() {
            book.phones.iter().copied().collect()
        } else {
            book.phones.difference(&copy.phones).copied().collect()
        };
        // 1.
        self.delete_hints_of(user, scope, copy.phones.difference(&book.phones).copied()).await?;
        // 2.
        self.count(Table::AddressBooks, |copied| copied.written += 1);
        self.write_copy(user, scope, &book, &copy, !missing.is_empty()).await?;
        if missing.is_empty() {
            return Ok(());
        }
        // 3.
        let head = book.items.head.as_ref().expect("a book without a head isn't copied");
        let version = reader(head).number("version")?;
        let hint = |phone: &Phone| {
            let mut hint = self.hint_key(user, scope, *phone);
            hint.insert("version".to_owned(), number(version));
            hint
        };
        let hints: Vec<Attributes> = missing.iter().map(hint).collect();
        let count = hints.len() as u64;
        self.count(Table::ContactOwners, |copied| {
            copied.items += count;
            copied.written += count;
        });
        self.write(Table::ContactOwners, hints, vec![]).await?;
        // 4.
        self.unmark(user, scope).await
    }

    /// Writes the items of a copy that differ.
    async fn write_copy(
        &self,
        user: &UserId,
        scope: &Scope,
        book: &Whole,
        copy: &Whole,
        is_marked: bool,
    ) -> Result<(), StoreError> {
        let seal = |item: &Attributes| -> Result<Attributes, StoreError> {
            let plain = opened(self.from, Table::AddressBooks, item)?;
            Ok(sealed(self.to, Table::AddressBooks, plain.unwrap_or_default()))
        };
        let head = book.items.head.as_ref().expect("a book without a head isn't copied");
        let mut head = seal(head)?;
        if is_marked {
            head.insert(COPYING.to_owned(), AttributeValue::Bool(true));
        }
        let table = Table::AddressBooks;
        let mut writes = vec![Write::put(table, head, Condition::always())];
        let same = |name| {
            let of = |whole: &'_ Whole| {
                whole.items.base.as_ref().and_then(|base| base.get(name)).cloned()
            };
            of(book) == of(copy)
        };
        match (&book.items.base, &copy.items.base) {
            (Some(_), Some(_)) if same("tag") && same("expires_at") => {}
            (Some(base), _) => writes.push(Write::put(table, seal(base)?, Condition::always())),
            (None, Some(_)) => {
                let key = BookKeys::new(&self.to.keyring, user, scope).base_key();
                writes.push(Write::delete(table, key, Condition::always()));
            }
            (None, None) => {}
        }
        self.write_together(writes).await
    }

    /// Makes the writes of one book, all or none.
    async fn write_together(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        if self.is_dry {
            return Ok(());
        }
        let items = writes.into_iter().map(|write| write.into_transact_item(&self.to.tables));
        let sent = self
            .to
            .client
            .transact_write_items()
            .set_transact_items(Some(items.collect()))
            .send()
            .await;
        let failed = |error| StoreError::call("TransactWriteItems", Table::AddressBooks, &error);
        sent.map_err(failed).map(drop)
    }

    async fn unmark(&self, user: &UserId, scope: &Scope) -> Result<(), StoreError> {
        if self.is_dry {
            return Ok(());
        }
        let sent = self
            .to
            .client
            .update_item()
            .table_name(self.to.tables.name(Table::AddressBooks))
            .set_key(Some(BookKeys::new(&self.to.keyring, user, scope).head_key()))
            .update_expression(format!("REMOVE {COPYING}"))
            .send()
            .await;
        let failed = |error| StoreError::call("UpdateItem", Table::AddressBooks, &error);
        sent.map_err(failed).map(drop)
    }

    /// Deletes the copies of books that the source doesn't have any more, and their hints.
    pub(crate) async fn delete_other_books(&self, kept: &Keys) -> Result<(), RekeyError> {
        let pages = self.to.pages(Table::AddressBooks, self.segments, &HEAD);
        let mut pages = std::pin::pin!(pages);
        while let Some(page) = pages.try_next().await? {
            let is_other =
                |item: &&Attributes| !is_base(item) && !kept.contains(Table::AddressBooks, item);
            for item in page.iter().filter(is_other) {
                let (user, scope) = owner(self.to, item)?;
                let copy = self.whole_book(self.to, &user, &scope).await?;
                self.delete_hints_of(&user, &scope, copy.phones.into_iter()).await?;
                self.count(Table::AddressBooks, |copied| copied.deleted += 1);
                let keys = BookKeys::new(&self.to.keyring, &user, &scope);
                let delete = |key| Write::delete(Table::AddressBooks, key, Condition::always());
                self.write_together([keys.head_key(), keys.base_key()].map(delete).into()).await?;
            }
        }
        Ok(())
    }

    async fn delete_hints_of(
        &self,
        user: &UserId,
        scope: &Scope,
        phones: impl Iterator<Item = Phone>,
    ) -> Result<(), StoreError> {
        let keys: Vec<Attributes> = phones.map(|phone| self.hint_key(user, scope, phone)).collect();
        let count = keys.len() as u64;
        self.count(Table::ContactOwners, |copied| copied.deleted += count);
        self.write(Table::ContactOwners, vec![], keys).await
    }

    fn hint_key(&self, user: &UserId, scope: &Scope, phone: Phone) -> Attributes {
        let owner = self.to.keyring.owner_key(user, scope);
        item([("phone", text(self.to.phone_keys.key(phone))), ("owner", text(owner))])
    }

    /// Reads both items of a book, as they belong together.
    async fn whole_book(
        &self,
        store: &Store,
        user: &UserId,
        scope: &Scope,
    ) -> Result<Whole, StoreError> {
        let keys = BookKeys::new(&store.keyring, user, scope);
        for _ in 0..READS {
            let found = store
                .query(Table::AddressBooks, "user_id", text(keys.user()))
                .key_condition_expression("user_id = :partition AND book BETWEEN :head AND :base")
                .expression_attribute_values(":head", text(&keys.head))
                .expression_attribute_values(":base", text(keys.base()))
                .send()
                .await
                .map_err(|error| StoreError::call("Query", Table::AddressBooks, &error))?;
            let items = BookItems::of(&keys, found.items.unwrap_or_default());
            if let Some(stored) = items.read(&keys, &*store.clock)? {
                return Ok(Whole::new(items, &stored));
            }
        }
        Err(StoreError::Torn)
    }
}

fn reader(item: &Attributes) -> Reader<'_> {
    Reader { table: Table::AddressBooks, kind: "book", item }
}

fn string<'i>(item: &'i Attributes, name: &str) -> Option<&'i String> {
    item.get(name).and_then(|value| value.as_s().ok())
}

fn is_base(item: &Attributes) -> bool {
    string(item, "book").is_some_and(|book| book.ends_with(BASE_SUFFIX))
}

/// Returns whose head this is.
fn owner(store: &Store, head: &Attributes) -> Result<(UserId, Scope), StoreError> {
    let reader = reader(head);
    let user = store.keyring.read_user(reader.text("user_id")?);
    let scope = store.keyring.parse_book_key(reader.text("book")?);
    Ok((
        user.ok_or_else(|| reader.corrupt("user_id"))?,
        scope.ok_or_else(|| reader.corrupt("book"))?,
    ))
}
