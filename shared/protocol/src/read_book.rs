//! Reading a book, which keeps it.

use model::{Book, Scope, UserId};
use store::{BookKeeper, StoreError, StoredBook};

/// The contacts and matches of a book: one strong read, and no repair. Where books have an end, whoever
/// reads one puts it off.
///
/// # Errors
/// [`StoreError`] of the read.
pub async fn read_book<S: BookKeeper>(
    store: &S,
    user: &UserId,
    scope: &Scope,
) -> Result<Book, StoreError> {
    let seen = store.read_book(user, scope).await?;
    keep(store, user, scope, &seen).await;
    Ok(seen.book)
}

/// Puts off the end of a book that somebody uses. Failing is no reason to fail them: there is as much time
/// again for others to try.
pub(crate) async fn keep<S: BookKeeper>(
    store: &S,
    user: &UserId,
    scope: &Scope,
    seen: &StoredBook,
) {
    if let Err(error) = store.keep_book(user, scope, seen).await {
        tracing::warn!(error = %error, "a book's end was not put off");
    }
}
