//! Sealing: a person who has the tables without the keys can read no number, no name and no
//! subject.
//!
//! There are three needs and three ways. The keys of all three come from one secret (see
//! [`Keyring::from_str`]):
//!
//! - A **phone in a key** is its HMAC-SHA-256 (`PhoneKeys`), because it is looked up and never read
//!   back.
//! - **Other names in keys** (users, books, devices) are read back, and the same name has to give
//!   the same key. They are sealed by AES-256-GCM-SIV (RFC 8452) under a fixed nonce, which shows
//!   which names are equal, and nothing else.
//! - **Everything else** is sealed by AES-256-GCM under a random nonce and a key of its user's own.
//!   Its place in the tables is bound to it, so that sealed bytes mean nothing in any other place.
//!
//! The first two use the *index* key, the third uses the *current* key. The sealed bytes begin with
//! the id of their key, so that what an older key sealed can still be read, and new values are
//! sealed with the current one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::aead::{
    AES_256_GCM, AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, RandomizedNonceKey,
};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Okm, Prk, Salt};
use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The first byte of a sealed value. No packed book, no JSON and no digits begin with it.
const SEALED: u8 = 0x80;
/// How many bytes come before the nonce: [`SEALED`] and the key's id.
const HEADER_BYTES: usize = 2;
/// How many bytes an authentication tag has, in both ciphers.
const TAG_BYTES: usize = 16;
/// How many bytes longer sealing makes a value.
pub(crate) const SEAL_BYTES: usize = HEADER_BYTES + NONCE_LEN + TAG_BYTES;
/// Fewest characters of a key's material. 32 random letters and digits are 190 bits.
const MIN_MATERIAL_CHARS: usize = 32;
/// The salt that keeps this software's keys apart from those that other software derives.
const SALT: &[u8] = b"address-book";

/// The text isn't a valid secret of [`Keyring`]. The error never quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// The secret isn't a JSON object of strings.
    #[error("the secret isn't a JSON object of strings")]
    Format,
    /// The secret doesn't say which key has this role, or doesn't have that key.
    #[error("the secret has no key for \"{0}\"")]
    Role(&'static str),
    /// A key's name isn't a number from 1 to 255, or its material is shorter than 32 characters.
    #[error("a key in the secret has a bad name, or fewer than {MIN_MATERIAL_CHARS} characters")]
    Key,
}

/// The bytes were tampered with, are in the wrong place, or were sealed with a key that isn't
/// there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SealError;

/// The place of a value, which is bound to it: whose it is, and the names of its item and
/// attribute.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The user whose key seals the value.
    pub owner: &'a str,
    /// The item among the owner's items, and the attribute.
    pub names: [&'a str; 2],
}

/// The keys of a deployment. The default has no keys and seals nothing.
#[derive(Clone, Default)]
pub struct Keyring(Option<Arc<Ring>>);

struct Ring {
    phones: hmac::Key,
    names: LessSafeKey,
    current: u8,
    roots: BTreeMap<u8, Prk>,
}

/// Hides the keys, because they are secrets.
impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Keyring(…)" } else { "Keyring(none)" })
    }
}

impl FromStr for Keyring {
    type Err = KeyringError;

    /// Reads a secret: `{"index": "1", "current": "2", "1": "material", "2": "material"}`. Keys are
    /// named by numbers from 1 to 255. The material is any random text of 32 characters or more,
    /// such as CloudFormation generates.
    fn from_str(secret: &str) -> Result<Self, KeyringError> {
        let fields: BTreeMap<String, String> =
            serde_json::from_str(secret).map_err(|_| KeyringError::Format)?;
        let salt = Salt::new(HKDF_SHA256, SALT);
        let mut roots = BTreeMap::new();
        for (name, material) in
            fields.iter().filter(|(name, _)| !["index", "current"].contains(&name.as_str()))
        {
            let id =
                name.parse().ok().filter(|id: &u8| *id > 0 && material.len() >= MIN_MATERIAL_CHARS);
            roots.insert(id.ok_or(KeyringError::Key)?, salt.extract(material.as_bytes()));
        }
        let role = |role: &'static str| {
            let id =
                fields.get(role).and_then(|id| id.parse().ok()).filter(|id| roots.contains_key(id));
            id.ok_or(KeyringError::Role(role))
        };
        let (index, current) = (&roots[&role("index")?], role("current")?);
        let phones: hmac::Key = derived(index, "phones", "", hmac::HMAC_SHA256, |okm| okm.into());
        let names =
            LessSafeKey::new(derived(index, "names", "", &AES_256_GCM_SIV, |okm| okm.into()));
        Ok(Self(Some(Arc::new(Ring { phones, names, current, roots }))))
    }
}

