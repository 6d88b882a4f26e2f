//! Users: their ids, what they chose, and who has a phone.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::hide_debug;

/// Longest user id, in bytes. Firebase's have at most 128, Cognito's 36. A hint's sort key holds a
/// user id and a `udid`, and must stay under DynamoDB's 1,024 bytes.
const MAX_USER_ID_BYTES: usize = 256;

/// The id by which the identity provider knows a user: the subject of their token. All that the
/// user owns is stored under it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(String);

/// The text isn't a valid user id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user id has 1 to {MAX_USER_ID_BYTES} bytes")]
pub struct UserIdError;

impl UserId {
    /// Returns the subject as the token has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserId {
    type Err = UserIdError;

    fn from_str(subject: &str) -> Result<Self, UserIdError> {
        subject.to_owned().try_into()
    }
}

impl TryFrom<String> for UserId {
    type Error = UserIdError;

    fn try_from(subject: String) -> Result<Self, UserIdError> {
        if (1..=MAX_USER_ID_BYTES).contains(&subject.len()) {
            Ok(Self(subject))
        } else {
            Err(UserIdError)
        }
    }
}

impl From<UserId> for String {
    fn from(user: UserId) -> Self {
        user.0
    }
}

// Some providers use a person's number or mail address as the subject.
hide_debug!(UserId);

/// The `id` by which apps know a user. It is positive and fits into a signed 32-bit integer, as the
/// apps' parsers require.
///
/// No id is drawn twice: a user who deletes their account and signs up again gets a new one, unless
/// their deployment gives its ids itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u32")]
pub struct PublicId(NonZeroU32);

/// The number isn't a public id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a public id is from 1 to {}", i32::MAX)]
pub struct PublicIdError;

impl PublicId {
    /// Returns the id as a number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }

    /// Returns `id` as a public id, if it is a valid one.
    #[must_use]
    pub fn new(id: u64) -> Option<Self> {
        let id = u32::try_from(id).ok().filter(|id| *id <= i32::MAX as u32)?;
        NonZeroU32::new(id).map(Self)
    }
}

impl TryFrom<u64> for PublicId {
    type Error = PublicIdError;

    fn try_from(id: u64) -> Result<Self, PublicIdError> {
        Self::new(id).ok_or(PublicIdError)
    }
}

impl FromStr for PublicId {
    type Err = PublicIdError;

    fn from_str(id: &str) -> Result<Self, PublicIdError> {
        id.parse().ok().and_then(Self::new).ok_or(PublicIdError)
    }
}

impl From<PublicId> for u32 {
    fn from(id: PublicId) -> Self {
        id.get()
    }
}

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a user chose about being found and being told. Everything is on at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Flags {
    /// Others who have this user's phone in their books see that they are a user.
    pub discoverable_by_phone: bool,
    /// Others get a push when this user joins.
    pub announce_me: bool,
    /// This user gets a push when others join.
    pub notify_me: bool,
}

impl Default for Flags {
    fn default() -> Self {
        Self { discoverable_by_phone: true, announce_me: true, notify_me: true }
    }
}

/// Who has a phone: the user who proved it last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The holder, as apps know them.
    pub id: PublicId,
    /// The holder, as the identity provider knows them.
    pub user: UserId,
    /// Tells one turn of having the number from the next: another holder has a greater epoch, and
    /// so does the same holder who comes back.
    pub epoch: u64,
    /// Whether books may show the holder as a match; see [`Flags::discoverable_by_phone`].
    pub discoverable: bool,
    /// Whether others are told that the holder joined; see [`Flags::announce_me`].
    pub announced: bool,
    /// Counts the changes of what books show for the phone. It grows as long as somebody has the
    /// phone; see [`crate::Turnover`]. Absent if the item was written before there were sequences.
    #[serde(default)]
    pub sequence: Option<u64>,
}

impl Holder {
    /// Returns the match that `owner`'s book shows for this holder's phone. Nobody is a match in
    /// their own book, and users who don't want to be found are a match in nobody's.
    #[must_use]
    pub fn match_for(&self, owner: &UserId) -> Option<PublicId> {
        (self.discoverable && self.user != *owner).then_some(self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_id_is_positive_and_fits_in_32_bits_signed() {
        for (id, accepted) in [
            (0, false),
            (1, true),
            (2_147_483_647, true),
            (2_147_483_648, false),
            (u64::MAX, false),
        ] {
            assert_eq!(PublicId::new(id).is_some(), accepted, "{id}");
        }
    }

    #[test]
    fn nobody_is_a_match_in_their_own_book_or_against_their_will() {
        let holder = Holder {
            id: PublicId::new(7).expect("an id"),
            user: "alice".parse().expect("a user"),
            epoch: 7,
            discoverable: true,
            announced: true,
            sequence: None,
        };
        let bob: UserId = "bob".parse().expect("a user");
        assert_eq!(holder.match_for(&bob), PublicId::new(7));
        assert_eq!(holder.match_for(&holder.user), None);
        assert_eq!(Holder { discoverable: false, ..holder }.match_for(&bob), None);
    }
}
