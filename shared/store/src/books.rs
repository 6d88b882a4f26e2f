//! Books, in AddressBooks: one item is one book.

use aws_sdk_dynamodb::types::AttributeValue;
use model::{Book, Scope, UserId};
use numbering::Region;

use crate::error::StoreError;
use crate::item::{Attributes, Reader, bytes, item, number, text};
use crate::keyring::{Keyring, Place};
use crate::keys::plain_book;
use crate::packed::{pack_contacts, pack_matches, unpack};
use crate::store::Store;
use crate::tables::Table;
use crate::write::{Condition, Outcome, Write};

/// The reading version of books that were written before books kept one.
const FIRST_READING: u64 = 1;
/// How long an emptied item keeps its version: 7 days. That is far longer than any upload can be in
/// flight (a Lambda runs for 15 minutes at most). A book that comes back after that starts at the
/// clock's milliseconds. It would take a thousand writes a second for all of a book's life to get
/// there before the clock does, so no version is ever counted twice.
const TOMBSTONE_SECONDS: u64 = 7 * 24 * 60 * 60;

/// How old the mark of a device's book may be before a use of the book renews it: a day. So a device
/// that is used costs at most one more write a day.
const MARK_SECONDS: u64 = 24 * 60 * 60;

/// Whether a book is open, and in which generation of its user's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// No upload has opened the book yet, or none since it was wiped or expired.
    Unopened,
    /// The book belongs to its user's account of this generation.
    Open {
        /// The account's generation when the book was opened.
        generation: u64,
    },
    /// The account of this generation was deleted, and the book with it.
    Deleted {
        /// The generation that was deleted.
        generation: u64,
    },
}

/// A book as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBook {
    /// Raised by one with every write. If there is no item, it is the clock's milliseconds, which is
    /// more than any version that the book had before.
    pub version: u64,
    /// Whether there is an item.
    pub is_stored: bool,
    pub life: Life,
    /// The contacts and matches. Empty unless the book is open.
    pub book: Book,
    /// The mark of the upload that wrote the contacts. An upload that didn't get the answer to its
    /// write recognises its own work by it.
    pub uploaded_by: Option<u32>,
    /// In a tombstone, the contacts whose hints may not be deleted yet.
    pub leaving: Book,
    /// When an open book expires unless it is used before, in seconds since 1970. If it is absent
    /// when the book is written, the deployment's time to live counts from now, if there is one.
    pub expires_at: Option<u64>,
    /// When an open book of a device was last used, in seconds since 1970. It may be a day late. If
    /// it is absent when the book is written, the book is used now.
    pub used_at: Option<u64>,
}

impl StoredBook {
    /// Returns a book without an item, which begins at `version`.
    fn absent(version: u64) -> Self {
        Self {
            version,
            is_stored: false,
            life: Life::Unopened,
            book: Book::default(),
            uploaded_by: None,
            leaving: Book::default(),
            expires_at: None,
            used_at: None,
        }
    }
}

/// Reading books.
pub trait BookReader: Sync {
    /// Reads a book with one strongly consistent GetItem. If there is no item, returns an unopened
    /// book whose version is the clock's milliseconds.
    fn read_book(
        &self,
        user: &UserId,
        scope: &Scope,
    ) -> impl Future<Output = Result<StoredBook, StoreError>> + Send;

    /// Reads all books of a user, strongly consistent.
    fn read_books(
        &self,
        user: &UserId,
    ) -> impl Future<Output = Result<Vec<(Scope, StoredBook)>, StoreError>> + Send;
}

