//! AddressBooks: one item is one book.

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, TransactWriteItem};

use super::accounts::generation_check;
use super::error::{StoreError, outcome};
use super::item::{Attributes, Reader, bytes, item, number, text};
use super::keys::plain_book;
use super::packed::{pack_contacts, pack_matches, unpack};
use super::seal::{Keys, Place};
use super::{Outcome, Store, now_seconds};
use crate::domain::{Book, Region, Scope, UserId};

/// How long an emptied item keeps its version. Far longer than any upload can be in flight (a Lambda
/// runs for 15 minutes at most), so that no version is ever counted twice.
const TOMBSTONE_SECONDS: u64 = 7 * 24 * 60 * 60;

/// Where a book's item stands in its user's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// No upload has opened the book yet, or not since its item expired.
    Unopened,
    /// The book belongs to its user's account of this generation.
    Open {
        /// How often the account had been deleted when the book was opened.
        generation: u64,
    },
    /// The account of this generation was deleted, and the book with it.
    Deleted {
        /// The generation that was deleted.
        generation: u64,
    },
}

/// A book as it stands in its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBook {
    /// Raised by one with every write; 0 where there is no item.
    pub version: u64,
    /// Whether the book is open.
    pub life: Life,
    /// The book; empty unless open.
    pub book: Book,
    /// The mark of the upload that wrote the contacts: by it an upload that lost the answer to its write
    /// knows its own work.
    pub uploaded_by: Option<u32>,
    /// Of a deleted book, the contacts whose hints may not be gone yet.
    pub leaving: Book,
    /// When an open book goes unless somebody uses it, in seconds since 1970. Written as none, it is the
    /// deployment's time from now, where it has one.
    pub expires_at: Option<u64>,
}

impl StoredBook {
    fn absent() -> Self {
        Self {
            version: 0,
            life: Life::Unopened,
            book: Book::default(),
            uploaded_by: None,
            leaving: Book::default(),
            expires_at: None,
        }
    }
}

/// Reading books.
pub trait BookReader {
    /// One strongly consistent GetItem. A book that isn't there is an unopened one of version 0.
    fn read_book(&self, user: &UserId, scope: &Scope) -> impl Future<Output = Result<StoredBook, StoreError>> + Send;

    /// All books of a user, strongly consistent.
    fn read_books(&self, user: &UserId) -> impl Future<Output = Result<Vec<(Scope, StoredBook)>, StoreError>> + Send;
}

/// Keeping books in which nothing changes.
pub trait BookKeeper: BookReader {
    /// Puts off the end of an open book that was `seen`, where less than half of its time is left: whoever
    /// reads a book keeps it, by one write in half of that time. Nothing where books have no end.
    fn keep_book(
        &self,
        user: &UserId,
        scope: &Scope,
        seen: &StoredBook,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Writing books. Every write is conditional on the version seen and raises it by one.
pub trait BookStore: BookReader {
    /// Writes `next` in the place of `seen`, if that still stands.
    fn write_book(
        &self,
        user: &UserId,
        scope: &Scope,
        seen: &StoredBook,
        next: &StoredBook,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Opens the book that `seen` is not, empty, for the account of `generation`, if the account is
    /// still of that generation: one transaction.
    fn open_book(
        &self,
        user: &UserId,
        scope: &Scope,
        seen: &StoredBook,
        generation: u64,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;
}

impl BookReader for Store {
    async fn read_book(&self, user: &UserId, scope: &Scope) -> Result<StoredBook, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.tables.address_books)
            .set_key(Some(key(&self.keys, user, scope)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::call("GetItem", &error))?;
        answer.item.map_or_else(|| Ok(StoredBook::absent()), |item| read(&self.keys, user, scope, &item))
    }

    async fn read_books(&self, user: &UserId) -> Result<Vec<(Scope, StoredBook)>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.tables.address_books)
            .key_condition_expression("user_id = :user")
            .expression_attribute_values(":user", text(self.keys.user(user)))
            .consistent_read(true)
            .into_paginator()
            .send();
        let mut books = Vec::new();
        while let Some(page) = pages.next().await {
            for item in page.map_err(|error| StoreError::call("Query", &error))?.items.unwrap_or_default() {
                let reader = Reader { table: "AddressBooks", item: &item };
                let scope = self.keys.parse_book_key(reader.text("book")?).ok_or_else(|| reader.corrupt("book"))?;
                let stored = read(&self.keys, user, &scope, &item)?;
                books.push((scope, stored));
            }
        }
        Ok(books)
    }
}

impl BookKeeper for Store {
    async fn keep_book(&self, user: &UserId, scope: &Scope, seen: &StoredBook) -> Result<(), StoreError> {
        let Some(ttl) = self.book_ttl_seconds else { return Ok(()) };
        let half_time = now_seconds() + ttl / 2;
        if !matches!(seen.life, Life::Open { .. }) || seen.expires_at.is_some_and(|at| at > half_time) {
            return Ok(());
        }
        // Contacts and matches are what they were: the version is not raised, and no writer has to start over.
        let values = item([(":expires", number(now_seconds() + ttl)), (":seen", number(seen.version))]);
        let sent = self
            .client
            .update_item()
            .table_name(&self.tables.address_books)
            .set_key(Some(key(&self.keys, user, scope)))
            .update_expression("SET expires_at = :expires")
            .condition_expression("version = :seen")
            .set_expression_attribute_values(Some(values))
            .send()
            .await;
        // A conflict means that somebody wrote it, which keeps it too.
        outcome("UpdateItem", sent).map(|_| ())
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
        let (condition, value) = unchanged(seen);
        let sent = self
            .client
            .put_item()
            .table_name(&self.tables.address_books)
            .set_item(Some(self.book_item(user, scope, seen.version + 1, next)))
            .condition_expression(condition)
            .set_expression_attribute_values(value)
            .send()
            .await;
        outcome("PutItem", sent)
    }

