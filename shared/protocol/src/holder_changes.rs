//! How often a phone's holder may change: a limit for each account, and one for each phone.
//!
//! Each change is told to every book that holds the phone. Without a limit, one account could keep
//! all of them busy.

use futures::future::try_join;
use model::{Budget, Clock, Holder, Overdrawn, Payer, Profile, UserId};
use numbering::Phone;
use store::{ChangeBucket, HolderChangeStore, Outcome};

use crate::account::{AccountError, PhoneClaim, ProfilePatch};
use crate::attempts::Attempts;
use crate::capabilities::SignUpStore;

/// A phone that the user gets, and who has it now.
pub(crate) struct Claimed {
    pub phone: Phone,
    pub holder: Option<Holder>,
}

/// Returns the phone that `claim` gives to the user, or `None` inside if they keep the one that they
/// have. Returns nothing if another request of the same user has claimed the phone since `before`
/// was read.
pub(crate) async fn claimed<S: SignUpStore>(
    store: &S,
    user: &UserId,
    before: Option<&Profile>,
    claim: PhoneClaim,
) -> Result<Option<Option<Claimed>>, AccountError> {
    let (phone, proven_at_ms) = match claim {
        PhoneClaim::None => return Ok(Some(None)),
        PhoneClaim::Proven(phone) => (phone, u64::MAX),
        PhoneClaim::ProvenAt(phone, at_ms) => (phone, at_ms),
        PhoneClaim::Stated(phone) => (phone, 0),
    };
    // A user who registered before their country changed the number keeps it, and is found by it.
    let had = before.and_then(|before| before.phone);
    if had.is_some_and(|(old, _)| old.is_same_subscriber(&phone)) {
        return Ok(Some(None));
    }
    let is_stated = matches!(claim, PhoneClaim::Stated(_));
    let holder =
        if is_stated { store.holder(phone).await? } else { store.holder_of_form(phone).await? };
    match &holder {
        Some(holder) if holder.user == *user => Ok(None),
        // An epoch begins when its holder registers, by the clock.
        Some(holder) if holder.epoch > proven_at_ms => Err(AccountError::PhoneTaken),
        _ => Ok(Some(Some(Claimed { phone, holder }))),
    }
}

/// Returns the phone whose holder or visibility a request changes, if there is one. `claimed` is a
/// phone that the user gets and doesn't have `before`.
pub(crate) fn changed_phone(
    before: Option<&Profile>,
    claimed: Option<Phone>,
    patch: &ProfilePatch,
) -> Option<Phone> {
    let had = before.and_then(|before| before.phone).map(|(phone, _)| phone);
    let was_shown = before.is_none_or(|before| before.flags.discoverable_by_phone);
    let shown = patch.discoverable_by_phone.unwrap_or(was_shown);
    claimed.or(had.filter(|_| shown != was_shown))
}

/// Charges one change to the account and one to the phone, with a conditional write each.
///
/// `mark` stands for the state of the account that the change leaves. If that was paid for already,
/// because an earlier attempt failed or its answer was lost, it isn't charged again.
///
/// # Errors
/// [`AccountError::TooManyChanges`] if either has no room. Then neither is charged.
pub(crate) async fn charge_change<S: HolderChangeStore>(
    store: &S,
    clock: &impl Clock,
    limit: &Budget,
    user: &UserId,
    phone: Phone,
    mark: &str,
) -> Result<(), AccountError> {
    let (account, phone) = (Payer::User(user.clone()), Payer::Phone(phone));
    let mut attempts = Attempts::new();
    loop {
        let (by_account, of_phone) =
            try_join(store.change_bucket(&account), store.change_bucket(&phone)).await?;
        let now_ms = clock.now_ms();
        let next = (after(limit, &by_account, now_ms, mark), after(limit, &of_phone, now_ms, mark));
        let (next_account, next_phone) = match next {
            (Ok(account), Ok(phone)) => (account, phone),
            (one, other) => {
                let seconds = one.err().max(other.err()).unwrap_or_default();
                return Err(AccountError::TooManyChanges { seconds });
            }
        };
        if write(store, &account, &by_account, next_account).await? == Outcome::Done
            && write(store, &phone, &of_phone, next_phone).await? == Outcome::Done
        {
            return Ok(());
        }
        attempts.again().await?;
    }
}

/// Returns the bucket after one more change, or nothing if the change was paid for already. Fails
/// with the seconds until there is room.
fn after(
    limit: &Budget,
    seen: &ChangeBucket,
    now_ms: u64,
    mark: &str,
) -> Result<Option<ChangeBucket>, u64> {
    if seen.paid_for.as_deref() == Some(mark) {
        return Ok(None);
    }
    match limit.spend(seen.empty_at_ms, now_ms, 1) {
        Ok(empty_at_ms) => Ok(Some(ChangeBucket { empty_at_ms, paid_for: Some(mark.to_owned()) })),
        Err(Overdrawn::For { seconds }) => Err(seconds),
        Err(Overdrawn::Always { .. }) => Err(u64::MAX),
    }
}

async fn write<S: HolderChangeStore>(
    store: &S,
    payer: &Payer,
    seen: &ChangeBucket,
    next: Option<ChangeBucket>,
) -> Result<Outcome, AccountError> {
    match next {
        Some(next) => Ok(store.write_change_bucket(payer, seen, &next).await?),
        None => Ok(Outcome::Done),
    }
}
