//! Admission: how many contacts, books and new numbers an upload may add.

use std::collections::HashSet;

use model::{Clock, Limits, Overdrawn, Payer, Scope, UserId};
use numbering::Phone;
use store::{BookReader, Bucket, BudgetStore, Life, Outcome, StoredBook};

use super::error::UploadError;
use crate::attempts::Attempts;

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
    /// Most contacts that the book may have.
    pub contacts: usize,
    /// The numbers in the other books, which aren't new to the user.
    known: HashSet<Phone>,
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
        let is_open = |stored: &StoredBook| matches!(stored.life, Life::Open { .. });
        let books = store.read_books(user).await?;
        let others: Vec<_> =
            books.iter().filter(|(other, stored)| other != scope && is_open(stored)).collect();
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

/// Charges for those of the `added` numbers that are in none of the user's books and that this
/// upload hasn't `paid` for. It is one conditional write, or none if there are no such numbers.
///
/// Nothing has been looked up about these numbers yet, so a user who can't pay learns nothing. An
/// upload that paid and then lost, crashed or gave up isn't charged again for the same numbers,
/// because the bucket keeps a receipt.
pub(super) async fn admit<S: BudgetStore, C: Clock>(
    store: &S,
    allowance: &Allowance<'_, C>,
    rooms: &Rooms,
    added: &[Phone],
    paid: &mut HashSet<Phone>,
) -> Result<(), UploadError> {
    let is_new = |phone: &&Phone| !rooms.known.contains(*phone) && !paid.contains(*phone);
    let new: Vec<Phone> = added.iter().filter(is_new).copied().collect();
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
    let mut attempts = Attempts::new();
    loop {
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
        attempts.again().await?;
    }
}
