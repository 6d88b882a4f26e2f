//! Who makes a request: whom API Gateway's authorizer names, or whose session it comes with.

use std::collections::HashMap;

use http::HeaderName;
use http::header::AUTHORIZATION;
use model::{Issuers, PublicId, Session, UserId};
use protocol::{session_for_changes, session_for_leaving, session_for_reading};
use store::{AccountStore, SessionStore, StoreError, TOKEN_PREFIX};

use crate::call::Call;
use crate::caller::Caller;
use crate::error::ApiError;

/// The headers in which clients send the token of their session.
const TOKENS: [HeaderName; 3] =
    [HeaderName::from_static("cb-token"), HeaderName::from_static("qb-token"), AUTHORIZATION];

impl Call {
    /// Returns the caller of a request that only reads: whom the gateway's authorizer names, else
    /// whose session it is. `issuers` are those whose tokens hold only verified phones.
    ///
    /// # Errors
    /// 401 if there is no caller, and 422 if the session has no user.
    pub async fn reader<S: SessionStore>(
        &self,
        store: &S,
        issuers: &Issuers,
    ) -> Result<Caller, ApiError> {
        self.caller(issuers, |token| session_for_reading(store, token)).await
    }

    /// Returns the caller of a request that changes something, as [`Call::reader`] does. Their
    /// session hasn't been ended.
    ///
    /// # Errors
    /// Those of [`Call::reader`].
    pub async fn writer<S: SessionStore + AccountStore>(
        &self,
        store: &S,
        issuers: &Issuers,
    ) -> Result<Caller, ApiError> {
        self.caller(issuers, |token| session_for_changes(store, token)).await
    }

    /// Returns the caller of a request that deletes what they have, as [`Call::writer`] does. Their
    /// account may be deleted already.
    ///
    /// # Errors
    /// Those of [`Call::reader`].
    pub async fn leaver<S: SessionStore>(&self, store: &S) -> Result<Caller, ApiError> {
        self.caller(&Issuers::default(), |token| session_for_leaving(store, token)).await
    }

    /// Returns the user of a request that only reads.
    ///
    /// # Errors
    /// Those of [`Call::reader`].
    pub async fn reading_user<S: SessionStore>(&self, store: &S) -> Result<UserId, ApiError> {
        Ok(self.reader(store, &Issuers::default()).await?.user)
    }

    /// Returns the user of a request that changes something.
    ///
    /// # Errors
    /// Those of [`Call::reader`].
    pub async fn writing_user<S: SessionStore + AccountStore>(
        &self,
        store: &S,
    ) -> Result<UserId, ApiError> {
        Ok(self.writer(store, &Issuers::default()).await?.user)
    }

    /// Returns the request's session and its token, whether or not it has a user, if neither it was
    /// ended nor its account deleted.
    ///
    /// # Errors
    /// 401 if there is none.
    pub async fn session<S: SessionStore + AccountStore>(
        &self,
        store: &S,
    ) -> Result<(Session, &str), ApiError> {
        let token = self.session_token().ok_or_else(ApiError::no_session)?;
        let session = session_for_changes(store, token).await?.ok_or_else(ApiError::no_session)?;
        self.belongs_to(&session);
        Ok((session, token))
    }

    /// Returns whether the request comes with an application session that has no user.
    ///
    /// # Errors
    /// 500 or 503 if the session can't be read.
    pub async fn is_of_application<S: SessionStore>(&self, store: &S) -> Result<bool, ApiError> {
        if self.claims().is_some() {
            return Ok(false);
        }
        let Some(token) = self.session_token() else { return Ok(false) };
        let session = session_for_reading(store, token).await?;
        let without_user = session.filter(|session| session.user.is_none());
        without_user.iter().for_each(|session| self.belongs_to(session));
        Ok(without_user.is_some())
    }

