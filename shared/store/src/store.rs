//! The store: a deployment's tables, with their client and keys.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use model::Clock;

use crate::keyring::Keyring;
use crate::phone_keys::PhoneKeys;
use crate::tables::Tables;

/// The tables of one deployment. It implements the trait of every capability.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) client: Client,
    pub(crate) tables: Tables,
    pub(crate) keyring: Keyring,
    pub(crate) phone_keys: PhoneKeys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) book_ttl_seconds: Option<u64>,
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
        Self { client, tables, keyring, phone_keys, clock: Arc::new(clock), book_ttl_seconds: None }
    }

    /// Returns the same store, in which a book expires if nobody uses it for `seconds`. Without
    /// this call books never expire.
    #[must_use]
    pub fn with_book_ttl(self, seconds: Option<u64>) -> Self {
        Self { book_ttl_seconds: seconds, ..self }
    }
}
