//! The two items of a book: their keys and attributes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use model::{Book, Clock, Entry, Scope, UserId};
use numbering::Region;

use super::layout::{Base, Layout, Written};
use super::{BookHead, Life, StoredBook};
use crate::error::StoreError;
use crate::item::{Attributes, Reader, bytes, item, number, text};
use crate::keyring::{Keyring, Place};
use crate::keys::{BASE_SUFFIX, plain_book};
use crate::packed::{
    Packed, apply_changes, are_changes, pack_contacts, pack_matches, unpack_entries,
};
use crate::tables::Table;
use crate::write::Condition;

/// The reading version of books that were written before books kept one.
const FIRST_READING: u64 = 1;

/// The keys of a book's items, and what seals their attributes.
pub(super) struct BookKeys<'a> {
    keyring: &'a Keyring,
    user: &'a UserId,
    /// The book's name in what seals the attributes of its head.
    plain: String,
    /// The sort key of the head.
    pub head: String,
}

impl<'a> BookKeys<'a> {
    pub fn new(keyring: &'a Keyring, user: &'a UserId, scope: &Scope) -> Self {
        Self { keyring, user, plain: plain_book(scope), head: keyring.book_key(scope) }
    }

    /// Returns the sort key of the base. No other book's keys come between the two.
    pub fn base(&self) -> String {
        format!("{}{BASE_SUFFIX}", self.head)
    }

    /// Returns the partition key of both.
    pub fn user(&self) -> Cow<'_, str> {
        self.keyring.user(self.user)
    }

    pub fn head_key(&self) -> Attributes {
        self.key(self.head.clone())
    }

    pub fn base_key(&self) -> Attributes {
        self.key(self.base())
    }

    fn key(&self, book: String) -> Attributes {
        item([("user_id", text(self.user())), ("book", text(book))])
    }

    fn sealed(&self, item: &str, attribute: &str, packed: Vec<u8>) -> AttributeValue {
        let plain = format!("{}{item}", self.plain);
        let place = Place { owner: self.user.as_str(), names: [&plain, attribute] };
        bytes(self.keyring.seal(place, packed))
    }

    /// Returns what was sealed into an attribute, if there is one.
    fn opened(
        &self,
        reader: &Reader<'_>,
        item: &str,
        attribute: &'static str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let plain = format!("{}{item}", self.plain);
        let place = Place { owner: self.user.as_str(), names: [&plain, attribute] };
        let stored = reader.optional_bytes(attribute)?;
        let opened = stored.map(|stored| {
            let opened = self.keyring.open(place, stored).map_err(|_| reader.corrupt(attribute))?;
            Ok(opened.into_owned())
        });
        opened.transpose()
    }

    /// Makes the head of `next`.
    pub fn head_item(
        &self,
        version: u64,
        next: &StoredBook,
        used_at: Option<u64>,
        written: &Written<'_>,
    ) -> Attributes {
        let StoredBook { life, uploaded_by, .. } = next;
        let Written { base, changes, new_base: _, expires_at } = written;
        let contents = next.contents();
        let mut attributes = self.head_key();
        let mut set = |name: &str, value: Option<AttributeValue>| {
            attributes.extend(value.map(|value| (name.to_owned(), value)));
        };
        set("version", Some(number(version)));
        let (generation, is_deleted) = match *life {
            Life::Unopened => (None, false),
            Life::Open { generation } => (Some(generation), false),
            Life::Deleted { generation } => (Some(generation), true),
        };
        set("generation", generation.map(number));
        set("deleted", is_deleted.then_some(AttributeValue::Bool(true)));
        let mark = uploaded_by.filter(|_| life.is_open());
        set("uploaded_by", mark.map(|mark| number(u64::from(mark))));
        set("region", next.book.region().map(|region| text(region.code())));
        let reading = u64::from(contents.reading_version());
        set("reading", changes.is_some().then_some(number(reading)));
        set("base", base.map(number));
        set("contacts", changes.clone().map(|changes| self.sealed("", "contacts", changes)));
        set("expires_at", expires_at.map(number));
        set("used_at", used_at.map(number));
        attributes
    }

    /// Makes a base of `book`.
    pub fn base_item(&self, tag: u64, book: &Book, expires_at: Option<u64>) -> Attributes {
        let sealed = |attribute, packed| self.sealed(BASE_SUFFIX, attribute, packed);
        let mut attributes = self.base_key();
        let mut set = |name: &str, value: Option<AttributeValue>| {
            attributes.extend(value.map(|value| (name.to_owned(), value)));
        };
        set("tag", Some(number(tag)));
        set("contacts", Some(sealed("contacts", pack_contacts(book))));
        set("matches", pack_matches(book).map(|matches| sealed("matches", matches)));
        set("expires_at", expires_at.map(number));
        attributes
    }
}

/// The items of a book as they were read, one after the other.
#[derive(Default)]
pub(super) struct BookItems {
    pub head: Option<Attributes>,
    pub base: Option<Attributes>,
}

impl BookItems {
    /// Tells the items of one book apart.
    pub fn of(keys: &BookKeys<'_>, items: Vec<Attributes>) -> Self {
        let mut found = Self::default();
        for item in items {
            let is_head = reader(&item).text("book").is_ok_and(|book| book == keys.head);
            *(if is_head { &mut found.head } else { &mut found.base }) = Some(item);
        }
        found
    }

