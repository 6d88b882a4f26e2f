//! Books, in AddressBooks. A book is two items, a *head* and a *base*:
//!
//! - The head has the version, the life and the marks of a book, and what has changed since its base
//!   was written.
//! - The base has the contacts and matches. It is only ever written or deleted in one transaction
//!   with the head, and both then have the same tag. A book that is small enough has no base.
//!
//! `stored.rs` has what the protocols see of them. `layout.rs` decides which of them a write writes,
//! `items.rs` writes and reads their attributes.

mod copying;
mod items;
mod layout;
#[cfg(feature = "inspect")]
pub(crate) mod opened;
mod stored;
#[cfg(test)]
mod tests;

use model::{Scope, UserId};

use self::items::{BookItems, BookKeys, is_still, read_head};
pub use self::layout::Layout;
pub(crate) use self::layout::MAX_CHANGES_BYTES;
use self::layout::Times;
pub use self::stored::{BookHead, Life, StoredBook};
use crate::error::StoreError;
use crate::item::{Attributes, item, number, text};
use crate::store::Store;
use crate::tables::Table;
use crate::write::{Condition, Outcome, Write};

/// How long an emptied head keeps its version: 7 days. That is far longer than any upload can be in
/// flight (a Lambda runs for 15 minutes at most). A book that comes back after that starts at the
/// clock's milliseconds. It would take a thousand writes a second for all of a book's life to get
/// there before the clock does, so no version is ever counted twice.
const TOMBSTONE_SECONDS: u64 = 7 * 24 * 60 * 60;

/// How old the mark of a device's book may be before a use of the book renews it: a day. So a device
/// that is used costs at most one more write a day.
const MARK_SECONDS: u64 = 24 * 60 * 60;

/// How often a book is read whose head and base don't belong together. They don't while another
/// request writes both between our reads of them. Each further time takes another such request.
const READS: usize = 10;

/// Reading books.
pub trait BookReader: Sync {
    /// Reads a book with one strongly consistent Query of its two items. If there are none, returns
    /// an unopened book whose version is the clock's milliseconds. Reads again if another request
    /// wrote both items while they were read.
    fn read_book(
        &self,
        user: &UserId,
        scope: &Scope,
    ) -> impl Future<Output = Result<StoredBook, StoreError>> + Send;

    /// Reads the head of a book with one strongly consistent GetItem. A book whose time is over is
    /// read as one that isn't open.
    fn read_head(
        &self,
        user: &UserId,
        scope: &Scope,
    ) -> impl Future<Output = Result<BookHead, StoreError>> + Send;

    /// Reads all books of a user, strongly consistent.
    fn read_books(
        &self,
        user: &UserId,
    ) -> impl Future<Output = Result<Vec<(Scope, StoredBook)>, StoreError>> + Send;
}

