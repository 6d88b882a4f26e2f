//! Doubts: what looks wrong in a scan, how it is looked at again, and how it is put right.

use std::collections::BTreeSet;

use model::{Clock, Profile, PublicId, Scope, Subscription, SystemClock, UserId};
use numbering::Phone;
use protocol::push::{EndpointError, Endpoints, Token};
use protocol::{finish_forgetting, remove_account, tell_books, wipe};
use store::{
    AccountStore, AccountWrite, BookReader, ClaimStore, HolderReader, Holders, Inspection,
    OwnerIndex, Repair, ScannedHint, Store, StoreError, SubscriptionStore, Target, TokenUse,
};

use super::report::{Finding, Kind};

/// How long a device may be subscribed of whom nothing else is known, in milliseconds: an app may
/// subscribe before it signs up or uploads.
const RECENT_MS: u64 = 24 * 60 * 60 * 1000;

pub(super) fn is_recent(subscription: &Subscription) -> bool {
    subscription.subscribed_at_ms + RECENT_MS > SystemClock.now_ms()
}

/// Something that looks wrong.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// A book lacks a hint, or holds a forgotten number, or a match isn't what Users says.
    Book(UserId, Scope),
    StrayHint(ScannedHint),
    OrphanedBase(UserId, Scope),
    HalfEmptied(UserId, Scope),
    /// A book expires that is to stay for ever.
    Expiring(UserId, Scope),
    /// There are claims or subscriptions of somebody who has neither an account nor a book.
    Leftovers(UserId),
    Token(String, TokenUse),
    MissingToken(Box<Subscription>),
    Holder(Phone),
    Profile(PublicId),
    Subject(UserId),
    Counter(PublicId),
    Mute(UserId),
}

/// A doubt that was right.
#[derive(Clone, Debug)]
pub(super) struct Confirmed {
    pub doubt: Doubt,
    pub findings: Vec<Finding>,
    /// The phones of which books have to be told.
    phones: Vec<Phone>,
    /// The phones that need a hint in the book of the doubt.
    unhinted: Vec<Phone>,
    /// The phones that were forgotten and are in the book of the doubt.
    forgotten: Vec<Phone>,
}

impl Doubt {
    /// Looks again. Returns nothing if all is well.
    pub(super) async fn confirmed(self, store: &Store) -> Result<Option<Confirmed>, StoreError> {
        let (mut phones, mut unhinted, mut forgotten) = (vec![], vec![], vec![]);
        let found = match &self {
            Self::Book(user, scope) => {
                let book = BookDoubt::look(store, user, scope).await?;
                let owner = store.subject(user).await?.id;
                phones = book.phones();
                let found = book.findings(owner);
                (unhinted, forgotten) = (book.unhinted, book.forgotten);
                found
            }
            Self::StrayHint(hint) => {
                let stored = store.read_book(&hint.user, &hint.scope).await?;
                let entries = stored.book.entries().iter().chain(stored.leaving.entries());
                let held: Vec<Phone> = entries.map(|entry| entry.contact.phone).collect();
                let is_held = store.hint_ids(&hint.user, &hint.scope, &held).contains(&hint.id());
                let is_stray = !is_held && store.is_hint_there(hint).await?;
                some(is_stray, Kind::StrayHint, store.subject(&hint.user).await?.id)
            }
            Self::OrphanedBase(user, scope) => {
                let is_orphaned = store.is_orphaned(user, scope).await?;
                some(is_orphaned, Kind::OrphanedBase, store.subject(user).await?.id)
            }
            Self::HalfEmptied(user, scope) => {
                let stored = store.read_book(user, scope).await?;
                let is_left = !stored.life.is_open() && !stored.leaving.entries().is_empty();
                some(is_left, Kind::HalfEmptied, store.subject(user).await?.id)
            }
            Self::Expiring(user, scope) => {
                let head = store.read_head(user, scope).await?;
                let is_expiring = head.life.is_open() && head.expires_at.is_some();
                some(is_expiring, Kind::ExpiringBook, store.subject(user).await?.id)
            }
            Self::Leftovers(user) => leftovers(store, user).await?,
            Self::Token(hash, used) => {
                let is_same = store.token_use(hash).await?.as_ref() == Some(used);
                some(is_same && !store.is_in_use(hash, used).await?, Kind::TokenOfNobody, None)
            }
            Self::MissingToken(device) => {
                let used = store.token_use(&device.token_hash).await?;
                let is_held = used.is_some_and(|used| store.is_token_of(&used, device));
                let is_missing = !is_held && store.is_subscribed(device).await?;
                some(is_missing, Kind::MissingToken, store.subject(&device.user).await?.id)
            }
            Self::Holder(phone) => match store.holder_of_form(*phone).await? {
                None => vec![],
                Some(holder) => {
                    let profile = store.profile(holder.id).await?;
                    let held = profile.and_then(|profile| profile.phone);
                    phones.push(*phone);
                    let is_wrong = held != Some((*phone, holder.epoch));
                    some(is_wrong, Kind::HolderWithoutProfile, Some(holder.id))
                }
            },
            Self::Profile(id) => match store.profile(*id).await? {
                None => vec![],
                Some(profile) => profile_findings(store, &profile).await?,
            },
            Self::Subject(user) => match store.subject(user).await?.id {
                None => vec![],
                Some(id) => {
                    let is_wrong = store.profile(id).await?.is_none();
                    some(is_wrong, Kind::SubjectAndProfile, Some(id))
                }
            },
            Self::Counter(id) => {
                let drawn = store.drawn_ids().await?;
                some(drawn < u64::from(id.get()), Kind::CounterBehind, Some(*id))
            }
            Self::Mute(user) => {
                let id = store.subject(user).await?.id;
                let wants = wants_pushes(store, id).await?;
                some(store.devices(user).await?.is_muted == wants, Kind::MuteMark, id)
            }
        };
        let confirmed = Confirmed { doubt: self, findings: found, phones, unhinted, forgotten };
        Ok((!confirmed.findings.is_empty()).then_some(confirmed))
    }
}

