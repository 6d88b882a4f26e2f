//! Accounts: signing up, and changing a profile.

use model::{Budget, Clock, Details, Flags, Holder, Profile, PublicId, UserId};
use numbering::Phone;
use store::{AccountStore, AccountWrite, Outcome, StoreError, Target};

use crate::attempts::{Attempts, Contended};
use crate::capabilities::SignUpStore;
use crate::holder_changes::{Claimed, changed_phone, charge_change, claimed};
use crate::subscribe::SubscribeError;

/// What is known about the phone in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneClaim {
    /// The request names no phone.
    None,
    /// The token proves that the phone is the caller's.
    Proven(Phone),
    /// The caller has proven the phone at this time, in milliseconds since 1970. A user who has
    /// registered the phone since keeps it.
    ProvenAt(Phone, u64),
    /// The body says that the phone is the caller's, and the deployment trusts it.
    Stated(Phone),
}

/// What a request changes in a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfilePatch {
    /// The details to set. Those that are absent stay as they are in the profile.
    pub details: Details,
    /// See [`Flags::discoverable_by_phone`]. A flag that is absent stays as it is.
    pub discoverable_by_phone: Option<bool>,
    /// See [`Flags::announce_me`].
    pub announce_me: Option<bool>,
    /// See [`Flags::notify_me`].
    pub notify_me: Option<bool>,
    /// The public id that the user gets if they sign up. Absent: the next that is free.
    pub given_id: Option<PublicId>,
    /// Whether nobody is told that the user has a new phone. It is for people who move in from
    /// another system, where their contacts knew them already.
    pub is_silent: bool,
    /// When the user signed up, in milliseconds since 1970, if they sign up. It is for people who
    /// move in, who signed up elsewhere. Absent: now.
    pub created_at_ms: Option<u64>,
}

