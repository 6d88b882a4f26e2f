//! The upload protocol.

mod admit;
mod error;
mod plan;

use std::collections::HashSet;

use model::{Clock, Scope, Upload, UserId};
use numbering::HomeRegion;
use store::{AccountStore, BookStore, Life, Outcome, StoredBook};

pub use self::admit::Allowance;
use self::admit::{Rooms, admit};
pub use self::error::UploadError;
use self::plan::Plan;
pub use self::plan::Uploaded;
use crate::attempts::{Attempts, Contended};
use crate::capabilities::{UploadStore, WipeStore};
use crate::read_book::keep;
use crate::tombstone::empty_book;

/// Works `upload` into one of `user`'s books: all of it or nothing, safe to repeat.
///
/// 1. Strongly reads the book and works out what changes. If nothing does, that is all. New numbers
///    are paid for *before* anything is asked about them (`admit.rs`).
/// 2. Puts a hint for each number that becomes present, newer than all hints before.
/// 3. *Then* strongly reads who holds those numbers.
/// 4. Writes book and matches, if the book is still what was read.
/// 5. Starts over if it isn't.
/// 6. Deletes the hints of removed numbers. A failure here is harmless.
///
/// Somebody who registers after 3 finds the hint of 2. Somebody who registered before is seen by 3.
///
/// # Errors
/// [`UploadError`]. The book is then as it was, or as this upload left it if only the answer to step
/// 4 was lost.
pub async fn upload<S: UploadStore, C: Clock>(
    store: &S,
    allowance: &Allowance<'_, C>,
    user: &UserId,
    scope: &Scope,
    upload: &Upload,
    home: &HomeRegion,
) -> Result<Uploaded, UploadError> {
    let mut generation = None;
    let mut paid = HashSet::new();
    let mark = fastrand::u32(..);
    let mut lost: Option<Uploaded> = None;
    let mut attempts = Attempts::new();
    loop {
        // 1.
        let seen = store.read_book(user, scope).await?;
        check_life(&seen, generation)?;
        // A write that seemed lost was this upload's own: it was repeated because its answer hadn't
        // come.
        if seen.uploaded_by == Some(mark)
            && let Some(uploaded) = lost
        {
            return Ok(uploaded);
        }
        let mut plan = Plan::new(&seen.book, upload, home, usize::MAX);
        if plan.next == seen.book {
            keep(store, user, scope, &seen).await;
            return Ok(plan.uploaded);
        }
        if !plan.added.is_empty() {
            let rooms = Rooms::read(store, allowance.limits, user, scope, &seen).await?;
            if plan.next.entries().len() > rooms.contacts {
                plan = Plan::new(&seen.book, upload, home, rooms.contacts);
            }
            admit(store, allowance, &rooms, &plan.added, &mut paid).await?;
        }
        let written = match opened(store, user, scope, seen, &mut generation).await? {
            Some(open) => commit(store, user, scope, &open, &plan, mark).await?,
            None => Outcome::Conflict,
        };
        if written == Outcome::Done {
            return Ok(plan.uploaded);
        }
        lost = Some(plan.uploaded);
        // 5.
        attempts.again().await?;
    }
}

/// Wipes one of `user`'s books: contacts, matches and hints. Safe to repeat. A book that doesn't
/// exist is wiped.
///
/// # Errors
/// [`UploadError::Contended`] and [`UploadError::Store`]. The book is then as it was, or it is wiped
/// and some of its hints are left, which a repeat deletes.
pub async fn wipe<S: WipeStore>(
    store: &S,
    user: &UserId,
    scope: &Scope,
) -> Result<(), UploadError> {
    let wiped = |life| matches!(life, Life::Open { .. }).then_some(Life::Unopened);
    match empty_book(store, user, scope, wiped).await? {
        Outcome::Done => Ok(()),
        Outcome::Conflict => Err(Contended.into()),
    }
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

/// The book, opened in the account's present generation if it wasn't open; nothing if others were
/// faster.
async fn opened<S: BookStore + AccountStore>(
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
    Ok(store.open_book(user, scope, &seen, started).await?)
}

/// Steps 2 to 6.
async fn commit<S: UploadStore>(
    store: &S,
    user: &UserId,
    scope: &Scope,
    seen: &StoredBook,
    plan: &Plan,
    mark: u32,
) -> Result<Outcome, UploadError> {
    let Plan { next, added, removed, .. } = plan;
    let version = seen.version + 1;
    // 2.
    store.put_hints(user, scope, added, version).await?;
    // 3.
    let holders = store.holders(added).await?;
    let kept = seen.book.matches();
    let book = next.clone().rematched(|phone| match kept.get(&phone) {
        Some(matched) => *matched,
        None => holders.get(&phone).and_then(|holder| holder.match_for(user)),
    });
    // 4.
    let written = StoredBook { book, uploaded_by: Some(mark), expires_at: None, ..seen.clone() };
    let outcome = store.write_book(user, scope, seen, &written).await?;
    // 6.
    if outcome == Outcome::Done
        && let Err(error) = store.delete_hints(user, scope, removed, version).await
    {
        let hints = removed.len();
        tracing::warn!(error = %error, hints, "hints of removed numbers were left behind");
    }
    Ok(outcome)
}