    /// Returns the public id that a claim of the caller's token gives them. `claim` is its name.
    ///
    /// # Errors
    /// 422 if the claim isn't a public id.
    pub fn given_id(&self, claim: Option<&str>) -> Result<Option<PublicId>, ApiError> {
        let given = claim.and_then(|claim| self.claims()?.get(claim));
        given.map(|given| given.parse().map_err(|_| ApiError::bad_id())).transpose()
    }

    /// Returns the claims of the token that API Gateway has checked, if it has checked one.
    fn claims(&self) -> Option<&HashMap<String, String>> {
        Some(&self.event.request_context.authorizer.as_ref()?.jwt.as_ref()?.claims)
    }

    /// Returns the session of the request's token and the token, whether or not the session was
    /// ended.
    ///
    /// # Errors
    /// 401 if there is none, or if it ended by itself.
    pub fn own_session<S: SessionStore>(&self, store: &S) -> Result<(Session, &str), ApiError> {
        let token = self.session_token().ok_or_else(ApiError::no_session)?;
        let session = store.open_session(token).ok_or_else(ApiError::no_session)?;
        self.belongs_to(&session);
        Ok((session, token))
    }

    /// Notes that the request belongs to `session`, so that its answer says when that ends.
    pub fn belongs_to(&self, session: &Session) {
        // A request has one session.
        let _ = self.session_until_ms.set(session.until_ms);
    }

    async fn caller<'a, F>(
        &'a self,
        issuers: &Issuers,
        session: impl FnOnce(&'a str) -> F,
    ) -> Result<Caller, ApiError>
    where
        F: Future<Output = Result<Option<Session>, StoreError>>,
    {
        if let Some(claims) = self.claims() {
            return Caller::of_claims(claims, issuers).ok_or_else(ApiError::no_session);
        }
        let token = self.session_token().ok_or_else(ApiError::no_session)?;
        let session = session(token).await?.ok_or_else(ApiError::no_session)?;
        self.belongs_to(&session);
        session.user.map(Caller::from).ok_or_else(ApiError::no_user)
    }

    /// Returns the first token in the request's headers that is one of a session.
    fn session_token(&self) -> Option<&str> {
        let headers = &self.event.headers;
        let values = TOKENS.into_iter().filter_map(|name| headers.get(name)?.to_str().ok());
        let mut tokens = values.map(bare);
        tokens.find(|token| token.starts_with(TOKEN_PREFIX))
    }
}

/// Returns the token in the value of a header, without the scheme before it.
fn bare(value: &str) -> &str {
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => value.trim(),
    }
}

#[cfg(test)]
mod tests {
    use model::{SessionId, SessionUser};
    use numbering::Phone;
    use serde_json::json;
    use store::{Outcome, SessionRecord};

    use super::*;
    use crate::call::ENDS;
    use crate::event::EventBuilder;

    fn call(event: EventBuilder) -> Call {
        Call::new(event.build())
    }

    #[tokio::test]
    async fn the_caller_is_whom_the_token_proves() {
        for (claims, expected) in [
            (json!({"sub": "alice"}), Some(("alice", None))),
            (
                json!({"sub": "alice", "phone_number": "+16505550123",
                       "iss": "https://securetoken.google.com/project"}),
                Some(("alice", Some("16505550123"))),
            ),
            (json!({"sub": "alice", "phone_number": "+16505550123"}), Some(("alice", None))),
            (
                json!({"sub": "alice", "phone_number": "+16505550123", "phone_number_verified": "true"}),
                Some(("alice", Some("16505550123"))),
            ),
            (
                json!({"sub": "alice", "phone_number": "+16505550123", "phone_number_verified": "false"}),
                Some(("alice", None)),
            ),
            (json!({"sub": ""}), None),
            (json!({}), None),
        ] {
            let call = call(EventBuilder::new("GET", "/address_book").claims(&claims));
            let caller = call.reader(&Sessions::default(), &Issuers::default()).await.ok();
            let seen =
                caller.as_ref().map(|c| (c.user.as_str(), c.phone.as_ref().map(Phone::digits)));
            assert_eq!(seen, expected, "{claims}");
        }
        let nobody = call(EventBuilder::new("GET", "/address_book"));
        let error = nobody.reading_user(&Sessions::default()).await.expect_err("nobody");
        assert_eq!(error.status, 401);
    }

