//! Items without their keys: what they would be in tables that aren't sealed. An item is copied by
//! opening it into that form, and sealing it from there.

use aws_sdk_dynamodb::types::AttributeValue;

use super::Rekey;
use super::mirror::Planned;
use crate::error::StoreError;
use crate::item::{Attributes, Reader, bytes, text};
use crate::keyring::{Keyring, Place};
use crate::keys::{BASE_SUFFIX, COUNTER_KEY, MUTED_SORT_KEY};
use crate::phone_keys::HOLDER_PREFIX;
use crate::store::Store;
use crate::tables::Table;
use crate::users::{phone_of, stored_phone};

/// The attributes of a book that are sealed.
const PACKED: [&str; 3] = ["contacts", "matches", "leaving"];

/// Returns the copy of an item, or nothing if it can't be carried over.
pub(super) fn plan(
    rekey: &Rekey<'_>,
    table: Table,
    item: &Attributes,
) -> Result<Option<Planned>, StoreError> {
    let Some(plain) = opened(rekey.from, table, item)? else { return Ok(None) };
    let next = sealed(rekey.to, table, plain.clone());
    Ok(Some(Planned { next, plain }))
}

/// Returns an item as it would be in tables that aren't sealed. Returns nothing if its key holds the
/// hash of a phone, and nothing in it says which one.
pub(crate) fn opened(
    store: &Store,
    table: Table,
    item: &Attributes,
) -> Result<Option<Attributes>, StoreError> {
    let mut opening = Opening { store, table, item, plain: item.clone() };
    match table {
        Table::AddressBooks => opening.book()?,
        Table::Users => {
            if !opening.user()? {
                return Ok(None);
            }
        }
        Table::Subscriptions => opening.subscription()?,
        Table::Sessions => opening.session()?,
        // Their keys are hashes, and nothing else in them is sealed.
        Table::ContactOwners | Table::Claims | Table::Budgets => {}
    }
    Ok(Some(opening.plain))
}

struct Opening<'a> {
    store: &'a Store,
    table: Table,
    item: &'a Attributes,
    plain: Attributes,
}

impl<'a> Opening<'a> {
    fn reader(&self) -> Reader<'a> {
        Reader { table: self.table, kind: "item", item: self.item }
    }

    fn set(&mut self, name: &str, value: AttributeValue) {
        self.plain.insert(name.to_owned(), value);
    }

    /// Returns the name that was made a part of a key.
    fn name(&self, kind: &str, part: &str, what: &'static str) -> Result<String, StoreError> {
        let name = self.store.keyring.read_name(kind, part);
        name.ok_or_else(|| self.reader().corrupt(what))
    }

    fn open(
        &mut self,
        keyring: &Keyring,
        place: Place<'_>,
        attribute: &'static str,
    ) -> Result<(), StoreError> {
        let reader = self.reader();
        let Some(stored) = reader.optional_bytes(attribute)? else { return Ok(()) };
        let opened = keyring.open(place, stored).map_err(|_| reader.corrupt(attribute))?;
        let opened = bytes(opened.into_owned());
        self.set(attribute, opened);
        Ok(())
    }

    fn book(&mut self) -> Result<(), StoreError> {
        let reader = self.reader();
        let user = self.name("user", reader.text("user_id")?, "user_id")?;
        let key = reader.text("book")?;
        let (head, suffix) = split_base(key);
        let book = format!("{}{suffix}", self.name("book", head, "book")?);
        for attribute in PACKED {
            let keyring = &self.store.keyring;
            self.open(keyring, Place { owner: &user, names: [&book, attribute] }, attribute)?;
        }
        self.set("user_id", text(user));
        self.set("book", text(book));
        Ok(())
    }

    /// Returns whether the item can be carried over.
    fn user(&mut self) -> Result<bool, StoreError> {
        let reader = self.reader();
        let key = reader.text("key")?;
        if key.starts_with(HOLDER_PREFIX) {
            return self.holder(key);
        }
        if let Some(subject) = key.strip_prefix("subject#") {
            let user = self.name("user", subject, "key")?;
            self.set("key", text(format!("subject#{user}")));
        } else if key.starts_with("id#") {
            let keyring = &self.store.keyring;
            self.open(keyring, Place { owner: key, names: ["profile", "personal"] }, "personal")?;
        } else if key != COUNTER_KEY {
            return Err(self.reader().corrupt("key"));
        }
        Ok(true)
    }

    fn holder(&mut self, key: &str) -> Result<bool, StoreError> {
        let reader = self.reader();
        let user = match reader.optional_text("user_id")? {
            Some(part) => Some(self.name("user", part, "user_id")?),
            None => None,
        };
        let digits = match self.item.get("phone") {
            Some(AttributeValue::S(digits)) if !self.store.keyring.are_there() => digits.clone(),
            Some(_) => {
                let owner = user.as_deref().unwrap_or_default();
                self.open(&self.store.keyring, phone_of(owner), "phone")?;
                let Some(AttributeValue::B(opened)) = self.plain.get("phone") else {
                    return Err(self.reader().corrupt("phone"));
                };
                let digits = String::from_utf8(opened.as_ref().to_vec());
                digits.map_err(|_| self.reader().corrupt("phone"))?
            }
            None if !self.store.keyring.are_there() => {
                key.trim_start_matches(HOLDER_PREFIX).to_owned()
            }
            None => return Ok(false),
        };
        let phone =
            numbering::Phone::stored(&digits).map_err(|_| self.reader().corrupt("phone"))?;
        if self.store.phone_keys.holder_key(phone) != key {
            return Err(self.reader().corrupt("key"));
        }
        self.set("key", text(format!("{HOLDER_PREFIX}{digits}")));
        self.set("phone", text(digits));
        self.plain.extend(user.map(|user| ("user_id".to_owned(), text(user))));
        Ok(true)
    }

    fn subscription(&mut self) -> Result<(), StoreError> {
        let reader = self.reader();
        let (pk, sk) = if reader.text("pk")?.starts_with("token#") {
            ("used_pk", "used_sk")
        } else {
            ("pk", "sk")
        };
        let user = reader.text(pk)?.strip_prefix("user#").ok_or_else(|| reader.corrupt(pk))?;
        let user = self.name("user", user, pk)?;
        self.set(pk, text(format!("user#{user}")));
        let key = reader.text(sk)?;
        if key == MUTED_SORT_KEY {
            return Ok(());
        }
        let (channel, device) = key.split_once('#').ok_or_else(|| reader.corrupt(sk))?;
        let plain_key = format!("{channel}#{}", self.name("device", device, sk)?);
        if let Some(device) = reader.optional_text("device")? {
            let device = self.name("device", device, "device")?;
            self.set("device", text(device));
        }
        self.set(sk, text(plain_key));
        Ok(())
    }

    fn session(&mut self) -> Result<(), StoreError> {
        let reader = self.reader();
        let session = reader.text("session")?;
        let keyring = &self.store.session_keys;
        self.open(keyring, Place { owner: session, names: ["session", "user"] }, "user")
    }
}