/// Why an account wasn't written.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The caller hasn't signed up.
    #[error("there is no such account")]
    NotFound,
    /// The id is another user's.
    #[error("the account is another user's")]
    Forbidden,
    /// Another user has the phone, and nothing proves that it is the caller's, or they have proven
    /// it later.
    #[error("the phone is another user's")]
    PhoneTaken,
    /// Another user has the given public id.
    #[error("the id is another user's")]
    IdTaken,
    /// The account or the phone has changed its holder or its visibility too often.
    #[error("the phone or its visibility was changed too often")]
    TooManyChanges {
        /// Seconds until there is room for one more change.
        seconds: u64,
    },
    /// All 2,147,483,647 ids have been given.
    #[error("there are no ids left")]
    NoIdsLeft,
    #[error(transparent)]
    Contended(#[from] Contended),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A subscription wasn't deleted.
    #[error(transparent)]
    Subscription(#[from] SubscribeError),
}

/// Signs `user` up, or updates their profile if they have signed up before. Safe to repeat. It may
/// change who has a phone, and their visibility, without a limit: it is for the app's own systems.
///
/// # Errors
/// [`AccountError`]. Nothing was written then.
pub async fn sign_up<S: SignUpStore>(
    store: &S,
    clock: &impl Clock,
    user: &UserId,
    phone: PhoneClaim,
    patch: &ProfilePatch,
) -> Result<Profile, AccountError> {
    write_profile(store, clock, None, user, None, phone, patch).await
}

/// Does the same as [`sign_up`] for the user themself, who may change who has a phone, and their
/// visibility, only within `limit`.
///
/// # Errors
/// [`AccountError`]. Nothing was written then, but the change may have been charged.
pub async fn sign_up_within<S: SignUpStore>(
    store: &S,
    clock: &impl Clock,
    limit: &Budget,
    user: &UserId,
    phone: PhoneClaim,
    patch: &ProfilePatch,
) -> Result<Profile, AccountError> {
    write_profile(store, clock, Some(limit), user, None, phone, patch).await
}

/// Changes the profile of `user`, whose id has to be `id`. Like [`sign_up`], it has no limit.
///
/// # Errors
/// [`AccountError`]. Nothing was written then.
pub async fn update_account<S: SignUpStore>(
    store: &S,
    clock: &impl Clock,
    user: &UserId,
    id: PublicId,
    phone: PhoneClaim,
    patch: &ProfilePatch,
) -> Result<Profile, AccountError> {
    write_profile(store, clock, None, user, Some(id), phone, patch).await
}

/// Does the same as [`update_account`] for the user themself, within `limit` as in
/// [`sign_up_within`].
///
/// # Errors
/// [`AccountError`]. Nothing was written then, but the change may have been charged.
pub async fn update_account_within<S: SignUpStore>(
    store: &S,
    clock: &impl Clock,
    limit: &Budget,
    user: &UserId,
    id: PublicId,
    phone: PhoneClaim,
    patch: &ProfilePatch,
) -> Result<Profile, AccountError> {
    write_profile(store, clock, Some(limit), user, Some(id), phone, patch).await
}

/// Returns the id of `user`.
///
/// # Errors
/// [`AccountError::NotFound`] if the user hasn't signed up.
pub async fn own_id<S: AccountStore>(store: &S, user: &UserId) -> Result<PublicId, AccountError> {
    store.subject(user).await?.id.ok_or(AccountError::NotFound)
}

/// Returns the profile of `user`, whose id has to be `id`.
///
/// # Errors
/// [`AccountError::Forbidden`] for any other id, whether it exists or not, because anybody could
/// count through the ids.
pub async fn own_profile<S: AccountStore>(
    store: &S,
    user: &UserId,
    id: PublicId,
) -> Result<Profile, AccountError> {
    match store.subject(user).await?.id {
        Some(own) if own == id => store.profile(id).await?.ok_or(AccountError::NotFound),
        _ => Err(AccountError::Forbidden),
    }
}

async fn write_profile<S: SignUpStore>(
    store: &S,
    clock: &impl Clock,
    limit: Option<&Budget>,
    user: &UserId,
    expected: Option<PublicId>,
    phone: PhoneClaim,
    patch: &ProfilePatch,
) -> Result<Profile, AccountError> {
    let mut paid_for = None;
    let mut attempts = Attempts::new();
    loop {
        let subject = store.subject(user).await?;
        if expected.is_some_and(|id| subject.id != Some(id)) {
            return Err(AccountError::Forbidden);
        }
        let before = match subject.id {
            Some(id) => store.profile(id).await?,
            None => None,
        };
        // The two are written together. If they disagree, a write came between the reads.
        if before.is_some() == subject.id.is_some()
            && let Some(claimed) = claimed(store, user, before.as_ref(), phone).await?
        {
            let new_phone = claimed.as_ref().map(|claimed| claimed.phone);
            let changed = changed_phone(before.as_ref(), new_phone, patch);
            if let (Some(limit), Some(phone)) = (limit, changed) {
                let version = before.as_ref().map_or(0, |before| before.version);
                let mark = store.change_mark(user, subject.generation, version);
                if paid_for.as_ref() != Some(&mark) {
                    charge_change(store, clock, limit, user, phone, &mark).await?;
                    paid_for = Some(mark);
                }
            }
            let (after, target) =
                next_profile(store, clock, user, before.as_ref(), claimed, patch).await?;
            if before.as_ref().is_some_and(|before| same_but_for_time(before, &after)) {
                return Ok(before.unwrap_or(after));
            }
            let taken = target.as_ref().map_or(Target::Free, |(holder, profile)| Target::Held {
                holder,
                profile: profile.as_ref(),
            });
            let write = AccountWrite {
                user,
                subject,
                before: before.as_ref(),
                after: Some(&after),
                target: taken,
                is_silent: patch.is_silent,
            };
            if store.write_account(write).await? == Outcome::Done {
                return Ok(after);
            }
            if before.is_none() && store.profile(after.id).await?.is_some() {
                // Its id was given to somebody while this process had it in its block.
                store.forget_drawn_ids().await;
            }
        }
        attempts.again().await?;
    }
}

type Taken = (Holder, Option<Profile>);

/// Returns the profile as it should become, and who has its phone now if that has to change.
async fn next_profile<S: SignUpStore>(
    store: &S,
    clock: &impl Clock,
    user: &UserId,
    before: Option<&Profile>,
    claimed: Option<Claimed>,
    patch: &ProfilePatch,
) -> Result<(Profile, Option<Taken>), AccountError> {
    let now_ms = clock.now_ms();
    let mut after = match before {
        Some(before) => {
            Profile { version: before.version + 1, updated_at_ms: now_ms, ..before.clone() }
        }
        None => Profile {
            id: new_id(store, patch.given_id).await?,
            user: user.clone(),
            version: 1,
            phone: None,
            flags: Flags::default(),
            created_at_ms: patch.created_at_ms.unwrap_or(now_ms),
            updated_at_ms: now_ms,
            details: Details::default(),
        },
    };
    after.details.update(patch.details.clone());
    let Flags { discoverable_by_phone, announce_me, notify_me } = &mut after.flags;
    *discoverable_by_phone = patch.discoverable_by_phone.unwrap_or(*discoverable_by_phone);
    *announce_me = patch.announce_me.unwrap_or(*announce_me);
    *notify_me = patch.notify_me.unwrap_or(*notify_me);

    let Some(Claimed { phone, holder }) = claimed else { return Ok((after, None)) };
    after.phone = Some((phone, next_epoch(now_ms, before, holder.as_ref())));
    let Some(holder) = holder else { return Ok((after, None)) };
    let theirs = store.profile(holder.id).await?;
    Ok((after, Some((holder, theirs))))
}

/// Returns the public id of a user who signs up.
async fn new_id<S: SignUpStore>(
    store: &S,
    given: Option<PublicId>,
) -> Result<PublicId, AccountError> {
    let Some(given) = given else {
        return PublicId::new(store.draw_id().await?).ok_or(AccountError::NoIdsLeft);
    };
    if store.profile(given).await?.is_some() {
        return Err(AccountError::IdTaken);
    }
    store.reserve_ids(given).await?;
    Ok(given)
}

/// Returns the epoch of a turn of having a number that begins now, in which the number passes from
/// `holder`, if anybody has it, to the user of `before`.
///
/// It is the clock's milliseconds, and in any case more than the holder's epoch and than that of the
/// number which the user gives up. So epochs grow on a number while anybody has it, and from number
/// to number of one user, whatever the clocks say. On a number that nobody has they grow if the
/// clock isn't behind the former holder's by more than the number was free. Even then a turn isn't
/// mistaken for a former one, because only a user who comes back has the same public id.
fn next_epoch(now_ms: u64, before: Option<&Profile>, holder: Option<&Holder>) -> u64 {
    let given_up = before.and_then(|before| before.phone).map(|(_, epoch)| epoch);
    let last = given_up.max(holder.map(|holder| holder.epoch));
    last.map_or(now_ms, |last| now_ms.max(last + 1))
}

fn same_but_for_time(before: &Profile, after: &Profile) -> bool {
    *before
        == Profile { version: before.version, updated_at_ms: before.updated_at_ms, ..after.clone() }
}
