//! Emptying a book: first a tombstone that remembers the contacts, then their hints, then the memory.
//!
//! The tombstone keeps the version, so that none is counted twice: an upload in flight comes before the
//! emptying or after it, and never back. A repeat finishes what a crash left.

use model::{Book, Scope, UserId};
use store::{Life, Outcome, StoreError, StoredBook};

use crate::attempts::Attempts;
use crate::capabilities::WipeStore;

/// Empties a book whose life `ended` turns into that of its tombstone; deletes the hints of one that is
/// empty already. A conflict means that others won every time.
pub(crate) async fn empty_book<S: WipeStore>(
    store: &S,
    user: &UserId,
    scope: &Scope,
    ended: impl Fn(Life) -> Option<Life>,
) -> Result<Outcome, StoreError> {
    let (mut emptied, mut attempts) = (false, Attempts::new());
    loop {
        let seen = store.read_book(user, scope).await?;
        let is_open = matches!(seen.life, Life::Open { .. });
        let next = match ended(seen.life) {
            // Whoever has opened it since means to.
            Some(life) if !emptied => {
                let leaving = seen.book.clone().rematched(|_| None).without_region();
                StoredBook {
                    life,
                    book: Book::default(),
                    uploaded_by: None,
                    leaving,
                    ..seen.clone()
                }
            }
            _ if !is_open && !seen.leaving.entries().is_empty() => {
                let phones = seen.leaving.phones_not_in(&Book::default());
                store.delete_hints(user, scope, &phones, seen.version).await?;
                StoredBook { leaving: Book::default(), ..seen.clone() }
            }
            _ => return Ok(Outcome::Done),
        };
        match store.write_book(user, scope, &seen, &next).await? {
            Outcome::Done => emptied = true,
            Outcome::Conflict if attempts.again().await.is_ok() => {}
            Outcome::Conflict => return Ok(Outcome::Conflict),
        }
    }
}
