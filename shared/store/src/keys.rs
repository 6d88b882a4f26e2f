//! Keys: makes and reads every key of every table.
//!
//! | table | partition key | sort key |
//! |---|---|---|
//! | AddressBooks | `user_id`: U | `book`: B, and for a base also [`BASE_SUFFIX`] |
//! | ContactOwners | `phone`: P | `owner`: O |
//! | Users | `key`: `phone#P`, `subject#U`, `id#N` or `counter#users` | |
//! | Subscriptions | `pk`: `user#U` or `token#H` | `sk`: channel, `#` and D, or `muted`; `token` |
//! | Claims | `recipient`: U | `claim`: a hash, see `claims.rs` |
//! | Budgets | `payer`: a hash, see `PhoneKeys::budget_key` and `PhoneKeys::changes_key` | |
//! | Sessions | `session`: a session's random id | |
//!
//! P is a phone, U a user id, B a book (see [`plain_book`]), O a book and its user
//! (see [`plain_owner`]), D a device's `udid`. With an empty [`Keyring`] they are readable. With
//! keys, a phone becomes its HMAC and the others are sealed (`keyring.rs`).

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{Channel, PublicId, Scope, Subscription, Udid, UserId};

use crate::item::{Attributes, item, text};
use crate::keyring::Keyring;
use crate::phone_keys::hashed;

/// Ends the sort key of a book's base, after the key of its head. No head's key contains the
/// character it begins with, so no other item is between the two.
pub(crate) const BASE_SUFFIX: &str = "\u{1f}base";

/// The key of the counter from which public ids are drawn.
pub(crate) const COUNTER_KEY: &str = "counter#users";
/// The sort key of the item that says who a push token belongs to.
pub(crate) const TOKEN_SORT_KEY: &str = "token";
/// The sort key of the item that says that a user doesn't want to be told of joins. It can't be a
/// device's key, because those have a `#`.
pub(crate) const MUTED_SORT_KEY: &str = "muted";

pub(crate) fn profile_key(id: PublicId) -> String {
    format!("id#{id}")
}

impl Keyring {
    /// Returns a user id in the form in which keys and items have it.
    pub(crate) fn user<'a>(&self, user: &'a UserId) -> Cow<'a, str> {
        self.name("user", user.as_str())
    }

    pub(crate) fn read_user(&self, part: &str) -> Option<UserId> {
        self.read_name("user", part)?.try_into().ok()
    }

    pub(crate) fn device<'a>(&self, device: &'a Udid) -> Cow<'a, str> {
        self.name("device", device.as_str())
    }

    pub(crate) fn read_device(&self, part: &str) -> Option<Udid> {
        self.read_name("device", part)?.parse().ok()
    }

    pub(crate) fn subject_key(&self, user: &UserId) -> String {
        format!("subject#{}", self.user(user))
    }

    pub(crate) fn subscriber_key(&self, user: &UserId) -> String {
        format!("user#{}", self.user(user))
    }

    pub(crate) fn device_key(&self, channel: &str, device: &Udid) -> String {
        format!("{channel}#{}", self.device(device))
    }

    pub(crate) fn book_key(&self, scope: &Scope) -> String {
        self.name("book", &plain_book(scope)).into_owned()
    }

    pub(crate) fn parse_book_key(&self, key: &str) -> Option<Scope> {
        parse_plain_book(&self.read_name("book", key)?)
    }

    /// Returns the sort key of a hint. It has at most 712 bytes; DynamoDB's limit is 1,024.
    pub(crate) fn owner_key(&self, user: &UserId, scope: &Scope) -> String {
        self.name("owner", &plain_owner(user, scope)).into_owned()
    }

    pub(crate) fn parse_owner_key(&self, key: &str) -> Option<(UserId, Scope)> {
        parse_plain_owner(&self.read_name("owner", key)?)
    }
}

/// Names a book among its user's books: `g`, or `d` and the device's `udid`. If the `udid` holds
/// control characters, it is `c` and the `udid` in Base64. So the names of two books never differ by
/// what [`BASE_SUFFIX`] or anything before it in the order of keys adds.
pub(crate) fn plain_book(scope: &Scope) -> String {
    match scope {
        Scope::Global => "g".to_owned(),
        Scope::Device(udid) if udid.as_str().contains(|c: char| c.is_ascii_control()) => {
            format!("c{}", URL_SAFE_NO_PAD.encode(udid.as_str()))
        }
        Scope::Device(udid) => format!("d{}", udid.as_str()),
    }
}