/// Noting that books are used.
pub trait BookKeeper: BookReader {
    /// Notes that the open book that was `seen` is used, with one write or none:
    ///
    /// - postpones its expiry, if less than half of its time is left. So a book that is read is
    ///   kept, at the cost of one write in half of that time;
    /// - takes its expiry away, if books don't expire any more;
    /// - renews the mark of a device's book, if it is older than a day.
    fn keep_book(
        &self,
        user: &UserId,
        scope: &Scope,
        seen: &StoredBook,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Writing books. Every write is conditional on the version seen and raises it by one.
pub trait BookStore: BookReader {
    /// Replaces `seen` with `next`, if the book is still at the version of `seen`.
    fn write_book(
        &self,
        user: &UserId,
        scope: &Scope,
        seen: &StoredBook,
        next: &StoredBook,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Creates an empty open book in place of `seen`, in one transaction that checks that the
    /// account is still in `generation`. Returns the book, or nothing if another write came first.
    ///
    /// The contacts that were leaving are forgotten, so their hints have to be deleted before.
    fn open_book(
        &self,
        user: &UserId,
        scope: &Scope,
        seen: &StoredBook,
        generation: u64,
    ) -> impl Future<Output = Result<Option<StoredBook>, StoreError>> + Send;
}

impl BookReader for Store {
    async fn read_book(&self, user: &UserId, scope: &Scope) -> Result<StoredBook, StoreError> {
        match self.get(Table::AddressBooks, key(&self.keyring, user, scope)).await? {
            Some(item) => read(&self.keyring, user, scope, &item),
            None => Ok(StoredBook::absent(self.clock.now_ms())),
        }
    }

    async fn read_books(&self, user: &UserId) -> Result<Vec<(Scope, StoredBook)>, StoreError> {
        let owner = text(self.keyring.user(user));
        let items = self.query_all(Table::AddressBooks, "user_id", owner).await?;
        let books = items.iter().map(|item| {
            let reader = reader(item);
            let scope = self.keyring.parse_book_key(reader.text("book")?);
            let scope = scope.ok_or_else(|| reader.corrupt("book"))?;
            let stored = read(&self.keyring, user, &scope, item)?;
            Ok((scope, stored))
        });
        books.collect()
    }
}

impl BookKeeper for Store {
    async fn keep_book(
        &self,
        user: &UserId,
        scope: &Scope,
        seen: &StoredBook,
    ) -> Result<(), StoreError> {
        let (now_seconds, ttl) = (self.clock.now_seconds(), self.book_ttl(scope));
        let is_kept = match (ttl, seen.expires_at) {
            (None, expires_at) => expires_at.is_none(),
            (Some(ttl), expires_at) => expires_at.is_some_and(|at| at > now_seconds + ttl / 2),
        };
        let is_device = matches!(scope, Scope::Device(_));
        let is_marked =
            !is_device || seen.used_at.is_some_and(|at| at + MARK_SECONDS > now_seconds);
        if is_kept && is_marked || !matches!(seen.life, Life::Open { .. }) {
            return Ok(());
        }
        // Contacts and matches don't change, so the version isn't raised, and no writer has to
        // start over.
        let mut unchanged = is_still(seen);
        let mut sets = vec![];
        if let Some(ttl) = ttl {
            sets.push("expires_at = :expires");
            unchanged.values.extend(item([(":expires", number(now_seconds + ttl))]));
        }
        if is_device {
            sets.push("used_at = :used");
            unchanged.values.extend(item([(":used", number(now_seconds))]));
        }
        let set = if sets.is_empty() { String::new() } else { format!("SET {}", sets.join(", ")) };
        let remove = if ttl.is_none() { "REMOVE expires_at" } else { "" };
        let key = key(&self.keyring, user, scope);
        // A conflict means that another request wrote the book, which notes its use too.
        self.update(Table::AddressBooks, key, format!("{set} {remove}").trim(), unchanged)
            .await
            .map(|_| ())
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
        let item = self.book_item(user, scope, seen.version + 1, next);
        self.put(Table::AddressBooks, item, is_still(seen)).await
    }

    async fn open_book(
        &self,
        user: &UserId,
        scope: &Scope,
        seen: &StoredBook,
        generation: u64,
    ) -> Result<Option<StoredBook>, StoreError> {
        let version = seen.version + 1;
        let life = Life::Open { generation };
        let opened = StoredBook { is_stored: true, life, ..StoredBook::absent(version) };
        let item = self.book_item(user, scope, version, &opened);
        let writes = vec![
            Write::put(Table::AddressBooks, item, is_still(seen)),
            self.generation_check(user, generation),
        ];
        Ok((self.transact(writes).await? == Outcome::Done).then_some(opened))
    }
}

impl Store {
    /// Returns how long a book is kept that nobody uses, or nothing if it is kept for ever.
    fn book_ttl(&self, scope: &Scope) -> Option<u64> {
        match scope {
            Scope::Global => self.book_ttl_seconds,
            Scope::Device(_) => self.device_book_ttl_seconds.or(self.book_ttl_seconds),
        }
    }

    /// Returns the item of a book, with the time at which it expires and the mark of its use.
    fn book_item(
        &self,
        user: &UserId,
        scope: &Scope,
        version: u64,
        next: &StoredBook,
    ) -> Attributes {
        let mut attributes = write(&self.keyring, user, scope, version, next);
        let now_seconds = self.clock.now_seconds();
        let expires_at = match (next.life, self.book_ttl(scope)) {
            (Life::Open { .. }, None) => None,
            (Life::Open { .. }, Some(ttl)) => {
                Some(next.expires_at.unwrap_or_else(|| now_seconds + ttl))
            }
            // What is still to be deleted isn't forgotten.
            (Life::Unopened | Life::Deleted { .. }, _) if !next.leaving.entries().is_empty() => {
                None
            }
            (Life::Unopened | Life::Deleted { .. }, _) => Some(now_seconds + TOMBSTONE_SECONDS),
        };
        attributes.extend(expires_at.map(|at| ("expires_at".to_owned(), number(at))));
        if let (Life::Open { .. }, Scope::Device(_)) = (next.life, scope) {
            let used_at = next.used_at.unwrap_or(now_seconds);
            attributes.insert("used_at".to_owned(), number(used_at));
        }
        attributes
    }
}

fn key(keyring: &Keyring, user: &UserId, scope: &Scope) -> Attributes {
    item([("user_id", text(keyring.user(user))), ("book", text(keyring.book_key(scope)))])
}

/// Returns the condition that the item is still the one that was `seen`.
fn is_still(seen: &StoredBook) -> Condition {
    if seen.is_stored {
        Condition::new("version = :seen", [(":seen", number(seen.version))])
    } else {
        Condition::new("attribute_not_exists(version)", [])
    }
}

fn reader(item: &Attributes) -> Reader<'_> {
    Reader { table: Table::AddressBooks, kind: "book", item }
}

fn write(
    keyring: &Keyring,
    user: &UserId,
    scope: &Scope,
    version: u64,
    next: &StoredBook,
) -> Attributes {
    let StoredBook {
        version: _,
        is_stored: _,
        life,
        book,
        uploaded_by,
        leaving,
        expires_at: _,
        used_at: _,
    } = next;
    let mut attributes = key(keyring, user, scope);
    let plain_book = plain_book(scope);
    let sealed = |attribute, packed| {
        bytes(keyring.seal(Place { owner: user.as_str(), names: [&plain_book, attribute] }, packed))
    };
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
        set("reading", number(u64::from(book.reading_version())));
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

fn read(
    keyring: &Keyring,
    user: &UserId,
    scope: &Scope,
    item: &Attributes,
) -> Result<StoredBook, StoreError> {
    let reader = reader(item);
    let life = match (reader.optional_number("generation")?, reader.flag("deleted", false)?) {
        (None, _) => Life::Unopened,
        (Some(generation), false) => Life::Open { generation },
        (Some(generation), true) => Life::Deleted { generation },
    };
    let region: Option<Region> =
        reader.optional_text("region")?.map(|_| reader.parsed("region")).transpose()?;
    let plain_book = plain_book(scope);
    let opened = |attribute: &'static str| {
        let place = Place { owner: user.as_str(), names: [&plain_book, attribute] };
        let stored = reader.optional_bytes(attribute)?;
        stored
            .map(|stored| keyring.open(place, stored).map_err(|_| reader.corrupt(attribute)))
            .transpose()
    };
    let reading = reader.optional_number("reading")?.unwrap_or(FIRST_READING);
    let reading = u32::try_from(reading).map_err(|_| reader.corrupt("reading"))?;
    let unpacked = |attribute, region, matches: Option<&[u8]>| match opened(attribute)? {
        Some(contacts) => unpack(region, &contacts, matches).map_err(|_| reader.corrupt(attribute)),
        None => Ok(Book::default()),
    };
    let is_open = matches!(life, Life::Open { .. });
    let book = unpacked("contacts", region, opened("matches")?.as_deref())?;
    // Only phones have a reading.
    let book = if book.entries().is_empty() { book } else { book.read_by(reading) };
    Ok(StoredBook {
        version: reader.number("version")?,
        is_stored: true,
        life,
        expires_at: reader.optional_number("expires_at")?.filter(|_| is_open),
        used_at: reader.optional_number("used_at")?.filter(|_| is_open),
        book,
        uploaded_by: reader
            .optional_number("uploaded_by")?
            .and_then(|mark| u32::try_from(mark).ok()),
        leaving: unpacked("leaving", None, None)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Contact, Entry, PublicId};

    fn some_book() -> Book {
        let contact = Contact {
            phone: "16505550123".parse().expect("a phone"),
            spelling: "(650) 555-0123".into(),
            name: "Gordie Kann".parse().expect("a name"),
        };
        Book::new(
            Some("US".parse().expect("a region")),
            vec![Entry { contact, matched: PublicId::new(7) }],
        )
    }

    fn secret() -> Keyring {
        Keyring::generate_secret().parse().expect("a secret")
    }

    #[test]
    fn a_stored_book_comes_back_as_it_was() {
        let user: UserId = "alice".parse().expect("a user");
        let leaving = Book::new(None, some_book().rematched(|_| None).entries().to_vec());
        for keys in [Keyring::default(), secret()] {
            for stored in [
                StoredBook {
                    life: Life::Open { generation: 3 },
                    book: some_book(),
                    uploaded_by: Some(u32::MAX),
                    ..StoredBook::absent(9)
                },
                StoredBook {
                    life: Life::Deleted { generation: 3 },
                    leaving: leaving.clone(),
                    ..StoredBook::absent(9)
                },
                StoredBook::absent(9),
            ] {
                let attributes = write(&keys, &user, &Scope::Global, 9, &stored);
                let back = read(&keys, &user, &Scope::Global, &attributes).expect("readable");
                assert_eq!(back, StoredBook { is_stored: true, ..stored });
            }
        }
    }

    #[test]
    fn a_sealed_book_is_nothing_in_another_users_hands_or_another_books_place() {
        let (alice, bob): (UserId, UserId) =
            ("alice".parse().expect("a user"), "bob".parse().expect("a user"));
        let (keys, device) = (secret(), Scope::Device("pixel".parse().expect("a udid")));
        let stored = StoredBook {
            life: Life::Open { generation: 0 },
            book: some_book(),
            ..StoredBook::absent(9)
        };
        let attributes = write(&keys, &alice, &Scope::Global, 9, &stored);
        for (user, scope) in [(&bob, &Scope::Global), (&alice, &device)] {
            assert!(matches!(
                read(&keys, user, scope, &attributes),
                Err(StoreError::Corrupt { what: "contacts" | "matches", .. })
            ));
        }
        assert!(
            read(&secret(), &alice, &Scope::Global, &attributes).is_err(),
            "another deployment's keys"
        );
        assert!(read(&Keyring::default(), &alice, &Scope::Global, &attributes).is_err(), "no keys");
    }

    #[test]
    fn a_malformed_item_is_an_error_that_names_the_attribute() {
        let (user, keys): (UserId, Keyring) =
            ("alice".parse().expect("a user"), Keyring::default());
        let stored = StoredBook {
            life: Life::Open { generation: 0 },
            book: some_book(),
            ..StoredBook::absent(9)
        };
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
            let error =
                read(&keys, &user, &Scope::Global, &attributes).expect_err(name).to_string();
            assert!(error.starts_with("an item of AddressBooks (book) can't be read: "), "{error}");
        }
    }
}