/// Returns the key of a book's head, and what its base's key has after that.
fn split_base(key: &str) -> (&str, &str) {
    key.strip_suffix(BASE_SUFFIX).map_or((key, ""), |head| (head, BASE_SUFFIX))
}

/// Returns an item of tables that aren't sealed as it is in those of `store`.
pub(crate) fn sealed(store: &Store, table: Table, plain: Attributes) -> Attributes {
    let mut sealing = Sealing { store, item: plain };
    match table {
        Table::AddressBooks => sealing.book(),
        Table::Users => sealing.user(),
        Table::Subscriptions => sealing.subscription(),
        Table::Sessions => sealing.session(),
        Table::ContactOwners | Table::Claims | Table::Budgets => {}
    }
    sealing.item
}

struct Sealing<'a> {
    store: &'a Store,
    item: Attributes,
}

impl Sealing<'_> {
    /// Returns a text of an item that was opened, and so has it where it has to be.
    fn text(&self, name: &str) -> String {
        match self.item.get(name) {
            Some(AttributeValue::S(text)) => text.clone(),
            _ => String::new(),
        }
    }

    fn set(&mut self, name: &str, value: AttributeValue) {
        self.item.insert(name.to_owned(), value);
    }

    fn seal(&mut self, keyring: &Keyring, place: Place<'_>, attribute: &str) {
        if let Some(AttributeValue::B(plain)) = self.item.get(attribute) {
            let sealed = bytes(keyring.seal(place, plain.as_ref().to_vec()));
            self.set(attribute, sealed);
        }
    }

    fn book(&mut self) {
        let (user, book) = (self.text("user_id"), self.text("book"));
        let (head, suffix) = split_base(&book);
        let keyring = &self.store.keyring;
        for attribute in PACKED {
            self.seal(keyring, Place { owner: &user, names: [&book, attribute] }, attribute);
        }
        self.set("user_id", text(keyring.name("user", &user)));
        self.set("book", text(format!("{}{suffix}", keyring.name("book", head))));
    }

    fn user(&mut self) {
        let key = self.text("key");
        let keyring = &self.store.keyring;
        if key.starts_with(HOLDER_PREFIX) {
            let (digits, user) = (self.text("phone"), self.text("user_id"));
            let phone = numbering::Phone::stored(&digits).expect("it was read as a phone");
            self.set("key", text(self.store.phone_keys.holder_key(phone)));
            if keyring.are_there() {
                self.set("phone", stored_phone(keyring, &user, phone));
            }
            if self.item.contains_key("user_id") {
                self.set("user_id", text(keyring.name("user", &user)));
            }
        } else if let Some(user) = key.strip_prefix("subject#") {
            self.set("key", text(format!("subject#{}", keyring.name("user", user))));
        } else {
            self.seal(keyring, Place { owner: &key, names: ["profile", "personal"] }, "personal");
        }
    }

    fn subscription(&mut self) {
        let keyring = &self.store.keyring;
        let (pk, sk) = if self.text("pk").starts_with("token#") {
            ("used_pk", "used_sk")
        } else {
            ("pk", "sk")
        };
        let (user, key) = (self.text(pk), self.text(sk));
        let user = user.strip_prefix("user#").unwrap_or_default();
        self.set(pk, text(format!("user#{}", keyring.name("user", user))));
        if let Some((channel, device)) = key.split_once('#') {
            self.set(sk, text(format!("{channel}#{}", keyring.name("device", device))));
        }
        if self.item.contains_key("device") {
            let device = self.text("device");
            self.set("device", text(keyring.name("device", &device)));
        }
    }

    fn session(&mut self) {
        let session = self.text("session");
        let place = Place { owner: &session, names: ["session", "user"] };
        self.seal(&self.store.session_keys, place, "user");
    }
}
