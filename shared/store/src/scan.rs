//! Scanning: reading all items of a table, for callers that have to look at everything.
//!
//! A scan is eventually consistent, and tells nothing of two items at the same moment. So what looks
//! wrong in it has to be read again before it is believed.

use futures::stream::{self, Stream, StreamExt};
use model::{Holder, Profile, Scope, Subscription, UserId, hide_debug};
use numbering::Phone;
use sha2::{Digest, Sha256};

use crate::accounts::Subject;
use crate::error::StoreError;
use crate::item::{Attributes, Reader};
use crate::keyring::Keyring;
use crate::keys::{BASE_SUFFIX, COUNTER_KEY, MUTED_SORT_KEY, profile_key};
use crate::phone_keys::HOLDER_PREFIX;
use crate::store::Store;
use crate::tables::Table;
use crate::tokens::TokenUse;
use crate::users::{read_held, read_phone};
use crate::{profile, subscriptions};

/// A kind of item that can be scanned.
pub trait Scanned: Send + 'static + reading::Read {}

mod reading {
    use super::{Attributes, Store, StoreError, Table};

    /// Reads one item. Only this crate knows what items look like.
    pub trait Read: Sized {
        const TABLE: Table;
        /// The attributes to read; all, if it names none.
        const ATTRIBUTES: &'static [&'static str];
        fn read(store: &Store, item: &Attributes) -> Result<Self, StoreError>;
    }
}

/// A page of a scan: its items, and errors for those that can't be read.
pub type ScanPage<T> = Vec<Result<T, StoreError>>;

impl Store {
    /// Reads all items of a table, in so many segments at once. The pages of different segments come
    /// in no particular order. Items with the same partition key are in one segment, one after the
    /// other in the order of their sort keys.
    ///
    /// # Errors
    /// [`StoreError`] in place of a page, which ends its segment.
    pub fn scan<T: Scanned>(
        &self,
        segments: u16,
    ) -> impl Stream<Item = Result<ScanPage<T>, StoreError>> + Send + '_ {
        stream::select_all(
            (0..segments).map(|segment| self.scan_segment(segment, segments).boxed()),
        )
    }

    fn scan_segment<T: Scanned>(
        &self,
        segment: u16,
        of: u16,
    ) -> impl Stream<Item = Result<ScanPage<T>, StoreError>> + Send + '_ {
        stream::try_unfold(Some(None), move |from: Option<Option<Attributes>>| async move {
            let Some(from) = from else { return Ok(None) };
            let mut scan = self
                .client
                .scan()
                .table_name(self.tables.name(T::TABLE))
                .segment(i32::from(segment))
                .total_segments(i32::from(of))
                .set_exclusive_start_key(from);
            if !T::ATTRIBUTES.is_empty() {
                let names: Vec<String> =
                    T::ATTRIBUTES.iter().map(|name| format!("#{name}")).collect();
                scan = scan.projection_expression(names.join(", "));
                for (name, placeholder) in T::ATTRIBUTES.iter().zip(names) {
                    scan = scan.expression_attribute_names(placeholder, *name);
                }
            }
            let page =
                scan.send().await.map_err(|error| StoreError::call("Scan", T::TABLE, &error))?;
            let items = page.items.unwrap_or_default();
            let items = items.iter().map(|item| T::read(self, item)).collect();
            Ok(Some((items, page.last_evaluated_key.map(Some))))
        })
    }
}

/// An item of Users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserItem {
    /// Who has a phone.
    Holder {
        phone: Phone,
        holder: Holder,
    },
    /// The mark of a phone that was forgotten.
    Forgotten {
        mark: MarkId,
        /// Absent if the mark was made by a build that didn't keep it.
        phone: Option<Phone>,
    },
    /// The public id of a subject.
    Subject {
        user: UserId,
        subject: Subject,
    },
    Profile(Box<Profile>),
    /// The number up to which public ids are drawn.
    Counter(u64),
}

impl Scanned for UserItem {}
impl reading::Read for UserItem {
    const TABLE: Table = Table::Users;
    const ATTRIBUTES: &'static [&'static str] = &[];

    fn read(store: &Store, item: &Attributes) -> Result<Self, StoreError> {
        let reader = |kind| Reader { table: Self::TABLE, kind, item };
        let key = reader("user").text("key")?;
        let keyring = &store.keyring;
        if key == COUNTER_KEY {
            return Ok(Self::Counter(reader("counter").number("drawn")?));
        }
        if key.starts_with(HOLDER_PREFIX) {
            let Some(holder) = read_held(keyring, item)? else {
                let phone = item.get("phone").map(|_| read_phone(keyring, item, ""));
                return Ok(Self::Forgotten {
                    mark: MarkId(key.to_owned()),
                    phone: phone.transpose()?,
                });
            };
            let phone = read_phone(keyring, item, holder.user.as_str())?;
            if store.phone_keys.holder_key(phone) != key {
                return Err(reader("holder").corrupt("key"));
            }
            return Ok(Self::Holder { phone, holder });
        }
        if let Some(subject) = key.strip_prefix("subject#") {
            let reader = reader("subject");
            let user = keyring.read_user(subject).ok_or_else(|| reader.corrupt("key"))?;
            return Ok(Self::Subject { user, subject: Subject::read(&reader)? });
        }
        let profile = profile::read(keyring, item)?;
        if profile_key(profile.id) != key {
            return Err(reader("profile").corrupt("key"));
        }
        Ok(Self::Profile(Box::new(profile)))
    }
}

