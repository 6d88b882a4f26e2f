//! Charging for an upload: for its new numbers, and for changing a book at all.

use std::collections::HashSet;

use model::{Budget, Clock, Counts, Overdrawn};
use numbering::Phone;
use store::{Bucket, BudgetStore, Outcome, Receipt};

use super::admit::{Allowance, Rooms};
use super::error::UploadError;
use super::plan::Plan;
use crate::attempts::Attempts;

/// Phones that an upload may add or remove for the price of one change. Each costs a write of its
/// hint.
const PHONES_PER_CHANGE: usize = 100;

/// What an upload has paid for in its attempts so far.
#[derive(Default)]
pub(super) struct Paid {
    change: bool,
    phones: HashSet<Phone>,
}

/// Charges for the change that `plan` makes, and for those of its added numbers that are in none of
/// the user's books. What was `paid` for by an earlier attempt isn't charged again. It is one
/// conditional write, or none if all is paid.
///
/// Nothing has been looked up about these numbers yet, so a user who can't pay learns nothing. An
/// upload that paid and then lost, crashed or gave up pays for the change again when it is
/// repeated, but not for the numbers, because the bucket keeps a receipt for some minutes.
pub(super) async fn charge<S: BudgetStore, C: Clock>(
    store: &S,
    allowance: &Allowance<'_, C>,
    rooms: Option<&Rooms>,
    plan: &Plan,
    paid: &mut Paid,
) -> Result<(), UploadError> {
    let is_known = |phone: &Phone| rooms.is_some_and(|rooms| rooms.known.contains(phone));
    let new: Vec<Phone> = plan.new.iter().filter(|phone| !is_known(phone)).copied().collect();
    let due: Vec<Phone> =
        new.iter().filter(|phone| !paid.phones.contains(*phone)).copied().collect();
    let changes = if paid.change { 0 } else { changes(plan) };
    if changes == 0 && due.is_empty() {
        return Ok(());
    }
    let mut attempts = Attempts::new();
    loop {
        let seen = store.bucket(&allowance.payer).await?;
        let next = after(allowance, &seen, &new, &due, changes)?;
        if store.write_bucket(&allowance.payer, &seen, &next).await? == Outcome::Done {
            break;
        }
        attempts.again().await?;
    }
    paid.change = true;
    paid.phones.extend(due);
    Ok(())
}

/// Returns how many changes of books the plan counts as. Reading phones better isn't one: the user
/// changed nothing.
fn changes(plan: &Plan) -> usize {
    if plan.uploaded.counts == Counts::default() {
        return 0;
    }
    1 + (plan.added.len() + plan.removed.len()) / PHONES_PER_CHANGE
}

/// Returns the bucket after `changes` and those of the `due` numbers that its receipt doesn't show
/// to be paid for. The next receipt is for all `new` numbers.
fn after<C: Clock>(
    allowance: &Allowance<'_, C>,
    seen: &Bucket,
    new: &[Phone],
    due: &[Phone],
    changes: usize,
) -> Result<Bucket, UploadError> {
    let Allowance { payer, limits, clock } = allowance;
    let now_ms = clock.now_ms();
    let changes = changes.min(limits.book_changes.capacity() as usize);
    let changes_empty_at_ms = limits
        .book_changes
        .spend(seen.changes_empty_at_ms, now_ms, changes)
        .map_err(|overdrawn| UploadError::TooManyChanges { seconds: seconds(overdrawn) })?;
    let receipt = seen.receipt.as_ref().filter(|receipt| receipt.is_valid(now_ms));
    let unpaid = match receipt {
        Some(receipt) => {
            let unpaid: HashSet<Phone> = receipt.unpaid(new).into_iter().collect();
            due.iter().filter(|phone| unpaid.contains(phone)).count()
        }
        None => due.len(),
    };
    if unpaid == 0 {
        let receipt = receipt.cloned();
        return Ok(Bucket { changes_empty_at_ms, receipt, ..seen.clone() });
    }
    let budget = limits.new_numbers(payer).ok_or(UploadError::PhoneUnproven)?;
    let empty_at_ms = spend_numbers(&budget, seen.empty_at_ms, now_ms, unpaid)?;
    // A receipt that saved something keeps its time. Otherwise one more number every few minutes
    // would make it valid for ever.
    let began_at_ms = receipt.filter(|_| unpaid < new.len()).map_or(now_ms, Receipt::began_at_ms);
    let receipt = Some(Receipt::new(new, began_at_ms));
    Ok(Bucket { empty_at_ms, changes_empty_at_ms, receipt })
}

fn spend_numbers(
    budget: &Budget,
    empty_at_ms: u64,
    now_ms: u64,
    numbers: usize,
) -> Result<u64, UploadError> {
    budget.spend(empty_at_ms, now_ms, numbers).map_err(|overdrawn| match overdrawn {
        Overdrawn::For { seconds } => UploadError::OverBudget { seconds },
        Overdrawn::Always { capacity } => UploadError::BeyondBudget { capacity },
    })
}

/// Returns how long to wait. Nothing that fits into an empty bucket has to wait for ever.
fn seconds(overdrawn: Overdrawn) -> u64 {
    match overdrawn {
        Overdrawn::For { seconds } => seconds,
        Overdrawn::Always { .. } => u64::MAX,
    }
}
