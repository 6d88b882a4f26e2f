//! Reading a book, which postpones its expiry.

use model::{Book, Scope, UserId};
use store::{BookKeeper, StoreError, StoredBook};

/// Returns the contacts and matches of a book, from one strongly consistent read. It repairs
/// nothing. If books expire, reading one postpones its expiry.
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

/// Postpones the expiry of a book that is in use. A failure is only logged: half of the book's time
/// is still left, and later requests try again.
pub(crate) async fn keep<S: BookKeeper>(
    store: &S,
    user: &UserId,
    scope: &Scope,
    seen: &StoredBook,
) {
    if let Err(error) = store.keep_book(user, scope, seen).await {
        tracing::warn!(error = %error, "a book's expiry wasn't postponed");
    }
}
