//! The upload protocol, and wiping a book.

mod admit;
mod charge;
mod error;
mod plan;

use model::{Book, Clock, Scope, SystemClock, Upload, UserId};
use numbering::{HomeRegion, Phone};
use store::{AccountStore, Holders, Life, Outcome, OwnerIndex, StoredBook};

pub use self::admit::Allowance;
use self::admit::Rooms;
use self::charge::{Paid, charge};
pub use self::error::UploadError;
use self::plan::Plan;
pub use self::plan::Uploaded;
use crate::attempts::{Attempts, Contended};
use crate::capabilities::{UploadStore, WipeStore};
use crate::read_book::keep;
use crate::tombstone::empty_book;

/// Applies `upload` to one of `user`'s books, all of it or nothing. Safe to repeat.
///
/// 1. Strongly reads the book and works out what changes. If nothing does, answers. The change and
///    its new numbers are paid for *before* anything is looked up about them (`charge.rs`).
/// 2. Puts a hint for each number that becomes present, if there is none or an older one.
/// 3. *Then* strongly reads who has those numbers, and leaves out those that were forgotten.
/// 4. Writes contacts and matches, if the book is still at the version that was read. If this opens
///    the book, the account has to be in the same generation still.
/// 5. Starts over if another write came first.
/// 6. Deletes the hints of numbers that were removed or left out. A failure here is harmless.
///
/// A user who registers after step 3 finds the hint of step 2. A user who registered before is seen
/// by step 3.
///
/// # Errors
/// [`UploadError`]. The book is then as it was. If only the answer to step 4 was lost, the book is
/// as this upload wrote it.
pub async fn upload<S: UploadStore, C: Clock>(
    store: &S,
    allowance: &Allowance<'_, C>,
    user: &UserId,
    scope: &Scope,
    upload: &Upload,
    home: &HomeRegion,
) -> Result<Uploaded, UploadError> {
    apply(store, Some(allowance), user, scope, upload, home).await
}

/// Does the same as [`upload`] for a book that moves in from elsewhere: nothing is charged, and only
/// what a book can hold limits it.
///
/// # Errors
/// [`UploadError`]. The book is then as it was, or as this upload wrote it, as in [`upload`].
pub async fn upload_unlimited<S: UploadStore>(
    store: &S,
    user: &UserId,
    scope: &Scope,
    upload: &Upload,
    home: &HomeRegion,
) -> Result<Uploaded, UploadError> {
    apply::<S, SystemClock>(store, None, user, scope, upload, home).await
}

/// Does what [`upload`] does. Without an allowance, nothing is charged.
async fn apply<S: UploadStore, C: Clock>(
    store: &S,
    allowance: Option<&Allowance<'_, C>>,
    user: &UserId,
    scope: &Scope,
    upload: &Upload,
    home: &HomeRegion,
) -> Result<Uploaded, UploadError> {
    let mut hinted = Hinted::default();
    let applied = attempt(store, allowance, user, scope, upload, home, &mut hinted).await;
    if matches!(applied, Err(UploadError::AccountDeleted)) {
        hinted.delete(store, user, scope).await;
    }
    applied
}

/// The hints that an upload has put in all of its attempts.
#[derive(Default)]
struct Hinted {
    phones: Vec<Phone>,
    /// The greatest version among them.
    version: u64,
}

impl Hinted {
    /// Notes hints that are about to be put.
    fn note(&mut self, phones: &[Phone], version: u64) {
        self.phones.extend(phones);
        self.version = self.version.max(version);
    }

    /// Deletes the hints. The account was deleted while the upload was under way, and may not have
    /// found them. No hint of a later book is as old as they are. A failure is only logged: a join
    /// deletes a hint without a contact.
    async fn delete<S: OwnerIndex>(&self, store: &S, user: &UserId, scope: &Scope) {
        if let Err(error) = store.delete_hints(user, scope, &self.phones, self.version).await {
            let hints = self.phones.len();
            tracing::warn!(error = %error, hints, "hints of a deleted account were left behind");
        }
    }
}