/// Noting that books are used.
pub trait BookKeeper: BookReader {
    /// Notes that the open book that was `seen` is used:
    ///
    /// - postpones its expiry, if less than half of its time is left. So a book that is read is
    ///   kept, at the cost of a write of its items in half of that time;
    /// - takes its expiry away, if books don't expire any more;
    /// - renews the mark of a device's book, if it is older than a day.
    fn keep_book(
        &self,
        user: &UserId,
        scope: &Scope,
        seen: &BookHead,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Writing books. Every write is conditional on the version seen and raises it by one.
pub trait BookStore: BookReader {
    /// Replaces `seen` with `next`, if the book is still at the version of `seen`.
    ///
    /// If that opens the book, it is one transaction with a check that the account is still in the
    /// generation of `next`. The contacts that were leaving are then forgotten, so their hints have
    /// to be deleted before.
    fn write_book(
        &self,
        user: &UserId,
        scope: &Scope,
        seen: &StoredBook,
        next: &StoredBook,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;
}

impl BookReader for Store {
    async fn read_book(&self, user: &UserId, scope: &Scope) -> Result<StoredBook, StoreError> {
        let keys = BookKeys::new(&self.keyring, user, scope);
        for _ in 0..READS {
            if let Some(stored) = self.query_book(&keys).await?.read(&keys, &*self.clock)? {
                return Ok(stored);
            }
        }
        Err(StoreError::Torn)
    }

    async fn read_head(&self, user: &UserId, scope: &Scope) -> Result<BookHead, StoreError> {
        let key = BookKeys::new(&self.keyring, user, scope).head_key();
        match self.get(Table::AddressBooks, key).await? {
            Some(item) => {
                let head = read_head(&item)?;
                let is_over = head.is_over(self.clock.now_seconds());
                Ok(if is_over { head.expired() } else { head })
            }
            None => Ok(BookHead::absent(self.clock.now_ms())),
        }
    }

    async fn read_books(&self, user: &UserId) -> Result<Vec<(Scope, StoredBook)>, StoreError> {
        for _ in 0..READS {
            let owner = text(self.keyring.user(user));
            let found = self.query_all(Table::AddressBooks, "user_id", owner).await?;
            let books = BookItems::by_book(&self.keyring, found)?.into_iter();
            let read = books.map(|(scope, items)| {
                let keys = BookKeys::new(&self.keyring, user, &scope);
                let stored = items.read(&keys, &*self.clock)?;
                Ok(stored.map(|stored| (scope, stored)))
            });
            if let Some(books) = read.collect::<Result<Option<Vec<_>>, StoreError>>()? {
                return Ok(books);
            }
        }
        Err(StoreError::Torn)
    }
}

impl BookKeeper for Store {
    async fn keep_book(
        &self,
        user: &UserId,
        scope: &Scope,
        seen: &BookHead,
    ) -> Result<(), StoreError> {
        let (now_seconds, ttl) = (self.clock.now_seconds(), self.book_ttl(scope));
        let is_kept = match (ttl, seen.expires_at) {
            (None, expires_at) => expires_at.is_none(),
            (Some(ttl), expires_at) => expires_at.is_some_and(|at| at > now_seconds + ttl / 2),
        };
        let is_device = matches!(scope, Scope::Device(_));
        let is_marked =
            !is_device || seen.used_at.is_some_and(|at| at + MARK_SECONDS > now_seconds);
        if is_kept && is_marked || !seen.life.is_open() {
            return Ok(());
        }
        let expires_at = if is_kept { seen.expires_at } else { ttl.map(|ttl| now_seconds + ttl) };
        let used_at = is_device.then_some(now_seconds);
        // A conflict means that another request wrote the book, which notes its use too.
        self.set_book_times(user, scope, seen, expires_at, used_at).await.map(|_| ())
    }
}

impl BookStore for Store {
    async fn write_book(
        &self,
        user: &UserId,
        scope: &Scope,
        seen: &StoredBook,
        next: &StoredBook,
    ) -> Result<Outcome, StoreError> {
        let keys = BookKeys::new(&self.keyring, user, scope);
        let (version, times) = (seen.version + 1, self.times(scope, next));
        let most_bytes = self.most_changes_bytes;
        let written = next.layout.written(version, next.contents(), &times, most_bytes);
        let head = keys.head_item(version, next, times.used_at, &written);
        let is_still = is_still(&seen.head());
        let mut others = vec![];
        if let Some(book) = written.new_base {
            let base = keys.base_item(version, book, written.expires_at);
            others.push(Write::put(Table::AddressBooks, base, Condition::always()));
        } else if written.base.is_none() && seen.layout.tag().is_some() {
            others.push(Write::delete(Table::AddressBooks, keys.base_key(), Condition::always()));
        }
        if let (false, Life::Open { generation }) = (seen.life.is_open(), next.life) {
            others.push(self.generation_check(user, generation));
        }
        if others.is_empty() {
            return self.put(Table::AddressBooks, head, is_still).await;
        }
        others.insert(0, Write::put(Table::AddressBooks, head, is_still));
        self.transact(others).await
    }
}

impl Store {
    /// Reads the items of a book, with one strongly consistent Query.
    async fn query_book(&self, keys: &BookKeys<'_>) -> Result<BookItems, StoreError> {
        let found = self
            .query(Table::AddressBooks, "user_id", text(keys.user()))
            .key_condition_expression("user_id = :partition AND book BETWEEN :head AND :base")
            .expression_attribute_values(":head", text(&keys.head))
            .expression_attribute_values(":base", text(keys.base()))
            .send()
            .await;
        let found =
            found.map_err(|error| StoreError::call("Query", Table::AddressBooks, &error))?;
        Ok(BookItems::of(keys, found.items.unwrap_or_default()))
    }

    /// Returns the keys of a book's head and of its base.
    pub(crate) fn book_item_keys(&self, user: &UserId, scope: &Scope) -> [Attributes; 2] {
        let keys = BookKeys::new(&self.keyring, user, scope);
        [keys.head_key(), keys.base_key()]
    }

    /// Returns how long a book is kept that nobody uses, or nothing if it is kept for ever.
    pub(crate) fn book_ttl(&self, scope: &Scope) -> Option<u64> {
        match scope {
            Scope::Global => self.book_ttl_seconds,
            Scope::Device(_) => self.device_book_ttl_seconds.or(self.book_ttl_seconds),
        }
    }

    /// Returns when `next` expires if it is written now, and when it was used.
    fn times(&self, scope: &Scope, next: &StoredBook) -> Times {
        let now_seconds = self.clock.now_seconds();
        let (ttl, is_open) = (self.book_ttl(scope), next.life.is_open());
        let expires_at = match ttl {
            Some(ttl) if is_open => Some(next.expires_at.unwrap_or_else(|| now_seconds + ttl)),
            None if is_open => None,
            // What is still to be deleted isn't forgotten.
            _ if !next.leaving.entries().is_empty() => None,
            _ => Some(now_seconds + TOMBSTONE_SECONDS),
        };
        let is_marked = is_open && matches!(scope, Scope::Device(_));
        Times {
            expires_at,
            // A book that is written isn't kept again until half of its time is over.
            expires_after: now_seconds + ttl.unwrap_or_default() / 2,
            used_at: is_marked.then(|| next.used_at.unwrap_or(now_seconds)),
        }
    }

    /// Sets when a book expires, and when it was used, if nobody has written it since it was `seen`.
    pub(crate) async fn set_book_times(
        &self,
        user: &UserId,
        scope: &Scope,
        seen: &BookHead,
        expires_at: Option<u64>,
        used_at: Option<u64>,
    ) -> Result<Outcome, StoreError> {
        let keys = BookKeys::new(&self.keyring, user, scope);
        // The base comes first, so that it never expires before the head.
        if let Some(tag) = seen.base.filter(|_| expires_at != seen.expires_at) {
            let is_same = Condition::new("tag = :tag", [(":tag", number(tag))]);
            let kept = self.set_times(keys.base_key(), expires_at, None, is_same).await?;
            if kept == Outcome::Conflict {
                return Ok(kept);
            }
        }
        // Contacts and matches don't change, so the version isn't raised, and no writer has to
        // start over.
        self.set_times(keys.head_key(), expires_at, used_at, is_still(seen)).await
    }

    /// Sets when an item of a book expires, and when the book was used.
    async fn set_times(
        &self,
        key: Attributes,
        expires_at: Option<u64>,
        used_at: Option<u64>,
        mut condition: Condition,
    ) -> Result<Outcome, StoreError> {
        let mut sets = vec![];
        if let Some(at) = expires_at {
            sets.push("expires_at = :expires");
            condition.values.extend(item([(":expires", number(at))]));
        }
        if let Some(at) = used_at {
            sets.push("used_at = :used");
            condition.values.extend(item([(":used", number(at))]));
        }
        let set = if sets.is_empty() { String::new() } else { format!("SET {}", sets.join(", ")) };
        let remove = if expires_at.is_none() { "REMOVE expires_at" } else { "" };
        let expression = format!("{set} {remove}");
        self.update(Table::AddressBooks, key, expression.trim(), condition).await
    }
}
