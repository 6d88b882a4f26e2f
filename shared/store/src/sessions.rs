//! Sessions: their tokens, and the table of what a token can't say.
//!
//! A token holds its session, sealed: opening one takes microseconds and no request. So the table
//! has items for two cases alone. An application session that `POST /login` makes a user's keeps
//! the token that it has, because the SDKs take no new one. And a session that was ended is known
//! until it would have ended by itself.

use aws_lc_rs::rand;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{PublicId, Session, SessionId, SessionUser, UserId};
use numbering::Phone;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{Attributes, Reader, bytes, item, number, text};
use crate::keyring::Place;
use crate::store::Store;
use crate::tables::Table;
use crate::write::{Condition, Outcome};

/// What every token of a session begins with. It tells them from all other tokens.
pub const TOKEN_PREFIX: &str = "session_";

/// The purpose for which tokens are sealed.
const PURPOSE: &str = "session token";

/// What the table says of a session.
#[derive(Debug, PartialEq, Eq)]
pub enum SessionRecord {
    /// Nothing: it is as its token says.
    None,
    /// It is an application session that has become this user's.
    Bound(SessionUser),
    /// It was ended.
    Ended,
}

/// Opening, binding and ending sessions.
pub trait SessionStore: Sync {
    /// Returns the id of a new session.
    fn new_session_id(&self) -> SessionId;

    /// Returns the token of a session, or nothing if this deployment has no keys.
    fn session_token(&self, session: &Session) -> Option<String>;

    /// Returns the session of a token, unless the token isn't one of this deployment's, or its
    /// session has ended by itself.
    fn open_session(&self, token: &str) -> Option<Session>;

    /// Reads what the table says of a session, with one strongly consistent GetItem.
    fn session_record(
        &self,
        id: SessionId,
    ) -> impl Future<Output = Result<SessionRecord, StoreError>> + Send;

    /// Makes an application session `user`'s, or nobody's again, whoever it belongs to. It is a
    /// conflict if the session was ended.
    fn bind_session(
        &self,
        session: &Session,
        user: Option<&SessionUser>,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Ends a session for good. It may be repeated.
    fn end_session(&self, session: &Session)
    -> impl Future<Output = Result<(), StoreError>> + Send;
}

impl SessionStore for Store {
    fn new_session_id(&self) -> SessionId {
        let mut id = [0; 16];
        rand::fill(&mut id).expect("the machine has a source of randomness");
        SessionId(id)
    }

    fn session_token(&self, session: &Session) -> Option<String> {
        let plain = serde_json::to_string(&Sealed::of(session)).expect("a session is JSON");
        let keys = Some(&self.session_keys).filter(|keys| keys.are_there())?;
        Some(format!("{TOKEN_PREFIX}{}", keys.seal_text(PURPOSE, plain)))
    }

    fn open_session(&self, token: &str) -> Option<Session> {
        let keys = Some(&self.session_keys).filter(|keys| keys.are_there())?;
        let plain = keys.open_text(PURPOSE, token.strip_prefix(TOKEN_PREFIX)?)?;
        let session = serde_json::from_str::<Sealed>(&plain).ok()?.read()?;
        (self.clock.now_ms() < session.until_ms).then_some(session)
    }

    async fn session_record(&self, id: SessionId) -> Result<SessionRecord, StoreError> {
        let Some(item) = self.get(Table::Sessions, key(id)).await? else {
            return Ok(SessionRecord::None);
        };
        let reader = Reader { table: Table::Sessions, kind: "session", item: &item };
        if reader.flag("ended", false)? {
            return Ok(SessionRecord::Ended);
        }
        let Some(sealed) = reader.optional_bytes("user")? else { return Ok(SessionRecord::None) };
        let name = name(id);
        let opened = self.session_keys.open(place(&name), sealed);
        let plain = opened.map_err(|_| reader.corrupt("user"))?;
        let user = serde_json::from_slice::<SealedUser>(&plain).ok().and_then(SealedUser::read);
        user.map(SessionRecord::Bound).ok_or_else(|| reader.corrupt("user"))
    }

    async fn bind_session(
        &self,
        session: &Session,
        user: Option<&SessionUser>,
    ) -> Result<Outcome, StoreError> {
        let mut attributes = self.row(session);
        if let Some(user) = user {
            let plain = serde_json::to_vec(&SealedUser::of(user)).expect("a user is JSON");
            let sealed = self.session_keys.seal(place(&name(session.id)), plain);
            attributes.insert("user".to_owned(), bytes(sealed));
        }
        let open = Condition::new("attribute_not_exists(ended)", []);
        self.put(Table::Sessions, attributes, open).await
    }

    async fn end_session(&self, session: &Session) -> Result<(), StoreError> {
        let mut attributes = self.row(session);
        attributes.insert("ended".to_owned(), AttributeValue::Bool(true));
        self.put(Table::Sessions, attributes, Condition::always()).await.map(|_| ())
    }
}

impl Store {
    /// Returns the attributes that every item of a session has.
    fn row(&self, session: &Session) -> Attributes {
        let mut attributes = key(session.id);
        // An item may go once its token doesn't open any more.
        attributes.insert("expires_at".to_owned(), number(session.until_ms.div_ceil(1000)));
        attributes
    }
}

/// Opens whose a session has become.
#[cfg(feature = "inspect")]
pub(crate) fn opened_user(store: &Store, session: &str, sealed: &[u8]) -> Option<SessionUser> {
    let plain = store.session_keys.open(place(session), sealed).ok()?;
    serde_json::from_slice::<SealedUser>(&plain).ok().and_then(SealedUser::read)
}

fn key(id: SessionId) -> Attributes {
    item([("session", text(name(id)))])
}

fn name(id: SessionId) -> String {
    URL_SAFE_NO_PAD.encode(id.0)
}

fn place(session: &str) -> Place<'_> {
    Place { owner: session, names: ["session", "user"] }
}

/// A session as its token holds it.
#[derive(Serialize, Deserialize)]
struct Sealed {
    id: [u8; 16],
    app: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<SealedUser>,
    began: u64,
    until: u64,
}

/// A session's user as a token and the table hold them.
#[derive(Serialize, Deserialize)]
struct SealedUser {
    sub: UserId,
    id: PublicId,
    #[serde(default, skip_serializing_if = "is_zero")]
    generation: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<(String, u64)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Sealed {
    fn of(session: &Session) -> Self {
        let Session { id, application, ref user, began_ms, until_ms } = *session;
        let user = user.as_ref().map(SealedUser::of);
        Self { id: id.0, app: application, user, began: began_ms, until: until_ms }
    }

    fn read(self) -> Option<Session> {
        let user = match self.user {
            Some(user) => Some(user.read()?),
            None => None,
        };
        Some(Session {
            id: SessionId(self.id),
            application: self.app,
            user,
            began_ms: self.began,
            until_ms: self.until,
        })
    }
}

impl SealedUser {
    fn of(user: &SessionUser) -> Self {
        let SessionUser { user, id, generation, proven } = user;
        let phone = proven.map(|(phone, at_ms)| (phone.digits().to_owned(), at_ms));
        Self { sub: user.clone(), id: *id, generation: *generation, phone }
    }

    fn read(self) -> Option<SessionUser> {
        let proven = match self.phone {
            Some((digits, at_ms)) => Some((Phone::stored(&digits).ok()?, at_ms)),
            None => None,
        };
        Some(SessionUser { user: self.sub, id: self.id, generation: self.generation, proven })
    }
}
