//! Forgetting a phone: it is deleted from every book, and no book takes it from then on.

use futures::stream::{self, StreamExt, TryStreamExt};
use numbering::Phone;
use store::{ForgottenPhones, Hint, Outcome, OwnerRange, StoreError};

use crate::attempts::{Attempts, Contended};
use crate::capabilities::ForgetStore;

/// How many books are worked on at once.
const BOOKS_AT_ONCE: usize = 8;
/// Most hints that one query reads: some 100 KB.
const HINTS_PER_QUERY: usize = 1_000;

/// Counts of what was done to forget a phone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForgetReport {
    /// Books that were written, because they might have held the phone.
    pub books: usize,
    /// Those of them that held it.
    pub contacts: usize,
}

/// Why a phone wasn't forgotten, or not in all books yet.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    /// The phone is a user's. They can delete their account, or register another phone.
    #[error("the phone is a user's")]
    HasHolder,
    /// Somebody has signed up with the phone meanwhile, or it was allowed again. Books that weren't
    /// written until then keep it.
    #[error("the phone was registered or allowed meanwhile")]
    Overtaken,
    #[error(transparent)]
    Contended(#[from] Contended),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Deletes `phone` from every book, in all its [forms](Phone::forms), and marks it, so that uploads
/// leave it out from then on. Safe to repeat, and a repeat finishes what a crash left.
///
/// The numbers are those of `docs/DESIGN.md`:
///
/// 1. Marks the phone, if it has no holder.
/// 2. *Then* strongly queries the phone's hints.
/// 3. For each hint, strongly reads the book, at version w.
/// 4. *Then* strongly reads whether the mark is still there. If not, ends.
/// 5. Writes the book without the phone, if it still is at version w. Always writes, even if the phone
///    isn't in the book.
/// 6. Deletes the hint, up to version w+1.
/// 7. Starts over at step 3 if another write of the book came first.
///
/// An upload that looks for holders after step 1 sees the mark. One that has looked before has put its
/// hint before, so step 2 finds it. It has either committed, and then its contact is deleted, or it
/// loses against step 5 and starts over.
///
/// # Errors
/// [`ForgetError`]. After [`ForgetError::HasHolder`] nothing was done. After any other error some of
/// the steps are done, and a repeat does the rest.
pub async fn forget<S: ForgetStore>(store: &S, phone: Phone) -> Result<ForgetReport, ForgetError> {
    let present = phone.forms()[0];
    // 1.
    mark(store, present).await?;
    forget_in_books(store, present, phone).await
}

/// Does the rest of what was begun: steps 2 to 7 of [`forget`], if `phone` is marked. Safe to repeat.
///
/// # Errors
/// [`ForgetError`], which is [`ForgetError::Overtaken`] if `phone` isn't marked.
pub async fn finish_forgetting<S: ForgetStore>(
    store: &S,
    phone: Phone,
) -> Result<ForgetReport, ForgetError> {
    if store.holder(phone).await?.is_some() {
        return Err(ForgetError::HasHolder);
    }
    let marked = marked_form(store, phone).await?.ok_or(ForgetError::Overtaken)?;
    forget_in_books(store, marked, phone).await
}

/// Steps 2 to 7 for all books. `marked` is the form of `phone` that has the mark.
async fn forget_in_books<S: ForgetStore>(
    store: &S,
    marked: Phone,
    phone: Phone,
) -> Result<ForgetReport, ForgetError> {
    let mut report = ForgetReport::default();
    for form in phone.forms() {
        let mut range = OwnerRange::default();
        loop {
            // 2.
            let page = store.owners(form, &range, HINTS_PER_QUERY).await?;
            range.after = page.hints.last().map(|hint| hint.place.clone());
            let held = stream::iter(page.hints)
                .map(|hint| forget_in_book(store, marked, form, hint))
                .buffer_unordered(BOOKS_AT_ONCE)
                .try_collect::<Vec<bool>>()
                .await?;
            report.books += held.len();
            report.contacts += held.into_iter().filter(|held| *held).count();
            if !page.more {
                break;
            }
        }
    }
    Ok(report)
}

/// Reads whether `phone` is forgotten, in any of its [forms](Phone::forms).
///
/// # Errors
/// [`StoreError`].
pub async fn is_forgotten<S: ForgottenPhones>(store: &S, phone: Phone) -> Result<bool, StoreError> {
    Ok(marked_form(store, phone).await?.is_some())
}

async fn marked_form<S: ForgottenPhones>(
    store: &S,
    phone: Phone,
) -> Result<Option<Phone>, StoreError> {
    for form in phone.forms() {
        if store.is_forgotten(form).await? {
            return Ok(Some(form));
        }
    }
    Ok(None)
}

/// Lets books hold `phone` again. Returns whether it was forgotten. What was deleted isn't brought
/// back: apps upload it again.
///
/// # Errors
/// [`StoreError`].
pub async fn allow<S: ForgottenPhones>(store: &S, phone: Phone) -> Result<bool, ForgetError> {
    let mut was_forgotten = false;
    for form in phone.forms() {
        let mut attempts = Attempts::new();
        while store.is_forgotten(form).await? {
            was_forgotten = true;
            if store.delete_mark(form).await? == Outcome::Done {
                break;
            }
            attempts.again().await?;
        }
    }
    Ok(was_forgotten)
}

/// Step 1. A user may have registered with a former form of the phone.
async fn mark<S: ForgetStore>(store: &S, present: Phone) -> Result<(), ForgetError> {
    let mut attempts = Attempts::new();
    loop {
        if store.holder(present).await?.is_some() {
            return Err(ForgetError::HasHolder);
        }
        if store.mark_forgotten(present).await? == Outcome::Done {
            return Ok(());
        }
        attempts.again().await?;
    }
}

/// Steps 3 to 7 for one book, which may hold this form of the phone. Returns whether it did.
async fn forget_in_book<S: ForgetStore>(
    store: &S,
    marked: Phone,
    form: Phone,
    hint: Hint,
) -> Result<bool, ForgetError> {
    let Hint { user, scope, place: _ } = hint;
    let mut attempts = Attempts::new();
    loop {
        // 3.
        let seen = store.read_book(&user, &scope).await?;
        // 4.
        if !store.is_forgotten(marked).await? {
            return Err(ForgetError::Overtaken);
        }
        // 5.
        if store.write_book(&user, &scope, &seen, &seen.without(form)).await? == Outcome::Done {
            // 6.
            store.delete_hints(&user, &scope, &[form], seen.version + 1).await?;
            return Ok(seen.book.find(form).or(seen.leaving.find(form)).is_some());
        }
        // 7.
        attempts.again().await?;
    }
}
