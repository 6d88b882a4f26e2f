//! Every key of every table is made, and read, here.
//!
//! | table | partition key | sort key |
//! |---|---|---|
//! | AddressBooks | `user_id`: U | `book`: B |
//! | ContactOwners | `phone`: P | `owner`: O |
//! | Users | `key`: `phone#P`, `subject#U`, `id#N` or `counter#users` | |
//! | Subscriptions | `pk`: `user#U` or `token#H` | `sk`: channel, `#` and D, or `muted`; `token` |
//! | Claims | `recipient`: U | `claim`: a hash, see [`claim_key`] |
//! | Budgets | `payer`: a hash, see [`Payer`] | |
//!
//! P is a phone, U a user id, B a book (`g`, or `d` and the device's `udid`), O a book and its user, see
//! [`plain_owner`], D a device's `udid`. Without [`Keys`] they stand there as they are; with them a
//! phone is its HMAC, and the others are sealed, see [`super::seal`].

use std::borrow::Cow;
use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::seal::Keys;
use crate::domain::{Payer, Phone, PublicId, Scope, Udid, UserId};

/// Bytes of a hash in a key. 128 bits: among all phones there are no two of one hash.
const HASH_BYTES: usize = 16;

/// How a phone becomes part of a key; the one place where it does. By default it stands there as it is.
#[derive(Clone, Default)]
pub struct PhoneKeys(Option<hmac::Key>);

impl From<Option<hmac::Key>> for PhoneKeys {
    fn from(key: Option<hmac::Key>) -> Self {
        Self(key)
    }
}

/// Hidden: the key is a secret.
impl fmt::Debug for PhoneKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneKeys(…)")
    }
}

impl PhoneKeys {
    /// The partition key of a phone's hints: 22 letters, digits, `-` and `_` for an HMAC. Text and not
    /// bytes, so that one schema serves with and without keys; the six bytes more cost no write unit.
    #[must_use]
    pub fn key(&self, phone: Phone) -> String {
        self.hash(phone.digits()).unwrap_or_else(|| phone.digits().to_owned())
    }

    /// The keyed hash of `text`; none where there is no key.
    fn hash(&self, text: &str) -> Option<String> {
        let tag = hmac::sign(self.0.as_ref()?, text.as_bytes());
        Some(URL_SAFE_NO_PAD.encode(&tag.as_ref()[..HASH_BYTES]))
    }

    /// The key of the item of Users that says who has a phone.
    #[must_use]
    pub(super) fn holder_key(&self, phone: Phone) -> String {
        format!("{HOLDER_PREFIX}{}", self.key(phone))
    }

    /// The key of a budget, which outlives its user and tells nobody whose it was. A hash in any case;
    /// what it is a hash of is no phone, so that it is the key of no phone's hints.
    pub(super) fn budget_key(&self, payer: &Payer) -> String {
        let named = match payer {
            Payer::Phone(phone) => format!("budget of +{}", phone.digits()),
            Payer::User(user) => format!("budget of {}", user.as_str()),
        };
        self.hash(&named).unwrap_or_else(|| hashed(&[&named]))
    }

    /// A hash of a set of phones, by which they are recognised.
    pub(super) fn set(&self, phones: &[Phone]) -> String {
        let mut keys: Vec<String> = phones.iter().map(|phone| self.key(*phone)).collect();
        keys.sort_unstable();
        hashed(&keys.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// What the keys of `phone#` items begin with.
pub(super) const HOLDER_PREFIX: &str = "phone#";
/// The key of the counter from which public ids and epochs are drawn.
pub(super) const COUNTER_KEY: &str = "counter#users";
/// The sort key of the item that says whose a push token is.
pub(super) const TOKEN_SORT_KEY: &str = "token";
/// The sort key of the item that says that a user doesn't want to hear of joins. No device's key: those
/// have a `#`.
pub(super) const MUTED_SORT_KEY: &str = "muted";

pub(super) fn profile_key(id: PublicId) -> String {
    format!("id#{id}")
}

impl Keys {
    /// A user id where items name it.
    pub(super) fn user<'a>(&self, user: &'a UserId) -> Cow<'a, str> {
        self.name("user", user.as_str())
    }

    pub(super) fn read_user(&self, part: &str) -> Option<UserId> {
        self.read_name("user", part)?.try_into().ok()
    }

    pub(super) fn device<'a>(&self, device: &'a Udid) -> Cow<'a, str> {
        self.name("device", device.as_str())
    }

    pub(super) fn read_device(&self, part: &str) -> Option<Udid> {
        self.read_name("device", part)?.parse().ok()
    }

    pub(super) fn subject_key(&self, user: &UserId) -> String {
        format!("subject#{}", self.user(user))
    }

    pub(super) fn subscriber_key(&self, user: &UserId) -> String {
        format!("user#{}", self.user(user))
    }

    pub(super) fn device_key(&self, channel: &str, device: &Udid) -> String {
        format!("{channel}#{}", self.device(device))
    }

    pub(super) fn book_key(&self, scope: &Scope) -> String {
        self.name("book", &plain_book(scope)).into_owned()
    }

    pub(super) fn parse_book_key(&self, key: &str) -> Option<Scope> {
        parse_plain_book(&self.read_name("book", key)?)
    }

    /// The sort key of a hint. At most 712 bytes, of the 1,024 that DynamoDB takes.
    pub(super) fn owner_key(&self, user: &UserId, scope: &Scope) -> String {
        self.name("owner", &plain_owner(user, scope)).into_owned()
    }

    pub(super) fn parse_owner_key(&self, key: &str) -> Option<(UserId, Scope)> {
        parse_plain_owner(&self.read_name("owner", key)?)
    }
}