/// Derives from `root` the key for a purpose and a user.
fn derived<L: KeyType, K>(
    root: &Prk,
    purpose: &str,
    user: &str,
    kind: L,
    read: impl FnOnce(Okm<'_, L>) -> K,
) -> K {
    let info = [purpose.as_bytes(), b"\0", user.as_bytes()];
    read(root.expand(&info, kind).expect("32 bytes are less than HKDF's limit"))
}

impl Keyring {
    /// Returns a new random secret with one key.
    ///
    /// # Panics
    /// If the machine has no source of randomness.
    #[must_use]
    pub fn generate_secret() -> String {
        let mut material = [0; 32];
        rand::fill(&mut material).expect("the machine has a source of randomness");
        format!(r#"{{"index":"1","current":"1","1":"{}"}}"#, URL_SAFE_NO_PAD.encode(material))
    }

    /// Returns a secret with a new random key, which seals everything from then on and is in the keys
    /// of items. The keys of `old` stay in it, to open what they sealed, such as the tokens of
    /// sessions.
    ///
    /// # Errors
    /// [`KeyringError`] if `old` isn't a secret, or has all 255 keys that there can be.
    pub fn next_secret(old: &str) -> Result<String, KeyringError> {
        old.parse::<Self>()?;
        let mut fields: BTreeMap<String, String> =
            serde_json::from_str(old).map_err(|_| KeyringError::Format)?;
        let id = (1..=u8::MAX).map(|id| id.to_string()).find(|id| !fields.contains_key(id));
        let id = id.ok_or(KeyringError::Key)?;
        let mut material = [0; 32];
        rand::fill(&mut material).expect("the machine has a source of randomness");
        fields.insert(id.clone(), URL_SAFE_NO_PAD.encode(material));
        for role in ["index", "current"] {
            fields.insert(role.to_owned(), id.clone());
        }
        Ok(serde_json::to_string(&fields).expect("texts are JSON"))
    }

    /// Returns the key of the HMACs of phones, or nothing if there are no keys.
    pub(crate) fn phone_hmac(&self) -> Option<&hmac::Key> {
        self.0.as_ref().map(|ring| &ring.phones)
    }

    /// Returns whether there are keys, so that anything is sealed at all.
    #[must_use]
    pub fn are_there(&self) -> bool {
        self.0.is_some()
    }

    /// Returns a name as a part of a key. `kind` keeps equal names of two kinds apart.
    pub(crate) fn name<'a>(&self, kind: &str, name: &'a str) -> Cow<'a, str> {
        let Some(ring) = &self.0 else { return Cow::Borrowed(name) };
        let mut bytes = name.as_bytes().to_vec();
        let sealed = ring.names.seal_in_place_append_tag(
            fixed_nonce(),
            Aad::from(kind.as_bytes()),
            &mut bytes,
        );
        sealed.expect("a name is far below the cipher's limit");
        Cow::Owned(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads back a name that [`Keyring::name`] made a part of a key.
    pub(crate) fn read_name(&self, kind: &str, part: &str) -> Option<String> {
        let Some(ring) = &self.0 else { return Some(part.to_owned()) };
        let mut bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
        let name =
            ring.names.open_in_place(fixed_nonce(), Aad::from(kind.as_bytes()), &mut bytes).ok()?;
        String::from_utf8(name.to_vec()).ok()
    }

    /// Seals `plain` for its place. Returns it as it is if there are no keys.
    pub(crate) fn seal(&self, place: Place<'_>, plain: Vec<u8>) -> Vec<u8> {
        let Some(ring) = &self.0 else { return plain };
        let mut bytes = plain;
        let key = content_key(&ring.roots[&ring.current], place.owner);
        let nonce = key.seal_in_place_append_tag(Aad::from(bound(place)), &mut bytes);
        let nonce = nonce.expect("a value of an item is far below the cipher's limit");
        [&[SEALED, ring.current], nonce.as_ref().as_slice(), &bytes].concat()
    }

    /// Seals a text into a text, for its `purpose`. Returns it as it is if there are no keys.
    #[must_use]
    pub fn seal_text(&self, purpose: &str, text: String) -> String {
        if !self.are_there() {
            return text;
        }
        URL_SAFE_NO_PAD
            .encode(self.seal(Place { owner: "", names: [purpose, ""] }, text.into_bytes()))
    }

    /// Opens a text that [`Keyring::seal_text`] sealed.
    #[must_use]
    pub fn open_text(&self, purpose: &str, sealed: &str) -> Option<String> {
        if !self.are_there() {
            return Some(sealed.to_owned());
        }
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let opened = self.open(Place { owner: "", names: [purpose, ""] }, &bytes).ok()?;
        String::from_utf8(opened.into_owned()).ok()
    }

    /// Opens what [`Keyring::seal`] sealed for this place. If there are keys, bytes that aren't
    /// sealed are an error. If there are none, sealed bytes are an error.
    pub(crate) fn open<'a>(
        &self,
        place: Place<'_>,
        stored: &'a [u8],
    ) -> Result<Cow<'a, [u8]>, SealError> {
        let Some(ring) = &self.0 else {
            return if stored.first() == Some(&SEALED) {
                Err(SealError)
            } else {
                Ok(Cow::Borrowed(stored))
            };
        };
        let Some(([SEALED, id], rest)) = stored.split_first_chunk() else { return Err(SealError) };
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
        let key = content_key(ring.roots.get(id).ok_or(SealError)?, place.owner);
        let mut bytes = sealed.to_vec();
        let plain = key.open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(bound(place)),
            &mut bytes,
        );
        let length = plain.map_err(|_| SealError)?.len();
        bytes.truncate(length);
        Ok(Cow::Owned(bytes))
    }
}

fn content_key(root: &Prk, owner: &str) -> RandomizedNonceKey {
    let mut bytes = [0; 32];
    derived(root, "contents", owner, HKDF_SHA256, |okm| okm.fill(&mut bytes))
        .expect("the key has 32 bytes");
    RandomizedNonceKey::new(&AES_256_GCM, &bytes).expect("the key has 32 bytes")
}

fn fixed_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

/// Returns the place as bytes. Each name comes with its length, so that no two places give the same
/// bytes.
fn bound(place: Place<'_>) -> Vec<u8> {
    let Place { owner, names: [item, attribute] } = place;
    let named = |name: &str| [&(name.len() as u64).to_be_bytes()[..], name.as_bytes()].concat();
    [owner, item, attribute].map(named).concat()
}

#[cfg(test)]
mod tests;
