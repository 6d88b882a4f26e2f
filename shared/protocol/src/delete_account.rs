//! Deleting an account, with all that belongs to it.

use model::{Clock, PublicId, Scope, UserId};
use store::{AccountStore, AccountWrite, Life, Outcome, Subject, SubscriptionStore, Target};

use crate::account::AccountError;
use crate::attempts::{Attempts, Contended};
use crate::capabilities::{DeletionStore, WipeStore};
use crate::push::Endpoints;
use crate::subscribe::unsubscribe_all;
use crate::tombstone::empty_book;

/// Deletes everything that belongs to `user`: account, books, hints, subscriptions, claims. A
/// repeat finishes what an earlier attempt began.
///
/// The numbers are those of `docs/DESIGN.md`:
///
/// 1. Deletes the account's items, begins its next generation, and marks the subscriptions, so that
///    no device is answered from them any more.
/// 2. Turns each book into a tombstone that still holds the contacts.
/// 3. Deletes those contacts' hints, up to the tombstone's version.
/// 4. Writes the tombstone without contacts, and deletes the book's base.
/// 5. Removes the subscriptions.
/// 6. Deletes the claims.
///
/// # Errors
/// [`AccountError::Forbidden`] if the user has an account and `id` isn't its id, whether or not
/// another user has it. A user without an account may name any id: what is left of their own is
/// deleted. After any other error some of the steps are done, and a repeat does the rest.
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

/// Does the same as [`delete_account`] without checking an id, for callers who may delete any
/// account. It works on accounts that are already deleted, too.
///
/// # Errors
/// [`AccountError`]. Some of the steps are done then, and a repeat does the rest.
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
    // 1.
    let begun = delete_profile(store, user, id).await?;
    // 2 to 4, in `empty_book`.
    for (scope, _) in store.read_books(user).await? {
        delete_book(store, user, &scope, begun).await?;
    }
    // 5.
    unsubscribe_all(store, endpoints, clock, user).await?;
    // 6.
    store.delete_claims(user).await?;
    Ok(())
}

/// Deletes the account's items and begins its next generation, so that no upload of this one can
/// open a book any more. Returns the generation that has begun. If the user has an account and an
/// `id` is given, it has to be the account's.
///
/// Nothing is read about an id that isn't the user's, so neither the answer nor the time that it
/// takes says whether another user has it.
async fn delete_profile<S>(
    store: &S,
    user: &UserId,
    id: Option<PublicId>,
) -> Result<u64, AccountError>
where
    S: AccountStore + SubscriptionStore,
{
    let mut attempts = Attempts::new();
    loop {
        let subject: Subject = store.subject(user).await?;
        if subject.id.is_some_and(|own| id.is_some_and(|id| own != id)) {
            return Err(AccountError::Forbidden);
        }
        let before = match subject.id {
            Some(own) => store.profile(own).await?,
            None => None,
        };
        if before.is_some() == subject.id.is_some() {
            let write = AccountWrite {
                user,
                subject,
                before: before.as_ref(),
                after: None,
                target: Target::Free,
                is_silent: false,
            };
            let subscriptions = store.subscriptions(user).await?;
            if store.write_leaving_account(write, &subscriptions).await? == Outcome::Done {
                return Ok(store.subject(user).await?.generation);
            }
        }
        attempts.again().await?;
    }
}

/// Empties one book for good, unless it belongs to the generation that has `begun` or a later one.
async fn delete_book<S>(
    store: &S,
    user: &UserId,
    scope: &Scope,
    begun: u64,
) -> Result<(), AccountError>
where
    S: WipeStore,
{
    let deleted = |life| match life {
        Life::Open { generation } if generation < begun => Some(Life::Deleted { generation }),
        Life::Unopened | Life::Open { .. } | Life::Deleted { .. } => None,
    };
    match empty_book(store, user, scope, deleted).await? {
        Outcome::Done => Ok(()),
        Outcome::Conflict => Err(Contended.into()),
    }
}
