//! The caller of a request.

use std::collections::HashMap;

use model::{Issuers, Payer, PublicId, SessionUser, UserId, proven_phone};
use numbering::{HomeRegion, Phone, Region};
use protocol::PhoneClaim;

/// The user who calls, and the phone that their token proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The token's subject.
    pub user: UserId,
    /// The token's verified phone.
    pub phone: Option<Phone>,
    /// When the phone was proven, in milliseconds since 1970. Absent: just now, by a token that the
    /// gateway has checked.
    pub proven_at_ms: Option<u64>,
    /// The id that the caller had when their session began. Absent: the gateway has checked their
    /// token.
    pub id: Option<PublicId>,
    /// Whether the token's verified phone can't be used, because it isn't a phone of 10 to 15
    /// digits, or a valid one of 7 to 9. `phone` is absent then.
    pub has_unusable_phone: bool,
}

impl Caller {
    /// Returns the caller whom a token's claims name, if they name one.
    pub(crate) fn of_claims(claims: &HashMap<String, String>, issuers: &Issuers) -> Option<Self> {
        let user = claims.get("sub")?.parse().ok()?;
        let proven = proven_phone(claims, issuers);
        Some(Self {
            user,
            has_unusable_phone: proven.is_err(),
            phone: proven.unwrap_or_default(),
            proven_at_ms: None,
            id: None,
        })
    }

    /// Returns what the caller's token says about the phone that a request claims.
    #[must_use]
    pub fn dated(&self, claim: PhoneClaim) -> PhoneClaim {
        match (claim, self.proven_at_ms) {
            (PhoneClaim::Proven(phone), Some(at_ms)) => PhoneClaim::ProvenAt(phone, at_ms),
            (claim, _) => claim,
        }
    }

    /// Returns the region whose national numbers the caller writes.
    #[must_use]
    pub fn home(&self, default: Region) -> HomeRegion {
        HomeRegion::of(self.phone, default)
    }

    /// Returns the payer whose budget the caller's new numbers are charged to.
    #[must_use]
    pub fn payer(&self) -> Payer {
        self.phone.map_or_else(|| Payer::User(self.user.clone()), Payer::Phone)
    }
}

impl From<SessionUser> for Caller {
    fn from(session: SessionUser) -> Self {
        let SessionUser { user, id, generation: _, proven } = session;
        let (phone, proven_at_ms) = proven.unzip();
        Self { user, phone, proven_at_ms, id: Some(id), has_unusable_phone: false }
    }
}