    async fn open_book(
        &self,
        user: &UserId,
        scope: &Scope,
        seen: &StoredBook,
        generation: u64,
    ) -> Result<Outcome, StoreError> {
        let empty = StoredBook { life: Life::Open { generation }, ..StoredBook::absent() };
        let (condition, value) = unchanged(seen);
        let put = Put::builder()
            .table_name(&self.tables.address_books)
            .set_item(Some(self.book_item(user, scope, seen.version + 1, &empty)))
            .condition_expression(condition)
            .set_expression_attribute_values(value)
            .build()
            .expect("table and item are set");
        let check: ConditionCheck = generation_check(&self.tables.users, self.keys.subject_key(user), generation);
        self.transact(vec![
            TransactWriteItem::builder().put(put).build(),
            TransactWriteItem::builder().condition_check(check).build(),
        ])
        .await
    }
}

impl Store {
    /// The item of a book, with the time at which it goes.
    fn book_item(&self, user: &UserId, scope: &Scope, version: u64, next: &StoredBook) -> Attributes {
        let mut attributes = write(&self.keys, user, scope, version, next);
        let expires_at = match (next.life, self.book_ttl_seconds) {
            (Life::Open { .. }, None) => None,
            (Life::Open { .. }, Some(ttl)) => Some(next.expires_at.unwrap_or_else(|| now_seconds() + ttl)),
            (Life::Unopened | Life::Deleted { .. }, _) => Some(now_seconds() + TOMBSTONE_SECONDS),
        };
        attributes.extend(expires_at.map(|at| ("expires_at".to_owned(), number(at))));
        attributes
    }
}

fn key(keys: &Keys, user: &UserId, scope: &Scope) -> Attributes {
    item([("user_id", text(keys.user(user))), ("book", text(keys.book_key(scope)))])
}

/// The condition that the item is still the one that was `seen`.
fn unchanged(seen: &StoredBook) -> (&'static str, Option<Attributes>) {
    if seen.version == 0 {
        ("attribute_not_exists(version)", None)
    } else {
        ("version = :seen", Some(item([(":seen", number(seen.version))])))
    }
}

fn write(keys: &Keys, user: &UserId, scope: &Scope, version: u64, next: &StoredBook) -> Attributes {
    let StoredBook { version: _, life, book, uploaded_by, leaving, expires_at: _ } = next;
    let mut attributes = key(keys, user, scope);
    let plain_book = plain_book(scope);
    let sealed =
        |attribute, packed| bytes(keys.seal(Place { owner: user.as_str(), names: [&plain_book, attribute] }, packed));
    let mut set = |name: &str, value: AttributeValue| attributes.insert(name.to_owned(), value);
    set("version", number(version));
    match life {
        Life::Unopened => {}
        Life::Open { generation } => {
            set("generation", number(*generation));
        }
        Life::Deleted { generation } => {
            set("generation", number(*generation));
            set("deleted", AttributeValue::Bool(true));
        }
    }
    if let (Some(mark), Life::Open { .. }) = (uploaded_by, life) {
        set("uploaded_by", number(u64::from(*mark)));
    }
    if let Some(region) = book.region() {
        set("region", text(region.code()));
    }
    if !book.entries().is_empty() {
        set("contacts", sealed("contacts", pack_contacts(book)));
    }
    if let Some(matches) = pack_matches(book) {
        set("matches", sealed("matches", matches));
    }
    if !leaving.entries().is_empty() {
        set("leaving", sealed("leaving", pack_contacts(leaving)));
    }
    attributes
}

fn read(keys: &Keys, user: &UserId, scope: &Scope, item: &Attributes) -> Result<StoredBook, StoreError> {
    let reader = Reader { table: "AddressBooks", item };
    let life = match (reader.optional_number("generation")?, reader.flag("deleted", false)?) {
        (None, _) => Life::Unopened,
        (Some(generation), false) => Life::Open { generation },
        (Some(generation), true) => Life::Deleted { generation },
    };
    let region: Option<Region> = reader.optional_text("region")?.map(|_| reader.parsed("region")).transpose()?;
    let plain_book = plain_book(scope);
    let opened = |attribute: &'static str| {
        let place = Place { owner: user.as_str(), names: [&plain_book, attribute] };
        let stored = reader.optional_bytes(attribute)?;
        stored.map(|stored| keys.open(place, stored).map_err(|_| reader.corrupt(attribute))).transpose()
    };
    let unpacked = |attribute, region, matches: Option<&[u8]>| match opened(attribute)? {
        Some(contacts) => unpack(region, &contacts, matches).map_err(|_| reader.corrupt(attribute)),
        None => Ok(Book::default()),
    };
    let is_open = matches!(life, Life::Open { .. });
    Ok(StoredBook {
        version: reader.number("version")?,
        life,
        expires_at: reader.optional_number("expires_at")?.filter(|_| is_open),
        book: unpacked("contacts", region, opened("matches")?.as_deref())?,
        uploaded_by: reader.optional_number("uploaded_by")?.and_then(|mark| u32::try_from(mark).ok()),
        leaving: unpacked("leaving", None, None)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Contact, Entry, PublicId};

    fn some_book() -> Book {
        let contact = Contact {
            phone: "16505550123".parse().expect("a phone"),
            spelling: "(650) 555-0123".into(),
            name: "Gordie Kann".parse().expect("a name"),
        };
        Book::new(Some("US".parse().expect("a region")), vec![Entry { contact, matched: PublicId::new(7) }])
    }

    fn secret() -> Keys {
        Keys::generate_secret().parse().expect("a secret")
    }

    #[test]
    fn a_stored_book_comes_back_as_it_was() {
        let user: UserId = "alice".parse().expect("a user");
        let leaving = Book::new(None, some_book().rematched(|_| None).entries().to_vec());
        for keys in [Keys::default(), secret()] {
            for stored in [
                StoredBook {
                    life: Life::Open { generation: 3 },
                    book: some_book(),
                    uploaded_by: Some(u32::MAX),
                    ..StoredBook::absent()
                },
                StoredBook { life: Life::Deleted { generation: 3 }, leaving: leaving.clone(), ..StoredBook::absent() },
                StoredBook::absent(),
            ] {
                let attributes = write(&keys, &user, &Scope::Global, 9, &stored);
                let back = read(&keys, &user, &Scope::Global, &attributes).expect("readable");
                assert_eq!(back, StoredBook { version: 9, ..stored });
            }
        }
    }

    #[test]
    fn a_sealed_book_is_nothing_in_another_users_hands_or_another_books_place() {
        let (alice, bob): (UserId, UserId) = ("alice".parse().expect("a user"), "bob".parse().expect("a user"));
        let (keys, device) = (secret(), Scope::Device("pixel".parse().expect("a udid")));
        let stored = StoredBook { life: Life::Open { generation: 0 }, book: some_book(), ..StoredBook::absent() };
        let attributes = write(&keys, &alice, &Scope::Global, 9, &stored);
        for (user, scope) in [(&bob, &Scope::Global), (&alice, &device)] {
            assert!(matches!(
                read(&keys, user, scope, &attributes),
                Err(StoreError::Corrupt { what: "contacts" | "matches", .. })
            ));
        }
        assert!(read(&secret(), &alice, &Scope::Global, &attributes).is_err(), "another deployment's keys");
        assert!(read(&Keys::default(), &alice, &Scope::Global, &attributes).is_err(), "no keys");
    }

    #[test]
    fn a_malformed_item_is_an_error_that_names_the_attribute() {
        let (user, keys): (UserId, Keys) = ("alice".parse().expect("a user"), Keys::default());
        let stored = StoredBook { life: Life::Open { generation: 0 }, book: some_book(), ..StoredBook::absent() };
        for (name, value) in [
            ("version", text("one")),
            ("contacts", bytes(vec![9, 9, 9])),
            ("contacts", text("x")),
            ("matches", bytes(vec![1])),
            ("region", text("Utopia")),
            ("deleted", number(1)),
        ] {
            let mut attributes = write(&keys, &user, &Scope::Global, 9, &stored);
            attributes.insert(name.to_owned(), value);
            let error = read(&keys, &user, &Scope::Global, &attributes).expect_err(name).to_string();
            assert!(error.starts_with("an item of AddressBooks can't be read: "), "{error}");
        }
    }
}