fn some(is_wrong: bool, kind: Kind, user: Option<PublicId>) -> Vec<Finding> {
    if is_wrong { vec![Finding::new(kind, user, 1)] } else { vec![] }
}

/// Returns whether a user wants to be told of joins. Who has no profile has not said otherwise.
async fn wants_pushes(store: &Store, id: Option<PublicId>) -> Result<bool, StoreError> {
    let Some(id) = id else { return Ok(true) };
    Ok(store.profile(id).await?.is_none_or(|profile| profile.flags.notify_me))
}

async fn leftovers(store: &Store, user: &UserId) -> Result<Vec<Finding>, StoreError> {
    let books = store.read_books(user).await?;
    let has_book = books.iter().any(|(_, stored)| stored.life.is_open());
    if has_book || store.subject(user).await?.id.is_some() {
        return Ok(vec![]);
    }
    let claims = store.count_claims(user).await?;
    let subscriptions = store.subscriptions(user).await?;
    let old = subscriptions.iter().filter(|device| !is_recent(device)).count();
    let found = [(Kind::ClaimsOfNobody, claims), (Kind::SubscriptionsOfNobody, old)];
    let found = found.into_iter().filter(|(_, count)| *count > 0);
    Ok(found.map(|(kind, count)| Finding::new(kind, None, count)).collect())
}

async fn profile_findings(store: &Store, profile: &Profile) -> Result<Vec<Finding>, StoreError> {
    let is_named = store.subject(&profile.user).await?.id == Some(profile.id);
    let is_held = match profile.phone {
        None => true,
        Some((phone, epoch)) => store
            .holder_of_form(phone)
            .await?
            .is_some_and(|holder| (holder.id, holder.epoch) == (profile.id, epoch)),
    };
    let mut found = some(!is_named, Kind::SubjectAndProfile, Some(profile.id));
    found.extend(some(!is_held, Kind::ProfileWithoutHolder, Some(profile.id)));
    Ok(found)
}

/// What is wrong with a book.
struct BookDoubt {
    unhinted: Vec<Phone>,
    unshown: Vec<Phone>,
    ghosts: Vec<Phone>,
    forgotten: Vec<Phone>,
}

impl BookDoubt {
    async fn look(store: &Store, user: &UserId, scope: &Scope) -> Result<Self, StoreError> {
        let stored = store.read_book(user, scope).await?;
        let phones: Vec<Phone> =
            stored.book.entries().iter().map(|entry| entry.contact.phone).collect();
        let hinted: BTreeSet<Phone> =
            store.hinted(user, scope, &phones).await?.into_iter().collect();
        let Holders { held: holders, forgotten } = store.holders(&phones).await?;
        let forgotten = phones.iter().copied().filter(|phone| forgotten.contains(phone));
        let forgotten = forgotten.collect();
        let mut doubt = Self { unhinted: vec![], unshown: vec![], ghosts: vec![], forgotten };
        for entry in stored.book.entries() {
            let phone = entry.contact.phone;
            let expected = holders.get(&phone).and_then(|holder| holder.match_for(user));
            if !hinted.contains(&phone) {
                doubt.unhinted.push(phone);
            }
            match (entry.matched, expected) {
                (shown, expected) if shown == expected => {}
                (None, Some(_)) => doubt.unshown.push(phone),
                (Some(_), _) | (None, None) => doubt.ghosts.push(phone),
            }
        }
        Ok(doubt)
    }

    fn phones(&self) -> Vec<Phone> {
        let Self { unhinted, unshown, ghosts, forgotten: _ } = self;
        unhinted.iter().chain(unshown).chain(ghosts).copied().collect()
    }

