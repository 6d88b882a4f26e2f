//! The census: one scan of each table, and what looks wrong in it.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use model::{Holder, Profile, PublicId, Scope, UserId};
use numbering::Phone;
use store::{
    BookKey, BookReader, ClaimItem, HintId, MarkId, Repair, Scanned, ScannedHint, Store,
    StoreError, StoredBook, Subject, SubscriptionItem, TokenUse, UserItem,
};

use super::BOOKS_AT_ONCE;
use super::doubt::{Doubt, is_recent};
use super::report::{CheckReport, Finding, Kind};

/// What was counted, and what looks wrong.
pub(super) struct Census {
    pub report: CheckReport,
    pub doubts: Vec<Doubt>,
}

/// What Users says.
#[derive(Default)]
struct People {
    holders: HashMap<Phone, Holder>,
    profiles: HashMap<PublicId, Profile>,
    subjects: HashMap<UserId, Subject>,
    forgotten: HashSet<MarkId>,
    counter: u64,
}

impl Census {
    /// Scans all tables.
    pub async fn take(store: &Store, segments: u16, bar: &ProgressBar) -> Result<Self, StoreError> {
        let mut census = Self { report: CheckReport::default(), doubts: vec![] };
        let people = census.people(store, segments, bar).await?;
        let with_books = census.books(store, segments, bar, &people).await?;
        let is_somebody = |user: &UserId| {
            with_books.contains(user)
                || people.subjects.get(user).is_some_and(|subject| subject.id.is_some())
        };
        census.subscriptions(store, segments, bar, &people, is_somebody).await?;
        let claims = census.all::<ClaimItem>(store, segments, bar).await?;
        census.report.claims = claims.len();
        let recipients: HashSet<UserId> = claims.into_iter().map(|claim| claim.recipient).collect();
        let nobodies = recipients.into_iter().filter(|user| !is_somebody(user));
        census.doubts.extend(nobodies.map(Doubt::Leftovers));
        Ok(census)
    }

    /// Notes an item that can't be read. Nothing that a message would bring puts it right, so it is a
    /// finding at once.
    fn unreadable(&mut self, error: &StoreError) {
        let detail = Some(error.to_string());
        let known = self.report.findings.iter_mut().find(|finding| finding.detail == detail);
        match known {
            Some(finding) => finding.count += 1,
            None => {
                let finding = Finding::new(Kind::Unreadable, None, 1);
                self.report.findings.push(Finding { detail, ..finding });
            }
        }
    }

    /// Reads all items of a kind. Those that can't be read are findings.
    async fn all<T: Scanned>(
        &mut self,
        store: &Store,
        segments: u16,
        bar: &ProgressBar,
    ) -> Result<Vec<T>, StoreError> {
        let mut pages = store.scan::<T>(segments);
        let mut all = vec![];
        while let Some(page) = pages.try_next().await? {
            bar.inc(page.len() as u64);
            for item in page {
                match item {
                    Ok(item) => all.push(item),
                    Err(error) => self.unreadable(&error),
                }
            }
        }
        Ok(all)
    }

    async fn people(
        &mut self,
        store: &Store,
        segments: u16,
        bar: &ProgressBar,
    ) -> Result<People, StoreError> {
        let mut people = People::default();
        for item in self.all::<UserItem>(store, segments, bar).await? {
            match item {
                UserItem::Holder { phone, holder } => drop(people.holders.insert(phone, holder)),
                UserItem::Subject { user, subject } => drop(people.subjects.insert(user, subject)),
                UserItem::Profile(profile) => drop(people.profiles.insert(profile.id, *profile)),
                UserItem::Counter(drawn) => people.counter = drawn,
                UserItem::Forgotten { mark, phone: _ } => drop(people.forgotten.insert(mark)),
            }
        }
        self.report.users = people.profiles.len();
        for (phone, holder) in &people.holders {
            let profile = people.profiles.get(&holder.id);
            if profile.is_none_or(|profile| profile.phone != Some((*phone, holder.epoch))) {
                self.doubts.push(Doubt::Holder(*phone));
            }
        }
        for profile in people.profiles.values() {
            let holds = |(phone, epoch): (Phone, u64)| {
                let holder = people.holders.get(&phone);
                holder.is_some_and(|holder| (holder.id, holder.epoch) == (profile.id, epoch))
            };
            let subject = people.subjects.get(&profile.user);
            let is_named = subject.is_some_and(|subject| subject.id == Some(profile.id));
            if !is_named || !profile.phone.is_none_or(holds) {
                self.doubts.push(Doubt::Profile(profile.id));
            }
        }
        for (user, subject) in &people.subjects {
            if subject.id.is_some_and(|id| !people.profiles.contains_key(&id)) {
                self.doubts.push(Doubt::Subject(user.clone()));
            }
        }
        let greatest = people.profiles.keys().max();
        if let Some(greatest) = greatest.filter(|id| u64::from(id.get()) > people.counter) {
            self.doubts.push(Doubt::Counter(*greatest));
        }
        Ok(people)
    }

