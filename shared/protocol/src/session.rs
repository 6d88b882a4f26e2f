//! Sessions: what a token still stands for, when it is used.

use futures::future::try_join;
use model::{Session, SessionUser};
use store::{AccountStore, SessionRecord, SessionStore, StoreError};

/// Returns the session of `token`, for a request that only reads. Nothing is read for it, except
/// whose an application session has become.
///
/// A session that was ended reads on until it ends by itself, unless it is an application session.
///
/// # Errors
/// [`StoreError`].
pub async fn session_for_reading<S: SessionStore>(
    store: &S,
    token: &str,
) -> Result<Option<Session>, StoreError> {
    match store.open_session(token) {
        Some(session) if session.user.is_none() => as_recorded(store, session).await,
        opened => Ok(opened),
    }
}

/// Returns the session of `token`, for a request that changes something: it hasn't been ended, and
/// the account of its user hasn't been deleted since they signed in.
///
/// # Errors
/// [`StoreError`].
pub async fn session_for_changes<S: SessionStore + AccountStore>(
    store: &S,
    token: &str,
) -> Result<Option<Session>, StoreError> {
    let Some(opened) = store.open_session(token) else { return Ok(None) };
    let Some(user) = opened.user.clone() else {
        // The account is known only after the record.
        return match as_recorded(store, opened).await? {
            Some(Session { user: Some(user), .. }) if !has_account(store, &user).await? => Ok(None),
            session => Ok(session),
        };
    };
    let (session, has_account) =
        try_join(as_recorded(store, opened), has_account(store, &user)).await?;
    Ok(session.filter(|_| has_account))
}

/// Returns the session of `token`, for a request that deletes what its user has, or that ends the
/// session. The account may be deleted already, because such a request may be repeated.
///
/// # Errors
/// [`StoreError`].
pub async fn session_for_leaving<S: SessionStore>(
    store: &S,
    token: &str,
) -> Result<Option<Session>, StoreError> {
    match store.open_session(token) {
        Some(session) => as_recorded(store, session).await,
        None => Ok(None),
    }
}

/// Returns the session as the table knows it, unless it was ended.
async fn as_recorded<S: SessionStore>(
    store: &S,
    session: Session,
) -> Result<Option<Session>, StoreError> {
    Ok(match store.session_record(session.id).await? {
        SessionRecord::None => Some(session),
        SessionRecord::Bound(user) => Some(Session { user: Some(user), ..session }),
        SessionRecord::Ended => None,
    })
}

/// Returns whether a user still has the account with which they signed in.
async fn has_account<S: AccountStore>(store: &S, user: &SessionUser) -> Result<bool, StoreError> {
    let subject = store.subject(&user.user).await?;
    Ok(subject.id == Some(user.id) && subject.generation == user.generation)
}