    /// Groups the items of a user by book. Bases without heads are left out: DynamoDB has deleted
    /// the head because its time was over, and will delete the base.
    pub fn by_book(
        keyring: &Keyring,
        items: Vec<Attributes>,
    ) -> Result<Vec<(Scope, Self)>, StoreError> {
        let mut books: BTreeMap<Scope, Self> = BTreeMap::new();
        for item in items {
            let reader = reader(&item);
            let key = reader.text("book")?;
            let (head, is_base) =
                key.strip_suffix(BASE_SUFFIX).map_or((key, false), |head| (head, true));
            let scope = keyring.parse_book_key(head).ok_or_else(|| reader.corrupt("book"))?;
            let items = books.entry(scope).or_default();
            *(if is_base { &mut items.base } else { &mut items.head }) = Some(item);
        }
        books.retain(|_, items| items.head.is_some());
        Ok(books.into_iter().collect())
    }

    /// Returns the book, or nothing if its base isn't the one of its head.
    pub fn read(
        &self,
        keys: &BookKeys<'_>,
        clock: &dyn Clock,
    ) -> Result<Option<StoredBook>, StoreError> {
        let Some(item) = &self.head else {
            return Ok(Some(StoredBook::empty(BookHead::absent(clock.now_ms()))));
        };
        let head = read_head(item)?;
        let Some(tag) = head.base else {
            return read_book(keys, head, item, None).map(Some);
        };
        let Some(base) = &self.base else {
            // DynamoDB deletes items whose time is over one by one.
            return Ok(head
                .is_over(clock.now_seconds())
                .then(|| StoredBook::empty(head.expired())));
        };
        if reader(base).number("tag")? != tag {
            return Ok(None);
        }
        let base = read_base(keys, base)?;
        read_book(keys, head, item, Some(base)).map(Some)
    }
}

fn reader(item: &Attributes) -> Reader<'_> {
    Reader { table: Table::AddressBooks, kind: "book", item }
}

/// Reads a base.
pub(super) fn read_base(keys: &BookKeys<'_>, item: &Attributes) -> Result<Base, StoreError> {
    let reader = reader(item);
    let opened = |attribute| keys.opened(&reader, BASE_SUFFIX, attribute);
    let contacts = opened("contacts")?.ok_or_else(|| reader.corrupt("contacts"))?;
    let matches = opened("matches")?;
    let entries =
        unpack_entries(&contacts, matches.as_deref()).map_err(|_| reader.corrupt("contacts"))?;
    let stored_bytes = contacts.len() + matches.map_or(0, |matches| matches.len());
    let expires_at = reader.optional_number("expires_at")?;
    Ok(Base { tag: reader.number("tag")?, entries, stored_bytes, expires_at })
}

/// Reads what the head tells without its base.
pub(super) fn read_head(item: &Attributes) -> Result<BookHead, StoreError> {
    let reader = reader(item);
    let life = match (reader.optional_number("generation")?, reader.flag("deleted", false)?) {
        (None, _) => Life::Unopened,
        (Some(generation), false) => Life::Open { generation },
        (Some(generation), true) => Life::Deleted { generation },
    };
    Ok(BookHead {
        version: reader.number("version")?,
        is_stored: true,
        life,
        expires_at: reader.optional_number("expires_at")?.filter(|_| life.is_open()),
        used_at: reader.optional_number("used_at")?.filter(|_| life.is_open()),
        base: reader.optional_number("base")?,
    })
}

/// Reads a head whose base is the one that was read with it.
fn read_book(
    keys: &BookKeys<'_>,
    head: BookHead,
    item: &Attributes,
    base: Option<Base>,
) -> Result<StoredBook, StoreError> {
    let reader = reader(item);
    let region: Option<Region> =
        reader.optional_text("region")?.map(|_| reader.parsed("region")).transpose()?;
    let reading = reader.optional_number("reading")?.unwrap_or(FIRST_READING);
    let reading = u32::try_from(reading).map_err(|_| reader.corrupt("reading"))?;
    let (entries, packed) = read_entries(keys, &reader, base.as_ref())?;
    let mut stored = StoredBook {
        uploaded_by: reader
            .optional_number("uploaded_by")?
            .and_then(|mark| u32::try_from(mark).ok()),
        layout: Layout::new(base, packed),
        ..StoredBook::empty(head)
    };
    // Only phones have a region and a reading.
    if entries.is_empty() {
        return Ok(stored);
    }
    if head.life.is_open() {
        stored.book = Book::new(region, entries).read_by(reading);
    } else {
        stored.leaving = Book::new(None, entries);
    }
    Ok(stored)
}

/// Returns the contacts and matches of a book, and what is kept of the changes in its head. Reads the books of earlier releases too: they have everything in their heads, and what
/// is leaving in an attribute of its own.
fn read_entries(
    keys: &BookKeys<'_>,
    reader: &Reader<'_>,
    base: Option<&Base>,
) -> Result<(Vec<Entry>, Packed), StoreError> {
    let corrupt = |attribute| move |_| reader.corrupt(attribute);
    let Some(contacts) = keys.opened(reader, "", "contacts")? else {
        if base.is_some() {
            return Err(reader.corrupt("contacts"));
        }
        let leaving = keys.opened(reader, "", "leaving")?;
        let entries = leaving.map_or(Ok(vec![]), |leaving| unpack_entries(&leaving, None));
        return Ok((entries.map_err(corrupt("leaving"))?, Packed::default()));
    };
    if are_changes(&contacts) {
        let base = base.map_or(&[][..], |base| &base.entries);
        return apply_changes(base, &contacts).map_err(corrupt("contacts"));
    }
    let matches = keys.opened(reader, "", "matches")?;
    let entries = unpack_entries(&contacts, matches.as_deref());
    Ok((entries.map_err(corrupt("contacts"))?, Packed::default()))
}

/// Returns the condition that the head is still the one that was `seen`.
pub(super) fn is_still(seen: &BookHead) -> Condition {
    if seen.is_stored {
        Condition::new("version = :seen", [(":seen", number(seen.version))])
    } else {
        Condition::new("attribute_not_exists(version)", [])
    }
}
