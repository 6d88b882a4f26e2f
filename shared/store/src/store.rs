//! The store: a deployment's tables, with their client and keys.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use model::Clock;

use crate::books::MAX_CHANGES_BYTES;
use crate::ids::Ids;
use crate::keyring::Keyring;
use crate::phone_keys::PhoneKeys;
use crate::tables::{Table, Tables};

/// The tables of one deployment. It implements the trait of every capability.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) client: Client,
    pub(crate) tables: Tables,
    pub(crate) keyring: Keyring,
    /// Seals the tokens of sessions.
    pub(crate) session_keys: Keyring,
    pub(crate) phone_keys: PhoneKeys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Ids,
    pub(crate) book_ttl_seconds: Option<u64>,
    pub(crate) device_book_ttl_seconds: Option<u64>,
    pub(crate) most_changes_bytes: usize,
}

impl Store {
    /// Makes a store of the tables that `client` reaches, sealed by `keyring`.
    #[must_use]
    pub fn new(
        client: Client,
        tables: Tables,
        keyring: Keyring,
        clock: impl Clock + 'static,
    ) -> Self {
        let phone_keys = PhoneKeys::from(&keyring);
        Self {
            client,
            tables,
            session_keys: keyring.clone(),
            keyring,
            phone_keys,
            clock: Arc::new(clock),
            ids: Ids::default(),
            book_ttl_seconds: None,
            device_book_ttl_seconds: None,
            most_changes_bytes: MAX_CHANGES_BYTES,
        }
    }

    /// Returns the name of a table.
    #[must_use]
    pub fn table_name(&self, table: Table) -> &str {
        self.tables.name(table)
    }

    /// Returns the same store by another clock.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Returns the same store, in which other keys seal the tokens of sessions. Tables without keys
    /// have no sessions otherwise, since anybody could write their tokens.
    #[must_use]
    pub fn with_session_keys(self, session_keys: Keyring) -> Self {
        Self { session_keys, ..self }
    }

    /// Returns the same store, in which a book expires if nobody uses it for `seconds`. Without
    /// this call books never expire.
    #[must_use]
    pub fn with_book_ttl(self, seconds: Option<u64>) -> Self {
        Self { book_ttl_seconds: seconds, ..self }
    }

    /// Returns the same store, in which a device's book expires if nobody uses it for `seconds`.
    /// Without this call a device's book expires as the global one does.
    #[must_use]
    pub fn with_device_book_ttl(self, seconds: Option<u64>) -> Self {
        Self { device_book_ttl_seconds: seconds, ..self }
    }
    /// Returns the same store, in which the head of a book holds at most `bytes` of changes. With
    /// none, each write of a book writes a new base: so tests reach what a book does rarely.
    #[must_use]
    pub fn with_most_changes_bytes(self, bytes: usize) -> Self {
        Self { most_changes_bytes: bytes, ..self }
    }
}
