//! Phone keys: phones as parts of keys. This is the only place where a phone becomes one.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{Payer, hide_debug};
use numbering::Phone;
use sha2::{Digest, Sha256};

use crate::keyring::Keyring;

/// What the keys of `phone#` items begin with.
pub(crate) const HOLDER_PREFIX: &str = "phone#";
/// Bytes of a hash in a key. With 128 bits, no two of all phones have the same hash.
const HASH_BYTES: usize = 16;

/// Makes phones into parts of keys. By default, a phone is in the key as it is.
#[derive(Clone, Default)]
pub(crate) struct PhoneKeys(Option<hmac::Key>);

impl From<&Keyring> for PhoneKeys {
    fn from(keyring: &Keyring) -> Self {
        Self(keyring.phone_hmac().cloned())
    }
}

hide_debug!(PhoneKeys);

impl PhoneKeys {
    /// Returns the partition key of a phone's hints. An HMAC is 22 letters, digits, `-` and `_`. It
    /// is text and not bytes, so that the schema is the same with and without keys. The six bytes
    /// more cost no write unit.
    pub(crate) fn key(&self, phone: Phone) -> String {
        self.hash(phone.digits()).unwrap_or_else(|| phone.digits().to_owned())
    }

    /// Returns the keyed hash of `text`, or nothing if there is no key.
    fn hash(&self, text: &str) -> Option<String> {
        let tag = hmac::sign(self.0.as_ref()?, text.as_bytes());
        Some(URL_SAFE_NO_PAD.encode(&tag.as_ref()[..HASH_BYTES]))
    }

    /// Returns the key of the item of Users that says who has a phone.
    pub(crate) fn holder_key(&self, phone: Phone) -> String {
        format!("{HOLDER_PREFIX}{}", self.key(phone))
    }

    /// Returns the key of a budget, which outlives its user and shows nobody whose it was. It is a
    /// hash even without keys. The hashed text isn't a bare phone, so it is never the key of a
    /// phone's hints.
    pub(crate) fn budget_key(&self, payer: &Payer) -> String {
        self.mark(&named("budget", payer))
    }

    /// Returns the key of the bucket of changes of holders, which is a hash like that of a budget.
    pub(crate) fn changes_key(&self, payer: &Payer) -> String {
        self.mark(&named("holder changes", payer))
    }

    /// Returns a hash by which `text` is recognised, and that shows nobody what it was.
    pub(crate) fn mark(&self, text: &str) -> String {
        self.hash(text).unwrap_or_else(|| hashed(&[text]))
    }
}

fn named(purpose: &str, payer: &Payer) -> String {
    match payer {
        Payer::Phone(phone) => format!("{purpose} of +{}", phone.digits()),
        Payer::User(user) => format!("{purpose} of {}", user.as_str()),
    }
}

/// Returns 128 bits of SHA-256 over the parts. Each part is hashed with its length, so that no two
/// lists give the same bytes.
#[must_use]
pub fn hashed(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..HASH_BYTES])
}