/// Steps 1 to 6 of [`upload`], repeated until no other write comes first.
async fn attempt<S: UploadStore, C: Clock>(
    store: &S,
    allowance: Option<&Allowance<'_, C>>,
    user: &UserId,
    scope: &Scope,
    upload: &Upload,
    home: &HomeRegion,
    hinted: &mut Hinted,
) -> Result<Uploaded, UploadError> {
    let mut generation = None;
    let mut paid = Paid::default();
    let mark = fastrand::u32(..);
    let mut lost: Option<Uploaded> = None;
    let mut attempts = Attempts::new();
    loop {
        // 1.
        let seen = store.read_book(user, scope).await?;
        check_life(&seen, generation)?;
        // The write that seemed to come first was this upload's own. The SDK had repeated it,
        // because its answer hadn't arrived.
        if seen.uploaded_by == Some(mark)
            && let Some(uploaded) = lost
        {
            return Ok(uploaded);
        }
        let mut plan = Plan::new(&seen.book, upload, home, |_| true);
        if plan.next.holds_the_same(&seen.book) {
            keep(store, user, scope, &seen.head()).await;
            return Ok(plan.uploaded);
        }
        if let Some(allowance) = allowance {
            let mut rooms = None;
            if !plan.new.is_empty() {
                let read = Rooms::read(store, allowance.limits, user, scope, &seen).await?;
                if !read.has_room_for(&plan.next) {
                    let fits = |next: &Book| read.has_room_for(next);
                    plan = Plan::new(&seen.book, upload, home, fits);
                }
                rooms = Some(read);
            }
            charge(store, allowance, rooms.as_ref(), &plan, &mut paid).await?;
            if let Some(rooms) = &rooms {
                rooms.make(store, user).await?;
            }
        }
        let life = opening(store, user, scope, &seen, &mut generation).await?;
        hinted.note(&plan.added, seen.version + 1);
        if commit(store, user, scope, &seen, life, &mut plan, mark).await? == Outcome::Done {
            return Ok(plan.uploaded);
        }
        lost = Some(plan.uploaded);
        // 5.
        attempts.again().await?;
    }
}

/// Deletes the contacts, matches and hints of one of `user`'s books. Safe to repeat. Succeeds for a
/// book that doesn't exist.
///
/// # Errors
/// [`UploadError::Contended`] and [`UploadError::Store`]. The book is then as it was, or it is
/// wiped and some of its hints are left. A repeat deletes those.
pub async fn wipe<S: WipeStore>(
    store: &S,
    user: &UserId,
    scope: &Scope,
) -> Result<(), UploadError> {
    let wiped = |life: Life| life.is_open().then_some(Life::Unopened);
    match empty_book(store, user, scope, wiped).await? {
        Outcome::Done => Ok(()),
        Outcome::Conflict => Err(Contended.into()),
    }
}

/// Fails if the account was deleted while the upload was under way.
fn check_life(seen: &StoredBook, generation: Option<u64>) -> Result<(), UploadError> {
    let Some(started) = generation else { return Ok(()) };
    match seen.life {
        Life::Unopened => Ok(()),
        Life::Open { generation } if generation == started => Ok(()),
        // Another account than this upload's was deleted. `opened` sees whether this one was too.
        Life::Deleted { generation } if generation != started => Ok(()),
        Life::Open { .. } | Life::Deleted { .. } => Err(UploadError::AccountDeleted),
    }
}

/// Returns the life of the book once the upload has written it: it is open. A book that isn't open
/// yet is opened by that write, in the account's current generation.
///
/// If the book was being emptied and a crash left hints behind, they are deleted first, as in
/// step 3 of [`empty_book`]. They are older than all that this book will write.
async fn opening<S: AccountStore + OwnerIndex>(
    store: &S,
    user: &UserId,
    scope: &Scope,
    seen: &StoredBook,
    generation: &mut Option<u64>,
) -> Result<Life, UploadError> {
    if let Life::Open { generation: opened } = seen.life {
        *generation = Some(opened);
        return Ok(seen.life);
    }
    let current = store.subject(user).await?.generation;
    let started = *generation.get_or_insert(current);
    if current != started {
        return Err(UploadError::AccountDeleted);
    }
    let leaving = seen.leaving.phones_not_in(&Book::default());
    store.delete_hints(user, scope, &leaving, seen.version).await?;
    Ok(Life::Open { generation: started })
}

/// Steps 2 to 4 and 6 of [`upload`]. It writes even if all that would be new was left out: only after
/// that write, no other upload that has read the book as it was can still need the hints.
async fn commit<S: UploadStore>(
    store: &S,
    user: &UserId,
    scope: &Scope,
    seen: &StoredBook,
    life: Life,
    plan: &mut Plan,
    mark: u32,
) -> Result<Outcome, UploadError> {
    let version = seen.version + 1;
    // 2.
    store.put_hints(user, scope, &plan.added, version).await?;
    // 3.
    let Holders { held, forgotten } = store.holders(&plan.added).await?;
    plan.leave_out(&forgotten);
    let Plan { next: planned, removed, .. } = plan;
    let kept = seen.book.matches();
    let book = planned.clone().rematched(|phone| match kept.get(&phone) {
        Some(matched) => *matched,
        None => held.get(&phone).and_then(|holder| holder.match_for(user)),
    });
    // 4.
    let next = StoredBook {
        life,
        book,
        uploaded_by: Some(mark),
        leaving: Book::default(),
        expires_at: None,
        used_at: None,
        ..seen.clone()
    };
    let outcome = store.write_book(user, scope, seen, &next).await?;
    // 6.
    if outcome == Outcome::Done
        && let Err(error) = store.delete_hints(user, scope, removed, version).await
    {
        let hints = removed.len();
        tracing::warn!(error = %error, hints, "hints of removed numbers were left behind");
    }
    Ok(outcome)
}