/// A book among those of its user. A prefix keeps the global book and a device's apart, whatever its
/// `udid`.
pub(super) fn plain_book(scope: &Scope) -> String {
    match scope {
        Scope::Global => "g".to_owned(),
        Scope::Device(udid) => format!("d{}", udid.as_str()),
    }
}

fn parse_plain_book(key: &str) -> Option<Scope> {
    match key.split_at_checked(1)? {
        ("g", "") => Some(Scope::Global),
        ("d", udid) => udid.parse().ok().map(Scope::Device),
        _ => None,
    }
}

/// A book among those of all users: `g` and the user id for a global one; for a device's, `d`, the length
/// of the `udid` in bytes, a colon, the `udid` and the user id. At most 1 + 4 + 256 + 256 bytes.
fn plain_owner(user: &UserId, scope: &Scope) -> String {
    match scope {
        Scope::Global => format!("g{}", user.as_str()),
        Scope::Device(udid) => format!("d{}:{}{}", udid.as_str().len(), udid.as_str(), user.as_str()),
    }
}

fn parse_plain_owner(key: &str) -> Option<(UserId, Scope)> {
    match key.split_at_checked(1)? {
        ("g", user) => Some((user.parse().ok()?, Scope::Global)),
        ("d", rest) => {
            let (length, rest) = rest.split_once(':')?;
            let (udid, user) = rest.split_at_checked(length.parse().ok()?)?;
            Some((user.parse().ok()?, Scope::Device(udid.parse().ok()?)))
        }
        _ => None,
    }
}

/// A push token is a secret of its device: only its hash is stored.
pub(super) fn token_hash(token: &str) -> String {
    hashed(&[token])
}

pub(super) fn token_key(hash: &str) -> String {
    format!("token#{hash}")
}

/// The sort key of a claim on the push that tells `device` of `joiner` having `phone`.
#[must_use]
pub fn claim_key(joiner: &UserId, phone_key: &str, device: &Udid) -> String {
    hashed(&[joiner.as_str(), phone_key, device.as_str()])
}

/// 128 bits of SHA-256 over the parts, each with its length, so that no two lists look alike.
fn hashed(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..HASH_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secret() -> Keys {
        Keys::generate_secret().parse().expect("a secret")
    }

    proptest! {
        #[test]
        fn keys_of_books_and_owners_can_be_read_back(user in ".{1,40}", udid in ".{0,64}") {
            let user: UserId = user.parse().expect("a user");
            let scope = udid.parse().map_or(Scope::Global, Scope::Device);
            for keys in [Keys::default(), secret()] {
                prop_assert_eq!(keys.parse_book_key(&keys.book_key(&scope)), Some(scope.clone()));
                prop_assert_eq!(keys.parse_owner_key(&keys.owner_key(&user, &scope)), Some((user.clone(), scope.clone())));
                prop_assert_eq!(keys.read_user(&keys.user(&user)), Some(user.clone()));
            }
        }

        #[test]
        fn broken_keys_are_none_and_never_panic(key in ".{0,24}") {
            for keys in [Keys::default(), secret()] {
                let _ = (keys.parse_book_key(&key), keys.parse_owner_key(&key), keys.read_device(&key));
            }
        }
    }

    #[test]
    fn the_longest_names_make_keys_that_dynamodb_takes() {
        let (user, udid) = ("x".repeat(256), "📱".repeat(64));
        let scope = Scope::Device(udid.parse().expect("a udid"));
        assert!(secret().owner_key(&user.parse().expect("a user"), &scope).len() <= 712);
    }

    #[test]
    fn a_device_can_not_pose_as_another_users_book() {
        let keys = Keys::default();
        let user = |id: &str| id.parse::<UserId>().expect("a user");
        let device = |udid: &str| Scope::Device(udid.parse().expect("a udid"));
        assert_ne!(keys.owner_key(&user("bob"), &device("xy")), keys.owner_key(&user("ybob"), &device("x")));
        assert_ne!(keys.owner_key(&user("2:xybob"), &Scope::Global), keys.owner_key(&user("bob"), &device("xy")));
        assert_ne!(keys.book_key(&Scope::Global), keys.book_key(&device("g")));
    }

    #[test]
    fn a_phone_in_a_key_is_its_hmac_under_the_secret() {
        let phone: Phone = "16505550123".parse().expect("a phone");
        let (plain, one, other) = (PhoneKeys::default(), secret().phones(), secret().phones());
        assert_eq!(plain.key(phone), "16505550123");
        assert_eq!((one.key(phone).len(), one.key(phone)), (22, one.key(phone)));
        assert_ne!(one.key(phone), other.key(phone));
        let payer = Payer::Phone(phone);
        assert_ne!(one.budget_key(&payer), one.key(phone));
        assert!(!plain.budget_key(&payer).contains("6505550123"), "a hash even without keys");
    }
}