    fn findings(&self, owner: Option<PublicId>) -> Vec<Finding> {
        let Self { unhinted, unshown, ghosts, forgotten } = self;
        let kinds = [
            (Kind::MissingHint, unhinted.len()),
            (Kind::MissingMatch, unshown.len()),
            (Kind::Ghost, ghosts.len()),
            (Kind::ForgottenContact, forgotten.len()),
        ];
        let found = kinds.into_iter().filter(|(_, count)| *count > 0);
        found.map(|(kind, count)| Finding::new(kind, owner, count)).collect()
    }
}

impl Confirmed {
    /// Puts it right, as far as that is possible. If another request comes first, or a step fails, it
    /// shows when it is looked at again.
    pub(super) async fn repair(&self, store: &Store) -> Result<(), StoreError> {
        match &self.doubt {
            // The app's next subscription writes it.
            Doubt::MissingToken(_) => {}
            Doubt::Book(user, scope) => {
                let version = store.read_book(user, scope).await?.version;
                // A forgotten number is found by its hint, so they are put first.
                store.put_hints(user, scope, &self.unhinted, version).await?;
                for phone in &self.forgotten {
                    finish_forgetting(store, *phone).await.ok();
                }
            }
            Doubt::StrayHint(hint) => {
                let version = store.read_book(&hint.user, &hint.scope).await?.version;
                store.delete_scanned_hint(hint, version).await?;
            }
            Doubt::OrphanedBase(user, scope) => {
                let _ = store.delete_orphaned_base(user, scope).await?;
            }
            Doubt::HalfEmptied(user, scope) => drop(wipe(store, user, scope).await),
            Doubt::Expiring(user, scope) => {
                let head = store.read_head(user, scope).await?;
                if head.life.is_open() {
                    let _ = store.keep_for_ever(user, scope, &head).await?;
                }
            }
            Doubt::Leftovers(user) => {
                drop(remove_account(store, &KeptEndpoints, &SystemClock, user).await);
            }
            Doubt::Token(hash, used) => {
                let _ = store.delete_token(hash, used).await?;
            }
            Doubt::Holder(phone) => {
                if let Some(holder) = store.holder_of_form(*phone).await? {
                    let version = store.profile(holder.id).await?.map(|profile| profile.version);
                    let _ = store.delete_holder(*phone, &holder, version).await?;
                }
            }
            Doubt::Profile(id) => repair_profile(store, *id).await?,
            Doubt::Subject(user) => {
                if let Some(id) = store.subject(user).await?.id {
                    let _ = store.unname_profile(user, id).await?;
                }
            }
            Doubt::Counter(id) => store.reserve_ids(*id).await?,
            Doubt::Mute(user) => {
                let id = store.subject(user).await?.id;
                let profile = match id {
                    Some(id) => store.profile(id).await?,
                    None => None,
                };
                let _ = store.repair_mute(user, profile.as_ref()).await?;
            }
        }
        for phone in &self.phones {
            // What fails shows when it is looked at again.
            tell_books(store, &SystemClock, *phone).await.ok();
        }
        Ok(())
    }
}

/// Gives a profile its number back, or takes it away if it is another user's; and lets its subject
/// name it, if that names nobody.
async fn repair_profile(store: &Store, id: PublicId) -> Result<(), StoreError> {
    let Some(profile) = store.profile(id).await? else { return Ok(()) };
    let subject = store.subject(&profile.user).await?;
    if subject.id.is_none() {
        let _ = store.name_profile(&profile, subject.generation).await?;
    }
    let Some((phone, epoch)) = profile.phone else { return Ok(()) };
    let holder = store.holder_of_form(phone).await?;
    if holder.as_ref().is_some_and(|holder| (holder.id, holder.epoch) == (id, epoch)) {
        return Ok(());
    }
    let before = Profile { phone: None, ..profile.clone() };
    let phone = holder.is_none().then(|| (phone, SystemClock.now_ms().max(epoch + 1)));
    let after = Profile { phone, version: profile.version + 1, ..profile.clone() };
    let write = AccountWrite {
        user: &profile.user,
        subject,
        before: Some(&before),
        after: Some(&after),
        target: Target::Free,
        is_silent: true,
    };
    let _ = store.write_account(write).await?;
    if let Some((phone, _)) = phone {
        tell_books(store, &SystemClock, phone).await.ok();
    }
    Ok(())
}

/// Leaves endpoints at SNS as they are. Nothing is sent to those that no subscription names.
struct KeptEndpoints;

impl Endpoints for KeptEndpoints {
    async fn register(&self, _token: Token<'_>) -> Result<String, EndpointError> {
        unreachable!("a repair registers no device")
    }

    fn is_current(&self, _subscription: &Subscription) -> bool {
        true
    }

    async fn remove(&self, _endpoint: &str) -> Result<(), EndpointError> {
        Ok(())
    }
}