fn parse_plain_book(key: &str) -> Option<Scope> {
    match key.split_at_checked(1)? {
        ("g", "") => Some(Scope::Global),
        ("d", udid) => udid.parse().ok().map(Scope::Device),
        ("c", udid) => {
            let udid = String::from_utf8(URL_SAFE_NO_PAD.decode(udid).ok()?).ok()?;
            udid.parse().ok().map(Scope::Device)
        }
        _ => None,
    }
}

/// Names a book among all users' books. A global one is `g` and the user id. A device's is `d`, the
/// length of the `udid` in bytes, a colon, the `udid` and the user id. It has at most 1 + 4 + 256 +
/// 256 bytes.
fn plain_owner(user: &UserId, scope: &Scope) -> String {
    match scope {
        Scope::Global => format!("g{}", user.as_str()),
        Scope::Device(udid) => {
            format!("d{}:{}{}", udid.as_str().len(), udid.as_str(), user.as_str())
        }
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

/// Returns the hash by which the store knows a push token. The token itself is a secret of its
/// device and isn't stored.
#[must_use]
pub fn token_hash(token: &str) -> String {
    hashed(&[token])
}

/// Returns the key of an item of Subscriptions.
pub(crate) fn subscriptions_key(pk: &str, sk: &str) -> Attributes {
    item([("pk", text(pk)), ("sk", text(sk))])
}

/// Returns the key of a subscription.
pub(crate) fn subscription_key(keyring: &Keyring, subscription: &Subscription) -> Attributes {
    let Subscription { user, channel, device, .. } = subscription;
    device_subscription_key(keyring, user, *channel, device)
}

/// Returns the key of the subscription that a device has for a channel.
pub(crate) fn device_subscription_key(
    keyring: &Keyring,
    user: &UserId,
    channel: Channel,
    device: &Udid,
) -> Attributes {
    subscriptions_key(&keyring.subscriber_key(user), &keyring.device_key(channel.name(), device))
}

/// Returns the key of the item that says who the push token of `hash` belongs to.
pub(crate) fn token_item_key(hash: &str) -> Attributes {
    subscriptions_key(&format!("token#{hash}"), TOKEN_SORT_KEY)
}

#[cfg(test)]
mod tests {
    use model::Payer;
    use numbering::Phone;
    use proptest::prelude::*;

    use super::*;
    use crate::phone_keys::PhoneKeys;

    fn secret() -> Keyring {
        Keyring::generate_secret().parse().expect("a secret")
    }

    proptest! {
        #[test]
        fn keys_of_books_and_owners_can_be_read_back(user in ".{1,40}", udid in ".{0,64}") {
            let user: UserId = user.parse().expect("a user");
            let scope = udid.parse().map_or(Scope::Global, Scope::Device);
            for keys in [Keyring::default(), secret()] {
                prop_assert_eq!(keys.parse_book_key(&keys.book_key(&scope)), Some(scope.clone()));
                prop_assert_eq!(keys.parse_owner_key(&keys.owner_key(&user, &scope)), Some((user.clone(), scope.clone())));
                prop_assert_eq!(keys.read_user(&keys.user(&user)), Some(user.clone()));
            }
        }

        #[test]
        fn broken_keys_are_none_and_never_panic(key in ".{0,24}") {
            for keys in [Keyring::default(), secret()] {
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
        let keys = Keyring::default();
        let user = |id: &str| id.parse::<UserId>().expect("a user");
        let device = |udid: &str| Scope::Device(udid.parse().expect("a udid"));
        assert_ne!(
            keys.owner_key(&user("bob"), &device("xy")),
            keys.owner_key(&user("ybob"), &device("x"))
        );
        assert_ne!(
            keys.owner_key(&user("2:xybob"), &Scope::Global),
            keys.owner_key(&user("bob"), &device("xy"))
        );
        assert_ne!(keys.book_key(&Scope::Global), keys.book_key(&device("g")));
    }

    #[test]
    fn a_phone_in_a_key_is_its_hmac_under_the_secret() {
        let phone: Phone = "16505550123".parse().expect("a phone");
        let (plain, one, other) =
            (PhoneKeys::default(), PhoneKeys::from(&secret()), PhoneKeys::from(&secret()));
        assert_eq!(plain.key(phone), "16505550123");
        assert_eq!((one.key(phone).len(), one.key(phone)), (22, one.key(phone)));
        assert_ne!(one.key(phone), other.key(phone));
        let payer = Payer::Phone(phone);
        assert_ne!(one.budget_key(&payer), one.key(phone));
        assert!(!plain.budget_key(&payer).contains("6505550123"), "a hash even without keys");
    }
}
