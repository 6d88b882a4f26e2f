//! The upload protocol.

use std::collections::HashSet;

use super::admit::{Allowance, Rooms, admit};
use super::notify::Clock;
use super::read::keep;
use super::tombstone::empty_book;
use crate::domain::{Book, Counts, Diff, HomeRegion, Scope, Upload, UserId};
use crate::store::{
    AccountStore, Backoff, BookKeeper, BookStore, BudgetStore, HolderReader, Life, Outcome, OwnerIndex, StoreError,
    StoredBook, fits,
};

/// What an upload did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uploaded {
    /// How many contacts were created, updated and deleted.
    pub counts: Counts,
    /// The request's indices of contacts that the book has no room for.
    pub no_room: Vec<usize>,
}

/// Why an upload did nothing.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Other writers won every time; the client should come again.
    #[error("the book was written by others at every attempt")]
    Contended,
    /// The account was deleted while the upload was under way.
    #[error("the account was deleted meanwhile")]
    AccountDeleted,
    /// The user has added as many new numbers as they may, for now.
    #[error("the budget of new numbers is spent")]
    OverBudget {
        /// Seconds until there is room again for those of this upload.
        seconds: u64,
    },
    /// The upload has more new numbers than anybody may add at once.
    #[error("the upload has more new numbers than a budget")]
    BeyondBudget {
        /// How many anybody may add at once.
        capacity: u32,
    },
    /// The user has as many books as they may.
    #[error("the user has too many books")]
    TooManyBooks {
        /// How many they may have.
        limit: usize,
    },
    /// A table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Works `upload` into one of `user`'s books: all of it or nothing, safe to repeat.
///
/// 1. Strongly read the book and work out what changes; nothing: done. Numbers that are new are paid for
///    *before* anything is asked about them, see `protocol::admit`.
/// 2. For each number that becomes present, put its hint, newer than all before.
/// 3. *Then* strongly read who has those numbers.
/// 4. Write book and matches, if the book still is what was read; else start over.
/// 5. Delete the hints of numbers that went; failing here is harmless.
///
/// Whoever registers after 3 finds the hint of 2; whoever registered before is seen by 3.
///
/// # Errors
/// [`UploadError`]; the book is then as it was, or as this upload left it where only the answer of
/// step 4 was lost.
pub async fn upload<S, C>(
    store: &S,
    allowance: &Allowance<'_, C>,
    user: &UserId,
    scope: &Scope,
    upload: &Upload,
    home: &HomeRegion,
) -> Result<Uploaded, UploadError>
where
    S: BookStore + BookKeeper + OwnerIndex + HolderReader + AccountStore + BudgetStore + Sync,
    C: Clock + Sync,
{
    let mut generation = None;
    let mut paid = HashSet::new();
    let mark = fastrand::u32(..);
    let mut lost: Option<Uploaded> = None;
    for attempt in 0.. {
        let seen = store.read_book(user, scope).await?;
        check_life(&seen, generation)?;
        // The write that seemed lost was this upload's own, made again because its answer hadn't come.
        if seen.uploaded_by == Some(mark)
            && let Some(uploaded) = lost
        {
            return Ok(uploaded);
        }
        let mut planned = plan(&seen.book, upload, home, usize::MAX);
        if planned.next == seen.book {
            keep(store, user, scope, &seen).await;
            return Ok(planned.uploaded);
        }
        if !planned.next.phones_not_in(&seen.book).is_empty() {
            let rooms = Rooms::read(store, allowance.limits, user, scope, &seen).await?;
            if planned.next.entries().len() > rooms.contacts {
                planned = plan(&seen.book, upload, home, rooms.contacts);
            }
            admit(store, allowance, &rooms, planned.next.phones_not_in(&seen.book), &mut paid).await?;
        }
        let Planned { next, uploaded } = planned;
        let attempted = match opened(store, user, scope, seen, &mut generation).await? {
            Some(open) => commit(store, user, scope, &open, next, mark).await?,
            None => Outcome::Conflict,
        };
        if attempted == Outcome::Done {
            return Ok(uploaded);
        }
        lost = Some(uploaded);
        if !Backoff::CONFLICT.wait(attempt).await {
            break;
        }
    }
    Err(UploadError::Contended)
}

