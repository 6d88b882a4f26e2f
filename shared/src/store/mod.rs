//! The tables: keys, items, conditions and conflicts. No `AttributeValue` leaves this module.
//!
//! One trait per capability, so that a function takes just what its IAM policy allows; [`Store`]
//! has them all. A write that loses against another one is a value ([`Outcome::Conflict`]), never
//! an error: what to do about it is for the protocol to say.

mod accounts;
mod backoff;
mod batch;
mod books;
mod budgets;
mod claims;
mod error;
mod item;
mod keys;
mod owners;
mod packed;
mod profile;
mod seal;
mod subscriptions;
mod tokens;
mod users;

pub use accounts::{AccountChange, AccountStore, Subject, Target};
pub use backoff::Backoff;
pub use books::{BookKeeper, BookReader, BookStore, Life, StoredBook};
pub use budgets::{Bucket, BudgetStore};
pub use claims::{Claim, ClaimKey, ClaimStore, Claimed};
pub use error::StoreError;
pub use keys::{PhoneKeys, claim_key};
pub use owners::{Hint, OwnerIndex, OwnerPage, OwnerRange};
pub use packed::{PackError, fits, pack_contacts, pack_matches, unpack};
pub use profile::{Details, Profile};
pub use seal::{Keys, KeysError};
pub use subscriptions::{Channel, Environment, Platform, Subscription, SubscriptionStore, SubscriptionWrite};
pub use tokens::TokenUse;
pub use users::{HolderReader, ProfileReader, holder_of_image};

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::Client;

/// The names of the tables of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Books, by user and scope.
    pub address_books: String,
    /// Who has a phone in which book.
    pub contact_owners: String,
    /// Users, by phone, by subject and by public id.
    pub users: String,
    /// Devices to push to.
    pub subscriptions: String,
    /// Pushes that were sent or are being sent.
    pub claims: String,
    /// How many new numbers people have added of late.
    pub budgets: String,
}

/// Whether a conditional write happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// It did.
    Done,
    /// Somebody else wrote first; nothing was written.
    Conflict,
}

/// The tables, as one deployment has them.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    tables: Tables,
    keys: Keys,
    phone_keys: PhoneKeys,
    book_ttl_seconds: Option<u64>,
}

impl Store {
    /// The tables that `client` reaches, sealed by `keys`.
    #[must_use]
    pub fn new(client: Client, tables: Tables, keys: Keys) -> Self {
        let phone_keys = keys.phones();
        Self { client, tables, keys, phone_keys, book_ttl_seconds: None }
    }

    /// The same tables, in which books go that nobody has used for so long; without this they stay.
    #[must_use]
    pub fn with_book_ttl(self, seconds: Option<u64>) -> Self {
        Self { book_ttl_seconds: seconds, ..self }
    }
}

/// Seconds since 1970, as DynamoDB's time-to-live wants them.
fn now_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}
