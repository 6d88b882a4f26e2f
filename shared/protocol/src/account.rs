//! Accounts: signing up, changing, leaving.

use model::{Clock, Details, Flags, Holder, Profile, PublicId, Scope, UserId};
use numbering::Phone;
use store::{AccountStore, AccountWrite, Life, Outcome, StoreError, Subject, Target};

use crate::attempts::{Attempts, Contended};
use crate::capabilities::{DeletionStore, SignUpStore, WipeStore};
use crate::push::Endpoints;
use crate::subscribe::{SubscribeError, unsubscribe_all};
use crate::tombstone::empty_book;

/// What is known of the phone that a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneClaim {
    /// None is named.
    None,
    /// The token proves that the phone is the caller's.
    Proven(Phone),
    /// The body says so, and the deployment takes its word.
    Stated(Phone),
}

/// What a request changes in a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfilePatch {
    /// The details as they are to be; those that the request leaves out are taken from the profile.
    pub details: Details,
    /// The flags that the request names.
    pub discoverable_by_phone: Option<bool>,
    /// See [`Flags::announce_me`].
    pub announce_me: Option<bool>,
    /// See [`Flags::notify_me`].
    pub notify_me: Option<bool>,
}

/// Why an account wasn't written.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The caller hasn't signed up.
    #[error("there is no such account")]
    NotFound,
    /// The account is another user's.
    #[error("the account is another user's")]
    Forbidden,
    /// Another user has the phone, and nothing proves that it is the caller's.
    #[error("the phone is another user's")]
    PhoneTaken,
    /// 2,147,483,647 ids have been given.
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

/// Signs `user` up, or brings their profile up to date where they had signed up: safe to repeat.
///
/// # Errors
/// [`AccountError`]; nothing was written then.
pub async fn sign_up<S: SignUpStore>(
    store: &S,
    clock: &impl Clock,
    user: &UserId,
    phone: PhoneClaim,
    patch: &ProfilePatch,
) -> Result<Profile, AccountError> {
    write_profile(store, clock, user, None, phone, patch).await
}

/// Changes the profile of `user`, whose id has to be `id`.
///
/// # Errors
/// [`AccountError`]; nothing was written then.
pub async fn update_account<S: SignUpStore>(
    store: &S,
    clock: &impl Clock,
    user: &UserId,
    id: PublicId,
    phone: PhoneClaim,
    patch: &ProfilePatch,
) -> Result<Profile, AccountError> {
    write_profile(store, clock, user, Some(id), phone, patch).await
}

/// The profile of `user`, whose id has to be `id`.
///
/// # Errors
/// [`AccountError::Forbidden`] for anybody else's, there or not: ids are easily counted through.
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
    user: &UserId,
    expected: Option<PublicId>,
    phone: PhoneClaim,
    patch: &ProfilePatch,
) -> Result<Profile, AccountError> {
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
        // The two are written together; where they disagree, a write came between the reads.
        if before.is_some() == subject.id.is_some()
            && let Some((after, target)) =
                next_profile(store, clock, user, before.as_ref(), phone, patch).await?
        {
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
            };
            if store.write_account(write).await? == Outcome::Done {
                return Ok(after);
            }
        }
        attempts.again().await?;
    }
}

type Taken = (Holder, Option<Profile>);

/// The profile as it is to be, and who has its phone now where that has to change. Nothing, where the user has
/// got the phone since `before` was read: by another request of theirs.
async fn next_profile<S: SignUpStore>(
    store: &S,
    clock: &impl Clock,
    user: &UserId,
    before: Option<&Profile>,
    claim: PhoneClaim,
    patch: &ProfilePatch,
) -> Result<Option<(Profile, Option<Taken>)>, AccountError> {
    let now_ms = clock.now_ms();
    let mut after = match before {
        Some(before) => {
            Profile { version: before.version + 1, updated_at_ms: now_ms, ..before.clone() }
        }
        None => Profile {
            id: PublicId::new(store.draw().await?).ok_or(AccountError::NoIdsLeft)?,
            user: user.clone(),
            version: 1,
            phone: None,
            flags: Flags::default(),
            created_at_ms: now_ms,
            updated_at_ms: now_ms,
            details: Details::default(),
        },
    };
    after.details.update(patch.details.clone());
    let Flags { discoverable_by_phone, announce_me, notify_me } = &mut after.flags;
    *discoverable_by_phone = patch.discoverable_by_phone.unwrap_or(*discoverable_by_phone);
    *announce_me = patch.announce_me.unwrap_or(*announce_me);
    *notify_me = patch.notify_me.unwrap_or(*notify_me);

    let (PhoneClaim::Proven(phone) | PhoneClaim::Stated(phone)) = claim else {
        return Ok(Some((after, None)));
    };
    if after.phone.is_some_and(|(old, _)| old == phone) {
        return Ok(Some((after, None)));
    }
    // Ids and epochs come from one counter, so that an epoch is greater than all before it, even those
    // of holders of whom no trace is left.
    let epoch = if before.is_none() { u64::from(after.id.get()) } else { store.draw().await? };
    after.phone = Some((phone, epoch));
    let Some(holder) = store.holder(phone).await? else { return Ok(Some((after, None))) };
    if holder.user == *user {
        return Ok(None);
    }
    if matches!(claim, PhoneClaim::Stated(_)) {
        return Err(AccountError::PhoneTaken);
    }
    let theirs = store.profile(holder.id).await?;
    Ok(Some((after, Some((holder, theirs)))))
}

