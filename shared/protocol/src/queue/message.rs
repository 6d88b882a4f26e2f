//! The messages of the queue.

use model::{Holder, PublicId, UserId};
use numbering::Phone;
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
    /// Returns the body of the message: JSON, sealed if there are keys, because a message that
    /// can't be handled waits in its queue for days.
    #[must_use]
    pub fn to_body(&self, keyring: &Keyring) -> String {
        keyring.seal_text(MESSAGE, serde_json::to_string(self).expect("a message is JSON"))
    }

    /// Reads a body that [`BookMessage::to_body`] made. Plain JSON is accepted even if there are
    /// keys, so that an operator can correct a book by hand. That is safe: a message says which
    /// books to look at, and what they are told is read from the tables.
    ///
    /// # Errors
    /// [`UnreadableMessage`] for any other body.
    pub fn from_body(keyring: &Keyring, body: &str) -> Result<Self, UnreadableMessage> {
        let opened = if body.starts_with('{') {
            Some(body.to_owned())
        } else {
            keyring.open_text(MESSAGE, body)
        };
        serde_json::from_str(&opened.ok_or(UnreadableMessage)?).map_err(|_| UnreadableMessage)
    }
}

/// The purpose for which [`Keyring`] seals messages.
const MESSAGE: &str = "change of a holder";

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
            r#"{"phone":"16505550123","joiner":{"id":7,"user":"alice","epoch":9},"changed_at_ms":1795485472000,"range":{"through":"gbob"}}"#
        );
        assert_eq!(BookMessage::from_body(&plain, &body), Ok(message));
    }
}
