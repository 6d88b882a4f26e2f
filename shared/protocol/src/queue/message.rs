//! The messages of the queues.

use model::{Holder, PublicId, Scope, UserId};
use numbering::Phone;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{Keyring, OwnerRange};

/// The user whom a message announces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joiner {
    /// The id by which apps know the joiner.
    pub id: PublicId,
    /// The id by which the identity provider knows the joiner.
    pub user: UserId,
    /// The epoch in which they got the phone.
    pub epoch: u64,
}

impl Joiner {
    /// Returns whether `holder` is this joiner, in the same epoch.
    #[must_use]
    pub fn is(&self, holder: &Holder) -> bool {
        (self.id, self.epoch) == (holder.id, holder.epoch)
    }

    /// Returns whether `owner` may be told of this joiner: if the joiner is still the `holder`, and
    /// wants to be found and announced.
    #[must_use]
    pub fn may_be_announced(&self, holder: Option<&Holder>, owner: &UserId) -> bool {
        holder.is_some_and(|holder| {
            self.is(holder) && holder.announced && holder.match_for(owner).is_some()
        })
    }
}

impl From<&Holder> for Joiner {
    fn from(holder: &Holder) -> Self {
        Self { id: holder.id, user: holder.user.clone(), epoch: holder.epoch }
    }
}

/// A message that a phone's holder has changed, so that the books that contain the phone have to be
/// told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookMessage {
    /// The phone, in canonical digits.
    #[serde(with = "phone_digits")]
    pub phone: Phone,
    /// Who joined, or nothing if the holder left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joiner: Option<Joiner>,
    /// The phone's sequence after the change, or before it if the phone has no holder any more.
    /// Absent in messages that a person wrote, and if the item has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// When the holder changed, in milliseconds since 1970, as the stream says. It is for measuring
    /// the delay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at_ms: Option<u64>,
    /// The hints that this message is about.
    #[serde(default)]
    pub range: OwnerRange,
}

mod phone_digits {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use numbering::Phone;

    pub fn serialize<S: Serializer>(phone: &Phone, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(phone.digits())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Phone, D::Error> {
        Phone::stored(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// The message isn't one of ours, or is sealed with other keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message can't be read")]
pub struct UnreadableMessage;

impl BookMessage {
    /// Returns whether the message needs no work, because a later message tells the books. `holder`
    /// is who has the phone, read strongly.
    ///
    /// A message with a joiner ends if the phone is nobody's, or its epoch is another. A message
    /// without a joiner ends if the phone's sequence is past the message's. It never ends if the
    /// phone is nobody's: that may be the change that it is about. A message or an item without a
    /// sequence ends nothing.
    #[must_use]
    pub fn is_overtaken(&self, holder: Option<&Holder>) -> bool {
        let Some(sequence) = self.sequence else { return false };
        let Some(holder) = holder else { return self.joiner.is_some() };
        let Some(current) = holder.sequence else { return false };
        match &self.joiner {
            Some(joiner) => joiner.epoch != holder.epoch,
            None => current > sequence,
        }
    }

    /// Returns the message about a push to the owner of a book that contains the phone. Returns
    /// nothing unless the message has a joiner of whom the owner may be told.
    #[must_use]
    pub fn push_for(
        &self,
        holder: Option<&Holder>,
        recipient: UserId,
        scope: Scope,
    ) -> Option<PushMessage> {
        let joiner = self.joiner.as_ref()?;
        let Self { phone, changed_at_ms, .. } = *self;
        joiner.may_be_announced(holder, &recipient).then(|| PushMessage {
            recipient,
            scope,
            phone,
            joiner: joiner.clone(),
            changed_at_ms,
        })
    }

    /// Returns the body of the message: JSON, sealed if there are keys, because a message that
    /// can't be handled waits in its queue for days.
    #[must_use]
    pub fn to_body(&self, keyring: &Keyring) -> String {
        to_body(self, CHANGE, keyring)
    }

    /// Reads a body that [`BookMessage::to_body`] made. Plain JSON is accepted even if there are
    /// keys, so that an operator can correct a book by hand. That is safe: a message says which
    /// books to look at, and what they are told is read from the tables.
    ///
    /// # Errors
    /// [`UnreadableMessage`] for any other body.
    pub fn from_body(keyring: &Keyring, body: &str) -> Result<Self, UnreadableMessage> {
        from_body(CHANGE, keyring, body)
    }
}

/// A message that the owner of a book is to get a push about a joiner, on each of the devices that
/// the book concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushMessage {
    /// The owner of the book.
    pub recipient: UserId,
    /// Which of the recipient's books contains the phone: that of the device `udid`, or the global
    /// one if there is no `udid`.
    #[serde(
        rename = "udid",
        with = "udid_of_scope",
        default = "global",
        skip_serializing_if = "is_global"
    )]
    pub scope: Scope,
    /// The phone, in canonical digits.
    #[serde(with = "phone_digits")]
    pub phone: Phone,
    pub joiner: Joiner,
    /// When the joiner got the phone, in milliseconds since 1970, as the stream says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at_ms: Option<u64>,
}

impl PushMessage {
    /// Returns the body of the message: JSON, sealed if there are keys.
    #[must_use]
    pub fn to_body(&self, keyring: &Keyring) -> String {
        to_body(self, PUSH, keyring)
    }

