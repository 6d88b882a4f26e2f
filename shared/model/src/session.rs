//! Sessions: what a token of ours stands for.

use numbering::Phone;

use crate::hide_debug;
use crate::user::{PublicId, UserId};

/// The id of a session: 128 random bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SessionId(pub [u8; 16]);

hide_debug!(SessionId);

impl SessionId {
    /// Returns the number by which clients know the session. It is positive and fits into a signed
    /// 32-bit integer. It stands for nothing: only a token opens a session.
    #[must_use]
    pub fn number(self) -> u32 {
        let [a, b, c, d, ..] = self.0;
        (u32::from_be_bytes([a, b, c, d]) & i32::MAX.unsigned_abs()).max(1)
    }
}

/// A session of an app, which has a user once somebody has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    /// The app, as it names itself. Nothing depends on it.
    pub application: u64,
    /// The user. Without one, it is an application session.
    pub user: Option<SessionUser>,
    /// Milliseconds since 1970.
    pub began_ms: u64,
    /// When it ends by itself, in milliseconds since 1970.
    pub until_ms: u64,
}

/// The user of a session, as they were when they signed in.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionUser {
    /// The subject of the token by which they signed in.
    pub user: UserId,
    /// The id by which apps know them.
    pub id: PublicId,
    /// The generation of their account. Deleting the account begins another one, and so ends the
    /// session.
    pub generation: u64,
    /// The phone that they have proven, and when, in milliseconds since 1970.
    pub proven: Option<(Phone, u64)>,
}

hide_debug!(SessionUser);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sessions_number_is_positive_and_fits_in_32_bits_signed() {
        for (first, number) in [(0, 1), (0x80, 1), (0xFF, 0x7F00_0000)] {
            let mut id = [0; 16];
            id[0] = first;
            assert_eq!(SessionId(id).number(), number);
        }
    }
}