/// Stands for the mark of a forgotten phone: no two forms of phones have the same one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MarkId(pub(crate) String);

// Unless the tables are sealed, it holds the phone.
hide_debug!(MarkId);

/// The key of an item of AddressBooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookKey {
    pub user: UserId,
    pub scope: Scope,
    /// Whether it is a base. Otherwise it is a head.
    pub is_base: bool,
}

impl Scanned for BookKey {}
impl reading::Read for BookKey {
    const TABLE: Table = Table::AddressBooks;
    const ATTRIBUTES: &'static [&'static str] = &["user_id", "book"];

    fn read(store: &Store, item: &Attributes) -> Result<Self, StoreError> {
        let reader = Reader { table: Self::TABLE, kind: "book", item };
        let opened = Self::open(&store.keyring, reader.text("user_id")?, reader.text("book")?);
        opened.map_err(|attribute| reader.corrupt(attribute))
    }
}

impl BookKey {
    /// Reads the two attributes of the key.
    ///
    /// # Errors
    /// The name of the attribute that doesn't make sense, or is sealed with other keys.
    pub fn open(keyring: &Keyring, user_id: &str, book: &str) -> Result<Self, &'static str> {
        let (head, is_base) =
            book.strip_suffix(BASE_SUFFIX).map_or((book, false), |head| (head, true));
        let user = keyring.read_user(user_id).ok_or("user_id")?;
        let scope = keyring.parse_book_key(head).ok_or("book")?;
        Ok(Self { user, scope, is_base })
    }
}

/// Stands for a hint: no two hints of a table have the same one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HintId(u128);

impl HintId {
    pub(crate) fn new(phone_key: &str, owner_key: &str) -> Self {
        let hash = Sha256::new().chain_update(phone_key).chain_update([0]).chain_update(owner_key);
        let hash: [u8; 32] = hash.finalize().into();
        Self(u128::from_be_bytes(*hash.first_chunk().expect("32 bytes begin with 16")))
    }
}

hide_debug!(HintId);

/// A hint as it is stored. Its phone can't be read back if the tables are sealed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ScannedHint {
    /// The owner of the book that may hold the phone.
    pub user: UserId,
    pub scope: Scope,
    /// The version of the book for which the hint was written.
    pub version: u64,
    pub(crate) phone_key: String,
    pub(crate) owner_key: String,
}

hide_debug!(ScannedHint);

impl ScannedHint {
    /// Returns what stands for this hint.
    #[must_use]
    pub fn id(&self) -> HintId {
        HintId::new(&self.phone_key, &self.owner_key)
    }
}

impl Scanned for ScannedHint {}
impl reading::Read for ScannedHint {
    const TABLE: Table = Table::ContactOwners;
    const ATTRIBUTES: &'static [&'static str] = &[];

    fn read(store: &Store, item: &Attributes) -> Result<Self, StoreError> {
        let reader = Reader { table: Self::TABLE, kind: "hint", item };
        let owner_key = reader.text("owner")?.to_owned();
        let owner = store.keyring.parse_owner_key(&owner_key);
        let (user, scope) = owner.ok_or_else(|| reader.corrupt("owner"))?;
        let phone_key = reader.text("phone")?.to_owned();
        Ok(Self { user, scope, version: reader.number("version")?, phone_key, owner_key })
    }
}

/// An item of Subscriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionItem {
    Device(Box<Subscription>),
    /// The user doesn't want to be told of joins.
    Muted(UserId),
    /// Who the push token of this hash belongs to.
    Token {
        hash: String,
        used: TokenUse,
    },
}

impl Scanned for SubscriptionItem {}
impl reading::Read for SubscriptionItem {
    const TABLE: Table = Table::Subscriptions;
    const ATTRIBUTES: &'static [&'static str] = &[];

    fn read(store: &Store, item: &Attributes) -> Result<Self, StoreError> {
        let reader = Reader { table: Self::TABLE, kind: "subscription", item };
        let key = reader.text("pk")?;
        if let Some(hash) = key.strip_prefix("token#") {
            return Ok(Self::Token { hash: hash.to_owned(), used: TokenUse::read(item)? });
        }
        let user = key.strip_prefix("user#").and_then(|user| store.keyring.read_user(user));
        let user = user.ok_or_else(|| reader.corrupt("pk"))?;
        if reader.text("sk")? == MUTED_SORT_KEY {
            return Ok(Self::Muted(user));
        }
        Ok(Self::Device(Box::new(subscriptions::read(&store.keyring, &user, item)?)))
    }
}

/// A claim as it is stored: whose push it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimItem {
    pub recipient: UserId,
}

impl Scanned for ClaimItem {}
impl reading::Read for ClaimItem {
    const TABLE: Table = Table::Claims;
    const ATTRIBUTES: &'static [&'static str] = &["recipient"];

    fn read(store: &Store, item: &Attributes) -> Result<Self, StoreError> {
        let reader = Reader { table: Self::TABLE, kind: "claim", item };
        let recipient = store.keyring.read_user(reader.text("recipient")?);
        Ok(Self { recipient: recipient.ok_or_else(|| reader.corrupt("recipient"))? })
    }
}