    /// Looks at all books and hints. Returns who has an open book.
    async fn books(
        &mut self,
        store: &Store,
        segments: u16,
        bar: &ProgressBar,
        people: &People,
    ) -> Result<HashSet<UserId>, StoreError> {
        let keys = self.all::<BookKey>(store, segments, bar).await?;
        let heads: HashSet<(&UserId, &Scope)> =
            keys.iter().filter(|key| !key.is_base).map(|key| (&key.user, &key.scope)).collect();
        let orphans = keys
            .iter()
            .filter(|key| key.is_base && !heads.contains(&(&key.user, &key.scope)))
            .map(|key| Doubt::OrphanedBase(key.user.clone(), key.scope.clone()));
        self.doubts.extend(orphans.collect::<Vec<_>>());
        let owners: HashSet<UserId> = heads.iter().map(|(user, _)| (*user).clone()).collect();
        let mut expected = Expected::default();
        let mut with_books = HashSet::new();
        let mut read = stream::iter(owners)
            .map(|user| async move { (store.read_books(&user).await, user) })
            .buffer_unordered(BOOKS_AT_ONCE);
        while let Some((books, user)) = read.next().await {
            let books = match books {
                Ok(books) => books,
                Err(error @ StoreError::Corrupt { .. }) => {
                    with_books.insert(user);
                    self.unreadable(&error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            for (scope, stored) in books {
                bar.inc(stored.book.entries().len() as u64);
                if stored.life.is_open() {
                    self.report.books += 1;
                    with_books.insert(user.clone());
                    if stored.expires_at.is_some() && store.keeps_for_ever(&scope) {
                        self.doubts.push(Doubt::Expiring(user.clone(), scope.clone()));
                    }
                } else if !stored.leaving.entries().is_empty() {
                    self.doubts.push(Doubt::HalfEmptied(user.clone(), scope.clone()));
                }
                self.report.contacts += stored.book.entries().len();
                if !are_matches_right(&stored, &user, people)
                    || holds_forgotten(store, &stored, people)
                {
                    self.doubts.push(Doubt::Book(user.clone(), scope.clone()));
                }
                expected.add(store, &user, scope, &stored);
            }
        }
        self.hints(store, segments, bar, expected).await?;
        Ok(with_books)
    }

    async fn hints(
        &mut self,
        store: &Store,
        segments: u16,
        bar: &ProgressBar,
        mut expected: Expected,
    ) -> Result<(), StoreError> {
        let mut pages = store.scan::<ScannedHint>(segments);
        while let Some(page) = pages.try_next().await? {
            bar.inc(page.len() as u64);
            for hint in page {
                match hint {
                    Ok(hint) => {
                        self.report.hints += 1;
                        if expected.hints.remove(&hint.id()).is_none() {
                            self.doubts.push(Doubt::StrayHint(hint));
                        }
                    }
                    Err(error) => self.unreadable(&error),
                }
            }
        }
        let missing: HashSet<usize> = expected.hints.into_values().collect();
        for place in missing {
            let (user, scope) = expected.books[place].clone();
            self.doubts.push(Doubt::Book(user, scope));
        }
        Ok(())
    }

    async fn subscriptions(
        &mut self,
        store: &Store,
        segments: u16,
        bar: &ProgressBar,
        people: &People,
        is_somebody: impl Fn(&UserId) -> bool,
    ) -> Result<(), StoreError> {
        let (mut devices, mut muted) = (vec![], HashSet::new());
        let mut tokens: HashMap<String, TokenUse> = HashMap::new();
        for item in self.all::<SubscriptionItem>(store, segments, bar).await? {
            match item {
                SubscriptionItem::Device(device) => devices.push(*device),
                SubscriptionItem::Muted(user) => drop(muted.insert(user)),
                SubscriptionItem::Token { hash, used } => drop(tokens.insert(hash, used)),
            }
        }
        self.report.subscriptions = devices.len();
        for device in devices {
            if !is_somebody(&device.user) && !is_recent(&device) {
                self.doubts.push(Doubt::Leftovers(device.user.clone()));
            }
            match tokens.remove(&device.token_hash) {
                Some(used) if store.is_token_of(&used, &device) => {}
                Some(used) => self.doubts.extend([
                    Doubt::Token(device.token_hash.clone(), used),
                    Doubt::MissingToken(Box::new(device)),
                ]),
                None => self.doubts.push(Doubt::MissingToken(Box::new(device))),
            }
        }
        self.doubts.extend(tokens.into_iter().map(|(hash, used)| Doubt::Token(hash, used)));
        let should: HashSet<UserId> = people
            .profiles
            .values()
            .filter(|profile| !profile.flags.notify_me)
            .map(|profile| profile.user.clone())
            .collect();
        self.doubts.extend(should.symmetric_difference(&muted).cloned().map(Doubt::Mute));
        Ok(())
    }
}

/// The hints that the books need.
#[derive(Default)]
struct Expected {
    books: Vec<(UserId, Scope)>,
    /// For each hint, the place of its book.
    hints: HashMap<HintId, usize>,
}

impl Expected {
    fn add(&mut self, store: &Store, user: &UserId, scope: Scope, stored: &StoredBook) {
        let entries = stored.book.entries().iter().chain(stored.leaving.entries());
        let phones: Vec<Phone> = entries.map(|entry| entry.contact.phone).collect();
        let ids = store.hint_ids(user, &scope, &phones);
        self.hints.extend(ids.into_iter().map(|id| (id, self.books.len())));
        self.books.push((user.clone(), scope));
    }
}

/// Returns whether the matches of a book are what Users says.
fn are_matches_right(stored: &StoredBook, user: &UserId, people: &People) -> bool {
    stored.book.entries().iter().all(|entry| {
        let forms = entry.contact.phone.forms();
        let holder = forms.iter().find_map(|form| people.holders.get(form));
        entry.matched == holder.and_then(|holder| holder.match_for(user))
    })
}

/// Returns whether a book holds a number that was forgotten.
fn holds_forgotten(store: &Store, stored: &StoredBook, people: &People) -> bool {
    let is_forgotten = |phone: Phone| {
        let forms = phone.forms();
        forms.iter().any(|form| people.forgotten.contains(&store.mark_id(*form)))
            && !forms.iter().any(|form| people.holders.contains_key(form))
    };
    // Mostly there are no marks at all, and then no hash is made.
    !people.forgotten.is_empty()
        && stored.book.entries().iter().any(|entry| is_forgotten(entry.contact.phone))
}
