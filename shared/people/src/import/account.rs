//! Moving an account in.

use model::{Clock, Profile, PublicId};
use protocol::{AccountError, PhoneClaim, ProfilePatch, sign_up, tell_books};
use store::{AccountStore, HolderReader, StoreError};
use tokio::sync::OnceCell;

use super::Import;
use super::report::Came;
use crate::mistake::Mistake;
use crate::person::{Account, Person};

/// The ids that the lines of a file give. Before the first account is written, they are kept from
/// being drawn: a line without an id must not get that of a later one.
pub(super) struct Ids {
    greatest: Option<PublicId>,
    are_reserved: OnceCell<()>,
}

impl Ids {
    pub fn up_to(greatest: Option<PublicId>) -> Self {
        Self { greatest, are_reserved: OnceCell::new() }
    }

    async fn reserve<S: AccountStore>(&self, store: &S) -> Result<(), StoreError> {
        let reserve = async || match self.greatest {
            Some(greatest) => store.reserve_ids(greatest).await,
            None => Ok(()),
        };
        self.are_reserved.get_or_try_init(reserve).await.copied()
    }
}

impl<C: Clock> Import<'_, C> {
    /// Signs a person up, if their line has an account, and tells the books that hold their number.
    pub(super) async fn account(&self, person: Person, ids: &Ids) -> Result<Option<Came>, Mistake> {
        let Person { user, account: Some(account), .. } = person else { return Ok(None) };
        let subject = self.store.subject(&user).await?;
        let before = match subject.id {
            Some(id) => self.store.profile(id).await?,
            None => None,
        };
        match &before {
            Some(profile) if account.id.is_some_and(|id| id != profile.id) => {
                return Err(Mistake::new("the user has another id"));
            }
            Some(profile) if account.is_that_of(profile) => return Ok(Some(Came::Unchanged)),
            Some(_) if !self.overwrites => return Ok(Some(Came::Kept)),
            // They have deleted their account.
            None if subject.generation > 0 && !self.overwrites => return Ok(Some(Came::Kept)),
            _ => {}
        }
        let came = if before.is_some() { Came::Changed } else { Came::Created };
        if self.is_dry_run {
            self.refuse_taken(&user, &account, before.as_ref()).await?;
            return Ok(Some(came));
        }
        ids.reserve(self.store).await?;
        let claim = account.phone.map_or(PhoneClaim::None, PhoneClaim::Stated);
        let after = sign_up(self.store, self.clock, &user, claim, &patch(account)).await?;
        let phone_of = |profile: &Profile| profile.phone.map(|(phone, _)| phone);
        let (old, new) = (before.as_ref().and_then(phone_of), phone_of(&after));
        for phone in old.filter(|_| old != new).into_iter().chain(new) {
            tell_books(self.store, self.clock, phone).await.map_err(|error| {
                Mistake::new(format!(
                    "the account is there, but its number's books weren't told: {error}"
                ))
            })?;
        }
        Ok(Some(came))
    }

    /// Fails as [`sign_up`] would if the phone or the id is another user's.
    async fn refuse_taken(
        &self,
        user: &model::UserId,
        account: &Account,
        before: Option<&Profile>,
    ) -> Result<(), Mistake> {
        if let (Some(id), None) = (account.id, before)
            && self.store.profile(id).await?.is_some()
        {
            return Err(AccountError::IdTaken.into());
        }
        if let Some(phone) = account.phone
            && self.store.holder(phone).await?.is_some_and(|holder| holder.user != *user)
        {
            return Err(AccountError::PhoneTaken.into());
        }
        Ok(())
    }
}

fn patch(account: Account) -> ProfilePatch {
    let Account { id, phone: _, created_at_ms, details, .. } = account;
    ProfilePatch {
        details,
        discoverable_by_phone: account.discoverable_by_phone,
        announce_me: account.announce_me,
        notify_me: account.notify_me,
        given_id: id,
        is_silent: true,
        created_at_ms,
    }
}
