//! Opened items: what a table holds, as a person can read it who has the keys.
//!
//! An opened item has the names of the stored attributes, and their values as they were before they
//! were sealed. What nobody can open is an object with one field that says why: `hash` for what is
//! only ever compared, and `sealed` for what other keys have sealed.

use aws_sdk_dynamodb::types::AttributeValue;
use model::{Entry, Scope, SessionUser};
use serde_json::{Map, Value, json};

use crate::books::opened::entries;
use crate::error::StoreError;
use crate::item::{Attributes, Reader};
use crate::phone_keys::HOLDER_PREFIX;
use crate::profile;
use crate::scan::BookKey;
use crate::sessions::opened_user;
use crate::store::Store;
use crate::tables::Table;
use crate::users::{read_held, read_phone};

impl Store {
    /// Reads the first items of a table, at most `limit`, and opens them.
    ///
    /// # Errors
    /// [`StoreError`] if the table can't be read. An item that makes no sense is shown as it is.
    pub async fn opened_items(&self, table: Table, limit: i32) -> Result<Vec<Value>, StoreError> {
        let page = self.client.scan().table_name(self.tables.name(table)).limit(limit).send().await;
        let page = page.map_err(|error| StoreError::call("Scan", table, &error))?;
        let items = page.items.unwrap_or_default();
        Ok(self.opened(table, &items))
    }

    fn opened(&self, table: Table, items: &[Attributes]) -> Vec<Value> {
        let open = |(place, item): (usize, &Attributes)| {
            let mut opened: Map<String, Value> = item
                .iter()
                .map(|(name, value)| (name.clone(), self.opened_value(table, item, name, value)))
                .collect();
            if table == Table::AddressBooks {
                // A base is the item after its head.
                self.open_contacts(item, items.get(place + 1), &mut opened);
            }
            Value::Object(opened)
        };
        items.iter().enumerate().map(open).collect()
    }

    /// Returns a value as a person can read it.
    fn opened_value(
        &self,
        table: Table,
        item: &Attributes,
        name: &str,
        value: &AttributeValue,
    ) -> Value {
        let keyring = &self.keyring;
        let stored = value.as_s().map_or("", String::as_str);
        let user = |sealed: &str| keyring.read_user(sealed).map(|user| user.as_str().to_owned());
        let opened = match (table, name) {
            (Table::AddressBooks | Table::Users, "user_id") | (Table::Claims, "recipient") => {
                user(stored).map(Value::from)
            }
            (Table::ContactOwners, "phone") if keyring.are_there() => Some(hash(stored)),
            (Table::ContactOwners, "owner") => keyring
                .parse_owner_key(stored)
                .map(|(user, scope)| json!({ "user": user.as_str(), "book": book_name(&scope) })),
            (Table::Users, "key") if keyring.are_there() && stored.starts_with(HOLDER_PREFIX) => {
                Some(hash(stored))
            }
            (Table::Users, "key") => prefixed(stored, "subject#", user),
            (Table::Users, "phone") => self.opened_phone(item),
            (Table::Users, "personal") => self.opened_personal(item),
            (Table::Subscriptions, "pk" | "used_pk") if stored.starts_with("token#") => {
                Some(hash(stored))
            }
            (Table::Subscriptions, "pk" | "used_pk") => prefixed(stored, "user#", user),
            (Table::Subscriptions, "sk" | "used_sk") => self.opened_device_key(stored),
            (Table::Subscriptions, "device") => {
                keyring.read_device(stored).map(|device| device.as_str().into())
            }
            (Table::Subscriptions, "token_hash")
            | (Table::Claims, "claim")
            | (Table::Budgets, "payer") => Some(hash(stored)),
            (Table::Budgets, "paid_for") => Some(match value {
                AttributeValue::B(receipt) => {
                    hash(&format!("a salt and checksums, {} bytes", receipt.as_ref().len()))
                }
                _ => hash(stored),
            }),
            (Table::Sessions, "user") => {
                let session = item.get("session").and_then(|id| id.as_s().ok());
                let sealed = value.as_b().map(AsRef::as_ref).unwrap_or_default();
                session.and_then(|session| opened_user(self, session, sealed)).map(session_user)
            }
            _ => return as_it_is(value),
        };
        opened.unwrap_or_else(|| sealed(value))
    }