    /// Reads a body that [`PushMessage::to_body`] made. Plain JSON is accepted even if there are
    /// keys. That is safe: whether there is something to tell is read from the tables.
    ///
    /// # Errors
    /// [`UnreadableMessage`] for any other body.
    pub fn from_body(keyring: &Keyring, body: &str) -> Result<Self, UnreadableMessage> {
        from_body(PUSH, keyring, body)
    }
}

fn global() -> Scope {
    Scope::Global
}

fn is_global(scope: &Scope) -> bool {
    *scope == Scope::Global
}

mod udid_of_scope {
    use model::Scope;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(scope: &Scope, serializer: S) -> Result<S::Ok, S::Error> {
        match scope {
            Scope::Global => serializer.serialize_none(),
            Scope::Device(udid) => serializer.serialize_str(udid.as_str()),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scope, D::Error> {
        let Some(udid) = Option::<String>::deserialize(deserializer)? else {
            return Ok(Scope::Global);
        };
        udid.parse().map(Scope::Device).map_err(D::Error::custom)
    }
}

/// The purposes for which [`Keyring`] seals messages.
const CHANGE: &str = "change of a holder";
const PUSH: &str = "push about a joiner";

fn to_body(message: &impl Serialize, purpose: &str, keyring: &Keyring) -> String {
    keyring.seal_text(purpose, serde_json::to_string(message).expect("a message is JSON"))
}

fn from_body<M: DeserializeOwned>(
    purpose: &str,
    keyring: &Keyring,
    body: &str,
) -> Result<M, UnreadableMessage> {
    let opened = if body.starts_with('{') {
        Some(body.to_owned())
    } else {
        keyring.open_text(purpose, body)
    };
    serde_json::from_str(&opened.ok_or(UnreadableMessage)?).map_err(|_| UnreadableMessage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_back_as_it_was_sent() {
        let message = BookMessage {
            phone: "16505550123".parse().expect("a phone"),
            joiner: Some(Joiner {
                id: PublicId::new(7).expect("an id"),
                user: "alice".parse().expect("a user"),
                epoch: 9,
            }),
            sequence: Some(3),
            changed_at_ms: Some(1_795_485_472_000),
            range: OwnerRange { after: None, through: Some("gbob".to_owned()) },
        };
        let (plain, secret): (_, Keyring) =
            (Keyring::default(), Keyring::generate_secret().parse().expect("a secret"));
        let sealed = message.to_body(&secret);
        assert!(!sealed.contains("6505550123") && !sealed.contains("alice"));
        assert_eq!(BookMessage::from_body(&secret, &sealed), Ok(message.clone()));
        assert_eq!(BookMessage::from_body(&plain, &sealed), Err(UnreadableMessage));
        let body = message.to_body(&plain);
        assert_eq!(BookMessage::from_body(&secret, &body), Ok(message.clone()), "sent by hand");
        assert_eq!(
            body,
            r#"{"phone":"16505550123","joiner":{"id":7,"user":"alice","epoch":9},"sequence":3,"changed_at_ms":1795485472000,"range":{"through":"gbob"}}"#
        );
        assert_eq!(BookMessage::from_body(&plain, &body), Ok(message));
    }

    #[test]
    fn a_message_ends_only_if_a_later_one_tells_the_books() {
        let joiner = Joiner {
            id: PublicId::new(7).expect("an id"),
            user: "a".parse().expect("a user"),
            epoch: 9,
        };
        let message = |joiner: Option<&Joiner>, sequence| BookMessage {
            phone: "16505550123".parse().expect("a phone"),
            joiner: joiner.cloned(),
            sequence,
            changed_at_ms: None,
            range: OwnerRange::default(),
        };
        let holder = |epoch, sequence| Holder {
            id: joiner.id,
            user: joiner.user.clone(),
            epoch,
            discoverable: false,
            announced: true,
            sequence,
        };
        for (name, message, holder, ends) in [
            (
                "joined, and still there",
                message(Some(&joiner), Some(3)),
                Some(holder(9, Some(3))),
                false,
            ),
            (
                "joined, and hid since",
                message(Some(&joiner), Some(3)),
                Some(holder(9, Some(4))),
                false,
            ),
            ("joined, and left", message(Some(&joiner), Some(3)), None, true),
            (
                "joined, and came back",
                message(Some(&joiner), Some(3)),
                Some(holder(10, Some(1))),
                true,
            ),
            ("hid, and still is", message(None, Some(3)), Some(holder(9, Some(3))), false),
            ("hid, and shows again", message(None, Some(3)), Some(holder(9, Some(4))), true),
            ("left", message(None, Some(3)), None, false),
            ("left, and came back lower", message(None, Some(3)), Some(holder(10, Some(2))), false),
            ("left, and came back higher", message(None, Some(3)), Some(holder(10, Some(9))), true),
            ("an old message of a joiner", message(Some(&joiner), None), None, false),
            ("an old message", message(None, None), Some(holder(9, Some(4))), false),
            ("an old item", message(None, Some(3)), Some(holder(9, None)), false),
            (
                "an old item of another",
                message(Some(&joiner), Some(3)),
                Some(holder(10, None)),
                false,
            ),
        ] {
            assert_eq!(message.is_overtaken(holder.as_ref()), ends, "{name}");
        }
    }

    #[test]
    fn a_push_is_read_back_as_it_was_sent() {
        let (plain, secret): (_, Keyring) =
            (Keyring::default(), Keyring::generate_secret().parse().expect("a secret"));
        for (scope, udid) in [
            (Scope::Global, ""),
            (Scope::Device("pixel".parse().expect("a udid")), r#""udid":"pixel","#),
        ] {
            let message = PushMessage {
                recipient: "bob".parse().expect("a user"),
                scope,
                phone: "16505550123".parse().expect("a phone"),
                joiner: Joiner {
                    id: PublicId::new(7).expect("an id"),
                    user: "alice".parse().expect("a user"),
                    epoch: 9,
                },
                changed_at_ms: Some(1_795_485_472_000),
            };
            let body = message.to_body(&plain);
            let rest = r#""phone":"16505550123","joiner":{"id":7,"user":"alice","epoch":9},"changed_at_ms":1795485472000}"#;
            assert_eq!(body, format!(r#"{{"recipient":"bob",{udid}{rest}"#));
            assert_eq!(PushMessage::from_body(&plain, &body), Ok(message.clone()));
            let sealed = message.to_body(&secret);
            assert!(!sealed.contains("6505550123") && !sealed.contains("bob"));
            assert_eq!(PushMessage::from_body(&secret, &sealed), Ok(message));
            assert_eq!(PushMessage::from_body(&plain, &sealed), Err(UnreadableMessage));
            assert!(
                BookMessage::from_body(&secret, &sealed).is_err(),
                "sealed for another purpose"
            );
        }
    }
}
