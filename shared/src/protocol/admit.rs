//! What an upload may add: so many contacts, so many books, so many new numbers.

use std::collections::HashSet;

use super::notify::Clock;
use super::upload::UploadError;
use crate::domain::{Limits, Overdrawn, Payer, Phone, Scope, UserId};
use crate::store::{Backoff, BookReader, Bucket, BudgetStore, Life, Outcome, StoredBook};

/// Who pays for an upload's new numbers, and what they may have.
#[derive(Clone, Debug)]
pub struct Allowance<'a, C> {
    /// Whose budget it is.
    pub payer: Payer,
    /// What the deployment allows.
    pub limits: &'a Limits,
    /// When it is.
    pub clock: &'a C,
}

/// What a user's other books leave of the limits. Two uploads at once may see the same room: these bound
/// what we store, and the budget bounds what can be learned.
pub(super) struct Rooms {
    /// Most contacts that the book may have.
    pub contacts: usize,
    /// The numbers in the other books, which are not new to the user.
    known: HashSet<Phone>,
}

impl Rooms {
    /// Reads all of a user's books: one Query. That is as dear as reading them one by one, and done only
    /// for uploads that add something.
    pub(super) async fn read<S: BookReader>(
        store: &S,
        limits: &Limits,
        user: &UserId,
        scope: &Scope,
        seen: &StoredBook,
    ) -> Result<Self, UploadError> {
        let is_open = |stored: &StoredBook| matches!(stored.life, Life::Open { .. });
        let books = store.read_books(user).await?;
        let others: Vec<_> = books.iter().filter(|(other, stored)| other != scope && is_open(stored)).collect();
        if !is_open(seen) && others.len() >= limits.books_per_user {
            return Err(UploadError::TooManyBooks { limit: limits.books_per_user });
        }
        let entries = || others.iter().flat_map(|(_, stored)| stored.book.entries());
        Ok(Self {
            contacts: limits.contacts_per_user.saturating_sub(entries().count()),
            known: entries().map(|entry| entry.contact.phone).collect(),
        })
    }
}

/// Charges those of the `added` numbers that are new to all of the user's books and not among those that
/// this upload has `paid` for: one conditional write, and none where there are no such numbers.
///
/// Nothing was learned about them yet: whoever can't pay learns nothing, and whoever paid and then lost,
/// crashed or gave up comes again with the same numbers and shows the receipt.
pub(super) async fn admit<S: BudgetStore, C: Clock>(
    store: &S,
    allowance: &Allowance<'_, C>,
    rooms: &Rooms,
    added: Vec<Phone>,
    paid: &mut HashSet<Phone>,
) -> Result<(), UploadError> {
    let new: Vec<Phone> =
        added.into_iter().filter(|phone| !rooms.known.contains(phone) && !paid.contains(phone)).collect();
    if new.is_empty() {
        return Ok(());
    }
    charge(store, allowance, &new).await?;
    paid.extend(new);
    Ok(())
}

async fn charge<S: BudgetStore, C: Clock>(
    store: &S,
    allowance: &Allowance<'_, C>,
    new: &[Phone],
) -> Result<(), UploadError> {
    let Allowance { payer, limits, clock } = allowance;
    let receipt = Some(store.receipt(new));
    for attempt in 0.. {
        let seen = store.bucket(payer).await?;
        if seen.receipt == receipt {
            return Ok(());
        }
        let spent = limits.budget.spend(seen.empty_at_ms, clock.now_ms(), new.len());
        let empty_at_ms = spent.map_err(|overdrawn| match overdrawn {
            Overdrawn::For { seconds } => UploadError::OverBudget { seconds },
            Overdrawn::Always { capacity } => UploadError::BeyondBudget { capacity },
        })?;
        let next = Bucket { empty_at_ms, receipt: receipt.clone() };
        if store.write_bucket(payer, &seen, &next).await? == Outcome::Done {
            return Ok(());
        }
        if !Backoff::CONFLICT.wait(attempt).await {
            break;
        }
    }
    Err(UploadError::Contended)
}
