//! Reading a book, which notes that it is used.

use model::{Book, Scope, UserId};
use store::{BookHead, BookKeeper, StoreError, StoredBook};

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
    Ok(read_and_keep(store, user, scope).await?.book)
}

/// A book that was read, unless the client has it already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookRead {
    /// Stands for the contacts and matches, see [`BookHead::revision`].
    pub revision: String,
    /// The contacts and matches. Absent if the client has this revision.
    pub book: Option<Book>,
}

/// Reads a book as [`read_book`] does, unless it is at one of the revisions that the client has. That
/// takes a read of the book's head only.
///
/// # Errors
/// [`StoreError`] of the reads.
pub async fn read_book_unless_known<S: BookKeeper>(
    store: &S,
    user: &UserId,
    scope: &Scope,
    known: &[String],
) -> Result<BookRead, StoreError> {
    if !known.is_empty() {
        let head = store.read_head(user, scope).await?;
        let revision = head.revision(user, scope);
        if known.contains(&revision) {
            keep(store, user, scope, &head).await;
            return Ok(BookRead { revision, book: None });
        }
    }
    let seen = read_and_keep(store, user, scope).await?;
    Ok(BookRead { revision: seen.head().revision(user, scope), book: Some(seen.book) })
}

/// Reads a book, and notes its use.
async fn read_and_keep<S: BookKeeper>(
    store: &S,
    user: &UserId,
    scope: &Scope,
) -> Result<StoredBook, StoreError> {
    let seen = store.read_book(user, scope).await?;
    keep(store, user, scope, &seen.head()).await;
    Ok(seen)
}

/// Notes that a book is in use. A failure is only logged: half of the book's time is still left, and
/// later requests try again.
pub(crate) async fn keep<S: BookKeeper>(store: &S, user: &UserId, scope: &Scope, seen: &BookHead) {
    if let Err(error) = store.keep_book(user, scope, seen).await {
        tracing::warn!(error = %error, "the use of a book wasn't noted");
    }
}