fn same_but_for_time(before: &Profile, after: &Profile) -> bool {
    *before
        == Profile { version: before.version, updated_at_ms: before.updated_at_ms, ..after.clone() }
}

/// Deletes all that is `user`'s: account, books, hints, subscriptions, claims. May be repeated, and
/// finishes what an earlier attempt began.
///
/// # Errors
/// [`AccountError::Forbidden`] where `id` is another user's. After any other error some of it is done;
/// a repeat does the rest.
pub async fn delete_account<S, E>(
    store: &S,
    endpoints: &E,
    clock: &impl Clock,
    user: &UserId,
    id: PublicId,
) -> Result<(), AccountError>
where
    S: DeletionStore,
    E: Endpoints,
{
    delete(store, endpoints, clock, user, Some(id)).await
}

/// As [`delete_account`], for those who may remove anybody: whoever `user` is, or was.
///
/// # Errors
/// [`AccountError`]; some of it is done then, and a repeat does the rest.
pub async fn remove_account<S, E>(
    store: &S,
    endpoints: &E,
    clock: &impl Clock,
    user: &UserId,
) -> Result<(), AccountError>
where
    S: DeletionStore,
    E: Endpoints,
{
    delete(store, endpoints, clock, user, None).await
}

async fn delete<S, E>(
    store: &S,
    endpoints: &E,
    clock: &impl Clock,
    user: &UserId,
    id: Option<PublicId>,
) -> Result<(), AccountError>
where
    S: DeletionStore,
    E: Endpoints,
{
    let generation = delete_profile(store, user, id).await?;
    for (scope, _) in store.read_books(user).await? {
        delete_book(store, user, &scope, generation).await?;
    }
    unsubscribe_all(store, endpoints, clock, user).await?;
    store.delete_claims(user).await?;
    Ok(())
}

/// Deletes the account's items and begins its next generation, in which no upload of this one can open
/// a book any more. Returns the generation that ended. An `id` that is named has to be the user's.
async fn delete_profile<S: AccountStore>(
    store: &S,
    user: &UserId,
    id: Option<PublicId>,
) -> Result<u64, AccountError> {
    let mut attempts = Attempts::new();
    loop {
        let subject: Subject = store.subject(user).await?;
        let before = match id.or(subject.id) {
            Some(id) => store.profile(id).await?,
            None => None,
        };
        let own = subject.id.map_or(before.is_none(), |own| id.is_none_or(|id| own == id));
        if !own {
            return Err(AccountError::Forbidden);
        }
        if before.is_some() == subject.id.is_some() {
            let write = AccountWrite {
                user,
                subject,
                before: before.as_ref(),
                after: None,
                target: Target::Free,
            };
            if store.write_account(write).await? == Outcome::Done {
                return Ok(subject.generation);
            }
        }
        attempts.again().await?;
    }
}

/// Empties one book for good, unless it is of a generation after the one that `ended`.
async fn delete_book<S>(
    store: &S,
    user: &UserId,
    scope: &Scope,
    ended: u64,
) -> Result<(), AccountError>
where
    S: WipeStore,
{
    let deleted = |life| match life {
        Life::Open { generation } if generation <= ended => Some(Life::Deleted { generation }),
        Life::Unopened | Life::Open { .. } | Life::Deleted { .. } => None,
    };
    match empty_book(store, user, scope, deleted).await? {
        Outcome::Done => Ok(()),
        Outcome::Conflict => Err(Contended.into()),
    }
}