/// Wipes one of `user`'s books: contacts, matches and hints. Safe to repeat; a book that isn't there is
/// wiped.
///
/// # Errors
/// [`UploadError::Contended`] and [`UploadError::Store`]; the book is then as it was, or wiped and some of its
/// hints are left, which a repeat deletes.
pub async fn wipe<S>(store: &S, user: &UserId, scope: &Scope) -> Result<(), UploadError>
where
    S: BookStore + OwnerIndex + Sync,
{
    let wiped = |life| matches!(life, Life::Open { .. }).then_some(Life::Unopened);
    match empty_book(store, user, scope, wiped).await? {
        Outcome::Done => Ok(()),
        Outcome::Conflict => Err(UploadError::Contended),
    }
}

struct Planned {
    next: Book,
    uploaded: Uploaded,
}

/// What the book becomes, with at most `contacts` of them; those for which there is no room stay out, or
/// stay as they are.
fn plan(book: &Book, upload: &Upload, home: &HomeRegion, contacts: usize) -> Planned {
    let base = book.read_again(home);
    let diff = base.diff(upload);
    let apply = |diff: &Diff| base.apply(diff).settled_in(home);
    let fits = |next: &Book| next.entries().len() <= contacts && fits(next);
    let next = apply(&diff);
    if diff.growth.is_empty() || fits(&next) {
        return Planned { next, uploaded: Uploaded { counts: diff.counts(), no_room: vec![] } };
    }
    // The most of the request's first changes that fit.
    let (mut room, mut beyond) = (0, diff.growth.len());
    while beyond - room > 1 {
        let middle = room.midpoint(beyond);
        if fits(&apply(&diff.limited(middle))) {
            room = middle;
        } else {
            beyond = middle;
        }
    }
    let limited = diff.limited(room);
    let no_room = diff.growth[room..].iter().map(|growth| growth.index()).collect();
    Planned { next: apply(&limited), uploaded: Uploaded { counts: limited.counts(), no_room } }
}

/// Stops an upload that was under way when its account was deleted.
fn check_life(seen: &StoredBook, generation: Option<u64>) -> Result<(), UploadError> {
    let Some(started) = generation else { return Ok(()) };
    match seen.life {
        Life::Unopened => Ok(()),
        Life::Open { generation } if generation == started => Ok(()),
        Life::Deleted { generation } if generation < started => Ok(()),
        Life::Open { .. } | Life::Deleted { .. } => Err(UploadError::AccountDeleted),
    }
}

/// The book, opened in the account's present generation if it wasn't; none where others were faster.
async fn opened<S: BookStore + AccountStore + Sync>(
    store: &S,
    user: &UserId,
    scope: &Scope,
    seen: StoredBook,
    generation: &mut Option<u64>,
) -> Result<Option<StoredBook>, UploadError> {
    if let Life::Open { generation: opened } = seen.life {
        *generation = Some(opened);
        return Ok(Some(seen));
    }
    let current = store.subject(user).await?.generation;
    let started = *generation.get_or_insert(current);
    if current != started {
        return Err(UploadError::AccountDeleted);
    }
    let opened = StoredBook {
        version: seen.version + 1,
        life: Life::Open { generation: started },
        book: Book::default(),
        uploaded_by: None,
        leaving: Book::default(),
        expires_at: None,
    };
    let outcome = store.open_book(user, scope, &seen, started).await?;
    Ok((outcome == Outcome::Done).then_some(opened))
}

/// Steps 2 to 5.
async fn commit<S: BookStore + OwnerIndex + HolderReader + Sync>(
    store: &S,
    user: &UserId,
    scope: &Scope,
    seen: &StoredBook,
    next: Book,
    mark: u32,
) -> Result<Outcome, UploadError> {
    let version = seen.version + 1;
    let added = next.phones_not_in(&seen.book);
    let removed = seen.book.phones_not_in(&next);
    store.put_hints(user, scope, &added, version).await?;
    let holders = store.holders(&added).await?;
    let kept = seen.book.matches();
    let book = next.rematched(|phone| match kept.get(&phone) {
        Some(matched) => *matched,
        None => holders.get(&phone).and_then(|holder| holder.match_for(user)),
    });
    let written = StoredBook { book, uploaded_by: Some(mark), expires_at: None, ..seen.clone() };
    let outcome = store.write_book(user, scope, seen, &written).await?;
    if outcome == Outcome::Done
        && let Err(error) = store.delete_hints(user, scope, &removed, version).await
    {
        tracing::warn!(error = %error, hints = removed.len(), "hints of removed numbers were left behind");
    }
    Ok(outcome)
}