    fn opened_phone(&self, item: &Attributes) -> Option<Value> {
        let holder = read_held(&self.keyring, item).ok()??;
        let phone = read_phone(&self.keyring, item, holder.user.as_str()).ok()?;
        Some(phone.digits().into())
    }

    fn opened_personal(&self, item: &Attributes) -> Option<Value> {
        let profile = profile::read(&self.keyring, item).ok()?;
        let mut personal = json!({ "user": profile.user, "details": profile.details });
        if let Some((phone, _)) = profile.phone {
            personal["phone"] = phone.digits().into();
        }
        Some(personal)
    }

    /// Opens the sort key of a subscription: a channel and a device.
    fn opened_device_key(&self, key: &str) -> Option<Value> {
        match key.split_once('#') {
            None => Some(key.into()),
            Some((channel, device)) => {
                let device = self.keyring.read_device(device)?;
                Some(format!("{channel}#{}", device.as_str()).into())
            }
        }
    }

    /// Opens the names and contacts of a book's item. A head gets the contacts of the whole book.
    fn open_contacts(
        &self,
        item: &Attributes,
        next: Option<&Attributes>,
        opened: &mut Map<String, Value>,
    ) {
        let key_of = |item: &Attributes| {
            let reader = Reader { table: Table::AddressBooks, kind: "book", item };
            BookKey::open(&self.keyring, reader.text("user_id").ok()?, reader.text("book").ok()?)
                .ok()
        };
        let Some(key) = key_of(item) else {
            for name in ["book", "contacts", "matches", "leaving"] {
                let value = item.get(name).map(|value| (name.to_owned(), sealed(value)));
                opened.extend(value);
            }
            return;
        };
        opened.insert("book".to_owned(), book_name(&key.scope).into());
        opened.insert("part".to_owned(), if key.is_base { "base" } else { "head" }.into());
        let base = next.filter(|next| {
            key_of(next).is_some_and(|base| base == BookKey { is_base: true, ..key.clone() })
        });
        opened.remove("matches");
        opened.remove("leaving");
        let contacts = match entries(&self.keyring, &*self.clock, &key, item, base) {
            Ok(Some(entries)) => entries.iter().map(contact).collect::<Vec<_>>().into(),
            Ok(None) => json!({ "sealed": "the base was written while the table was read" }),
            Err(_) if !key.is_base && item.contains_key("base") && base.is_none() => {
                json!({ "sealed": "the base isn't among the items that were read" })
            }
            Err(_) => item.get("contacts").map(sealed).unwrap_or_default(),
        };
        opened.insert("contacts".to_owned(), contacts);
    }
}

/// Returns the name of a book for people.
fn book_name(scope: &Scope) -> String {
    match scope {
        Scope::Global => "global".to_owned(),
        Scope::Device(udid) => format!("device {}", udid.as_str()),
    }
}

fn contact(Entry { contact, matched }: &Entry) -> Value {
    let mut opened = json!({
        "name": contact.name.as_str(),
        "phone": contact.phone.digits(),
        "spelling": contact.spelling.as_str(),
    });
    if let Some(id) = matched {
        opened["match"] = id.get().into();
    }
    opened
}

fn session_user(user: SessionUser) -> Value {
    let SessionUser { user, id, generation, proven } = user;
    let mut opened = json!({ "user": user, "id": id, "generation": generation });
    if let Some((phone, at_ms)) = proven {
        opened["proven_phone"] = phone.digits().into();
        opened["proven_at_ms"] = at_ms.into();
    }
    opened
}

/// Opens what comes after `prefix`. A key without it is shown as it is.
fn prefixed(key: &str, prefix: &str, open: impl Fn(&str) -> Option<String>) -> Option<Value> {
    match key.strip_prefix(prefix) {
        Some(sealed) => Some(format!("{prefix}{}", open(sealed)?).into()),
        None => Some(key.into()),
    }
}

/// Marks a value that is a hash, which nobody can read back.
fn hash(value: &str) -> Value {
    json!({ "hash": value })
}

/// Marks a value that these keys don't open.
fn sealed(value: &AttributeValue) -> Value {
    json!({ "sealed": as_it_is(value) })
}

fn as_it_is(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => text.as_str().into(),
        AttributeValue::N(number) => serde_json::from_str(number).unwrap_or_default(),
        AttributeValue::Bool(flag) => (*flag).into(),
        AttributeValue::B(bytes) => format!("{} bytes", bytes.as_ref().len()).into(),
        _ => Value::Null,
    }
}
