//! Reading a book, which notes that it is used.

use model::{Book, Scope, UserId};
use store::{BookHead, BookKeeper, StoreError};

/// Returns the contacts and matches of a book, from one strongly consistent read. It repairs
/// nothing. If the book expires or is a device's, its use is noted; see [`BookKeeper`].
///
/// # Errors
/// [`StoreError`] of the read.
pub async fn read_book<S: BookKeeper>(
    store: &S,
    user: &UserId,
    scope: &Scope,
) -> Result<Book, StoreError> {
    let seen = store.read_book(user, scope).await?;
    keep(store, user, scope, &seen.head()).await;
    Ok(seen.book)
}

/// Notes that a book is in use. A failure is only logged: half of the book's time is still left, and
/// later requests try again.
pub(crate) async fn keep<S: BookKeeper>(store: &S, user: &UserId, scope: &Scope, seen: &BookHead) {
    if let Err(error) = store.keep_book(user, scope, seen).await {
        tracing::warn!(error = %error, "the use of a book wasn't noted");
    }
}
