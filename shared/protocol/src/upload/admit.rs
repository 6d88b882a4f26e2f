//! Admission: how many contacts and books an upload may add.

use std::collections::HashSet;

use model::{Book, Limits, Payer, Scope, UserId};
use numbering::Phone;
use store::{BookReader, Outcome, StoredBook};

use super::error::UploadError;
use super::wipe;
use crate::attempts::Contended;
use crate::capabilities::WipeStore;
use crate::tombstone::empty_book;

/// Who pays for an upload's new numbers, and the limits that apply.
#[derive(Clone, Debug)]
pub struct Allowance<'a, C> {
    /// Whose budget is charged.
    pub payer: Payer,
    /// The deployment's limits.
    pub limits: &'a Limits,
    pub clock: &'a C,
}

/// What a user's other books leave of the limits. Two uploads at once may both see the same room
/// and exceed a limit. That is acceptable: these limits bound what we store, and the budget bounds
/// what a user can learn.
pub(crate) struct Rooms {
    /// Most numbers in all of the user's books together.
    contacts: usize,
    /// The numbers in the other books, which aren't new to the user.
    pub(super) known: HashSet<Phone>,
    /// The numbers in those of the other books that stay.
    elsewhere: HashSet<Phone>,
    /// The book that makes room for this one: the device's book that was used longest ago.
    evicted: Option<Scope>,
    /// Books whose emptying was begun and didn't end.
    half_empty: Vec<Scope>,
}

impl Rooms {
    /// Reads all of a user's books, with one Query. That costs as much as reading them one by one,
    /// so only uploads that add something do it.
    pub(crate) async fn read<S: BookReader>(
        store: &S,
        limits: &Limits,
        user: &UserId,
        scope: &Scope,
        seen: &StoredBook,
    ) -> Result<Self, UploadError> {
        let is_open = |stored: &StoredBook| stored.life.is_open();
        let books = store.read_books(user).await?;
        let (others, closed): (Vec<_>, Vec<_>) = books
            .into_iter()
            .filter(|(other, _)| other != scope)
            .partition(|(_, stored)| is_open(stored));
        let limit = limits.books_per_user;
        let evicted = if is_open(seen) || others.len() < limit {
            None
        } else {
            Some(least_used(&others).ok_or(UploadError::TooManyBooks { limit })?)
        };
        let phones = |books: &[(Scope, StoredBook)], without: Option<&Scope>| {
            let books = books.iter().filter(|(other, _)| Some(other) != without);
            let entries = books.flat_map(|(_, stored)| stored.book.entries());
            entries.map(|entry| entry.contact.phone).collect()
        };
        Ok(Self {
            contacts: limits.contacts_per_user,
            known: phones(&others, None),
            elsewhere: phones(&others, evicted.as_ref()),
            evicted,
            half_empty: closed
                .into_iter()
                .filter(|(_, stored)| !stored.leaving.entries().is_empty())
                .map(|(other, _)| other)
                .collect(),
        })
    }

    /// Returns whether the user may have `book` besides their other books. A number in several
    /// books counts once.
    pub(crate) fn has_room_for(&self, book: &Book) -> bool {
        let phones = book.entries().iter().map(|entry| entry.contact.phone);
        let more = phones.filter(|phone| !self.elsewhere.contains(phone)).count();
        self.elsewhere.len() + more <= self.contacts
    }

    /// Empties the book that makes room, and finishes emptying those that a crash left half empty.
    pub(crate) async fn make<S: WipeStore>(
        &self,
        store: &S,
        user: &UserId,
    ) -> Result<(), UploadError> {
        if let Some(evicted) = &self.evicted {
            wipe(store, user, evicted).await?;
        }
        for scope in &self.half_empty {
            if empty_book(store, user, scope, |_| None).await? == Outcome::Conflict {
                return Err(Contended.into());
            }
        }
        Ok(())
    }
}

/// Returns the device's book that was used longest ago. Books that older versions of this software
/// wrote, which have no mark of their use, come first.
fn least_used(books: &[(Scope, StoredBook)]) -> Option<Scope> {
    let devices = books.iter().filter(|(scope, _)| matches!(scope, Scope::Device(_)));
    devices.min_by_key(|(_, stored)| stored.used_at).map(|(scope, _)| scope.clone())
}
