//! Every key of every table is made, and read, here.
//!
//! | table | partition key | sort key |
//! |---|---|---|
//! | AddressBooks | `user_id` | `book`: `g`, or `d` and the device's `udid` |
//! | ContactOwners | `phone` | `owner`: book and user, see [`owner_key`] |
//! | Users | `key`: `phone#P`, `subject#S`, `id#N` or `counter#users` | |
//! | Subscriptions | `pk`: `user#S` or `token#H` | `sk`: channel and device, or `muted`; `token` |
//! | Claims | `recipient`: a user id | `claim`: a hash, see [`claim_key`] |

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::domain::{Phone, PublicId, Scope, Udid, UserId};

/// How a phone becomes part of a key; the one place where it does.
#[derive(Clone, Debug, Default)]
pub struct PhoneKeys;

impl PhoneKeys {
    /// The partition key of a phone's hints.
    #[must_use]
    pub fn key(&self, phone: Phone) -> String {
        phone.digits().to_owned()
    }

    /// The key of the item of Users that says who has a phone.
    #[must_use]
    pub(super) fn holder_key(&self, phone: Phone) -> String {
        format!("{HOLDER_PREFIX}{}", self.key(phone))
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

pub(super) fn subject_key(user: &UserId) -> String {
    format!("subject#{}", user.as_str())
}

pub(super) fn profile_key(id: PublicId) -> String {
    format!("id#{id}")
}

/// The sort key of a book. A prefix keeps the global book and a device's apart, whatever its `udid`.
pub(super) fn book_key(scope: &Scope) -> String {
    match scope {
        Scope::Global => "g".to_owned(),
        Scope::Device(udid) => format!("d{}", udid.as_str()),
    }
}

pub(super) fn parse_book_key(key: &str) -> Option<Scope> {
    match key.split_at_checked(1)? {
        ("g", "") => Some(Scope::Global),
        ("d", udid) => udid.parse().ok().map(Scope::Device),
        _ => None,
    }
}

/// The sort key of a hint: `g` and the user id for a global book; for a device's, `d`, the length of
/// the `udid` in bytes, a colon, the `udid` and the user id. At most 1 + 4 + 256 + 256 bytes.
pub(super) fn owner_key(user: &UserId, scope: &Scope) -> String {
    match scope {
        Scope::Global => format!("g{}", user.as_str()),
        Scope::Device(udid) => format!("d{}:{}{}", udid.as_str().len(), udid.as_str(), user.as_str()),
    }
}

pub(super) fn parse_owner_key(key: &str) -> Option<(UserId, Scope)> {
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

pub(super) fn subscriber_key(user: &UserId) -> String {
    format!("user#{}", user.as_str())
}

pub(super) fn device_key(channel: &str, device: &Udid) -> String {
    format!("{channel}#{}", device.as_str())
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
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_of_books_and_owners_can_be_read_back(user in ".{1,40}", udid in ".{0,64}") {
            let user: UserId = user.parse().expect("a user");
            let scope = udid.parse().map_or(Scope::Global, Scope::Device);
            prop_assert_eq!(parse_book_key(&book_key(&scope)), Some(scope.clone()));
            prop_assert_eq!(parse_owner_key(&owner_key(&user, &scope)), Some((user, scope)));
        }

        #[test]
        fn broken_keys_are_none_and_never_panic(key in ".{0,24}") {
            let _ = (parse_book_key(&key), parse_owner_key(&key));
        }
    }

    #[test]
    fn a_device_can_not_pose_as_another_users_book() {
        let user = |id: &str| id.parse::<UserId>().expect("a user");
        let device = |udid: &str| Scope::Device(udid.parse().expect("a udid"));
        assert_ne!(owner_key(&user("bob"), &device("xy")), owner_key(&user("ybob"), &device("x")));
        assert_ne!(owner_key(&user("2:xybob"), &Scope::Global), owner_key(&user("bob"), &device("xy")));
        assert_ne!(book_key(&Scope::Global), book_key(&device("g")));
    }
}
