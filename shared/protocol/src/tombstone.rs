//! Emptying a book, which is steps 2 to 4 of deleting an account. The numbers are those of
//! `docs/DESIGN.md`:
//!
//! 2. Turns the book into a tombstone that still holds the contacts.
//! 3. Deletes the contacts' hints, up to the tombstone's version.
//! 4. Writes the tombstone without contacts, and deletes the book's base.
//!
//! The tombstone keeps the version, so that no version is counted twice. An upload in flight either
//! commits before the tombstone is written, or loses against it. A repeat finishes what a crash
//! left.

use model::{Book, Scope, UserId};
use store::{Life, Outcome, StoreError, StoredBook};

use crate::attempts::Attempts;
use crate::capabilities::WipeStore;

/// Empties a book, if `ended` returns the life of its tombstone. If the book is already a
/// tombstone, finishes emptying it. Returns a conflict if other writes came first at every attempt.
pub(crate) async fn empty_book<S: WipeStore>(
    store: &S,
    user: &UserId,
    scope: &Scope,
    ended: impl Fn(Life) -> Option<Life>,
) -> Result<Outcome, StoreError> {
    let (mut emptied, mut attempts) = (false, Attempts::new());
    loop {
        let seen = store.read_book(user, scope).await?;
        let is_open = seen.life.is_open();
        let next = match ended(seen.life) {
            // 2. Only once: a book that is opened again after that is meant to stay.
            Some(life) if !emptied => {
                let leaving = seen.book.clone().without_region();
                StoredBook {
                    life,
                    book: Book::default(),
                    uploaded_by: None,
                    leaving,
                    ..seen.clone()
                }
            }
            _ if !is_open && !seen.leaving.entries().is_empty() => {
                // 3.
                let phones = seen.leaving.phones_not_in(&Book::default());
                store.delete_hints(user, scope, &phones, seen.version).await?;
                // 4.
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