    /// One session, whatever token it is asked for by.
    #[derive(Default)]
    struct Sessions {
        opened: Option<Session>,
        is_ended: bool,
    }

    impl SessionStore for Sessions {
        fn new_session_id(&self) -> SessionId {
            SessionId([7; 16])
        }

        fn session_token(&self, _: &Session) -> Option<String> {
            None
        }

        fn open_session(&self, _: &str) -> Option<Session> {
            self.opened.clone()
        }

        async fn session_record(&self, _: SessionId) -> Result<SessionRecord, StoreError> {
            Ok(if self.is_ended { SessionRecord::Ended } else { SessionRecord::None })
        }

        async fn bind_session(
            &self,
            _: &Session,
            _: Option<&SessionUser>,
        ) -> Result<Outcome, StoreError> {
            Ok(Outcome::Done)
        }

        async fn end_session(&self, _: &Session) -> Result<(), StoreError> {
            Ok(())
        }
    }

    fn session(user: Option<&str>) -> Session {
        let user = user.map(|user| SessionUser {
            user: user.parse().expect("a user"),
            id: PublicId::new(7).expect("an id"),
            generation: 0,
            proven: Phone::stored("16505550123").ok().map(|phone| (phone, 1)),
        });
        let id = SessionId([7; 16]);
        Session { id, application: 1, user, began_ms: 0, until_ms: 1_795_485_472_000 }
    }

    #[tokio::test]
    async fn a_session_comes_in_each_of_the_headers_and_every_answer_says_when_it_ends() {
        let store = Sessions { opened: Some(session(Some("alice"))), is_ended: false };
        for (header, value, is_one) in [
            ("cb-token", "session_x", true),
            ("qb-token", "session_x", true),
            ("authorization", "Bearer session_x", true),
            ("authorization", "bearer session_x", true),
            ("authorization", "Bearer a.b.c", false),
            ("cb-token", "", false),
        ] {
            let call = call(EventBuilder::new("GET", "/address_book").header(header, value));
            let caller = call.reader(&store, &Issuers::default()).await.ok();
            let seen = caller.map(|caller| (caller.user.as_str().to_owned(), caller.proven_at_ms));
            assert_eq!(seen, is_one.then(|| ("alice".to_owned(), Some(1))), "{header}: {value}");
            let answer = call.respond(Err(ApiError::forbidden()));
            for name in ENDS {
                let until = answer.headers.get(&name).and_then(|value| value.to_str().ok());
                assert_eq!(until, is_one.then_some("2026-11-24 01:57:52 UTC"), "{name}");
            }
        }
    }

    #[tokio::test]
    async fn a_session_needs_a_user_and_has_not_to_be_ended() {
        for (opened, is_ended, reads, leaves) in [
            (Some(session(Some("alice"))), false, Ok(()), Ok(())),
            // Nothing is read about it, so it reads on until it ends by itself.
            (Some(session(Some("alice"))), true, Ok(()), Err(401)),
            (Some(session(None)), false, Err(422), Err(422)),
            (Some(session(None)), true, Err(401), Err(401)),
            (None, false, Err(401), Err(401)),
        ] {
            let store = Sessions { opened, is_ended };
            let call = call(EventBuilder::new("GET", "/").header("cb-token", "session_x"));
            let status =
                |caller: Result<Caller, ApiError>| caller.map(drop).map_err(|error| error.status);
            assert_eq!(status(call.reader(&store, &Issuers::default()).await), reads);
            assert_eq!(status(call.leaver(&store).await), leaves);
        }
    }
}
