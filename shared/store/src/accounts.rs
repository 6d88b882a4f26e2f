//! Accounts, in Users: each is signed up, changed and deleted in one transaction over all its
//! items.

use model::{Flags, Holder, Profile, PublicId, Subscription, Turnover, UserId};
use numbering::Phone;

use crate::error::StoreError;
use crate::item::{Attributes, Reader, item, number, text};
use crate::keys::profile_key;
use crate::profile;
use crate::store::Store;
use crate::tables::Table;
use crate::users::{SEQUENCE, write_holder};
use crate::write::{Condition, Outcome, Write};

/// How long the generation of a deleted account is kept: 14 days, twice as long as the tombstones
/// of its books.
const TOMBSTONE_SECONDS: u64 = 14 * 24 * 60 * 60;

/// How many subscriptions are marked with a deletion at most. A transaction takes 100 items, and a
/// user has no more than 20 subscriptions unless many calls crashed.
const MOST_MARKS: usize = 50;

/// The contents of a `subject#` item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The user's public id. Absent before sign-up and after the account was deleted.
    pub id: Option<PublicId>,
    /// Tells one account of the subject from the next. It is 0 until an account is deleted. Each
    /// deletion raises it, to the clock's milliseconds or more. So it never is what it was before,
    /// although it is forgotten 14 days after a deletion.
    pub generation: u64,
}

impl Subject {
    pub(crate) fn read(reader: &Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: reader.optional_number("id")?.and_then(PublicId::new),
            generation: reader.optional_number("generation")?.unwrap_or(0),
        })
    }
}

/// Who has the phone that a user claims, as seen before the write.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// Nobody.
    Free,
    /// Another user, whose profile loses the phone.
    Held {
        holder: &'a Holder,
        /// The holder's profile, unless it is deleted already.
        profile: Option<&'a Profile>,
    },
}

/// A write of one account. Each item's write is conditional on what was seen.
#[derive(Clone, Copy, Debug)]
pub struct AccountWrite<'a> {
    pub user: &'a UserId,
    pub subject: Subject,
    /// The profile that was seen. Absent before sign-up.
    pub before: Option<&'a Profile>,
    /// The profile to write. Absent if the account is to be deleted.
    pub after: Option<&'a Profile>,
    /// Who has the phone of `after`, if that isn't the phone of `before`.
    pub target: Target<'a>,
    /// Whether nobody is told that the user has a new phone, whatever they chose.
    pub is_silent: bool,
}

/// Reads and writes accounts.
pub trait AccountStore: Sync {
    /// Reads the user's public id and generation, strongly consistent.
    fn subject(&self, user: &UserId) -> impl Future<Output = Result<Subject, StoreError>> + Send;

    /// Reads the profile of `id`, strongly consistent.
    fn profile(
        &self,
        id: PublicId,
    ) -> impl Future<Output = Result<Option<Profile>, StoreError>> + Send;

    /// Draws a public id that no user has or had. Gaps are fine. Ids of different processes aren't in
    /// the order in which they are drawn.
    fn draw_id(&self) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Sees to it that no id up to `given` is drawn any more, except by a process that has it in its
    /// block already.
    fn reserve_ids(&self, given: PublicId) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets the ids that this process has drawn and not given yet.
    fn forget_drawn_ids(&self) -> impl Future<Output = ()> + Send;

    /// Makes all of the changes of `write`, or none.
    fn write_account(
        &self,
        write: AccountWrite<'_>,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Does the same as [`AccountStore::write_account`], and marks the account's subscriptions as
    /// leaving, if they are still those that were `seen`.
    fn write_leaving_account(
        &self,
        write: AccountWrite<'_>,
        seen: &[Subscription],
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;
}

impl AccountStore for Store {
    async fn subject(&self, user: &UserId) -> Result<Subject, StoreError> {
        let key = user_key(self.keyring.subject_key(user));
        let Some(item) = self.get(Table::Users, key).await? else { return Ok(Subject::default()) };
        Subject::read(&Reader { table: Table::Users, kind: "subject", item: &item })
    }

    async fn profile(&self, id: PublicId) -> Result<Option<Profile>, StoreError> {
        let item = self.get(Table::Users, user_key(profile_key(id))).await?;
        item.map(|item| profile::read(&self.keyring, &item)).transpose()
    }

    async fn draw_id(&self) -> Result<u64, StoreError> {
        self.next_id().await
    }

    async fn reserve_ids(&self, given: PublicId) -> Result<(), StoreError> {
        self.raise_counter_to(u64::from(given.get())).await
    }

    async fn forget_drawn_ids(&self) {
        self.ids.forget().await;
    }

    async fn write_account(&self, write: AccountWrite<'_>) -> Result<Outcome, StoreError> {
        self.write_leaving_account(write, &[]).await
    }

    async fn write_leaving_account(
        &self,
        write: AccountWrite<'_>,
        seen: &[Subscription],
    ) -> Result<Outcome, StoreError> {
        let AccountWrite { user, before, after, target, .. } = write;
        let mut writes: Vec<Write> = self.subject_write(write).into_iter().collect();
        writes.extend(self.profile_write(before, after));
        writes.extend(self.holder_writes(write));
        let muted =
            |profile: Option<&Profile>| profile.is_some_and(|profile| !profile.flags.notify_me);
        if muted(before) != muted(after) {
            writes.push(self.mute(user, muted(after)));
        }
        if let Target::Held { profile: Some(theirs), .. } = target {
            let without = Profile { phone: None, version: theirs.version + 1, ..theirs.clone() };
            writes.extend(self.profile_write(Some(theirs), Some(&without)));
        }
        writes.extend(seen.iter().take(MOST_MARKS).map(|seen| self.leaving_mark(seen)));
        self.transact(writes).await
    }
}

impl Store {
    fn subject_write(&self, write: AccountWrite<'_>) -> Option<Write> {
        let Subject { id, generation } = write.subject;
        let mut attributes = user_key(self.keyring.subject_key(write.user));
        let mut set = |name: &str, value: u64| attributes.insert(name.to_owned(), number(value));
        match (write.before, write.after) {
            (Some(_), Some(_)) => return None,
            (None, Some(after)) => {
                set("id", u64::from(after.id.get()));
                if generation > 0 {
                    set("generation", generation);
                }
            }
            (_, None) => {
                set("generation", self.clock.now_ms().max(generation + 1));
                set("expires_at", self.clock.now_seconds() + TOMBSTONE_SECONDS);
            }
        }
        let same_id = match id {
            None => Condition::new("attribute_not_exists(id)", []),
            Some(id) => Condition::new("id = :id", [(":id", number(u64::from(id.get())))]),
        };
        let condition = same_id.and(in_generation(generation));
        Some(Write::put(Table::Users, attributes, condition))
    }

    fn profile_write(&self, before: Option<&Profile>, after: Option<&Profile>) -> Option<Write> {
        let seen = match before {
            None => Condition::new("attribute_not_exists(version)", []),
            Some(before) => {
                Condition::new("version = :version", [(":version", number(before.version))])
            }
        };
        match (before, after) {
            (None, None) => None,
            (_, Some(after)) => {
                let attributes = profile::write(&self.keyring, after);
                Some(Write::put(Table::Users, attributes, seen))
            }
            (Some(before), None) => {
                Some(Write::delete(Table::Users, user_key(profile_key(before.id)), seen))
            }
        }
    }

    fn holder_writes(&self, write: AccountWrite<'_>) -> Vec<Write> {
        let AccountWrite { before, after, target, is_silent, .. } = write;
        let phone_of = |profile: &Profile| profile.phone.map(|(phone, _)| phone);
        let (old, new) = (before.and_then(phone_of), after.and_then(phone_of));
        let mut writes = vec![];
        if let (Some(old), Some(holder)) = (old, before.and_then(holder_of))
            && new != Some(old)
        {
            writes.push(self.holder_delete(old, &holder));
        }
        let (Some(new), Some(holder)) = (new, after.and_then(holder_of)) else { return writes };
        let kept = before.filter(|_| old == Some(new)).and_then(holder_of);
        if kept.as_ref() == Some(&holder) {
            return writes;
        }
        let seen = match (&kept, target) {
            (Some(seen), _) | (None, Target::Held { holder: seen, .. }) => Some(seen),
            (None, Target::Free) => None,
        };
        let announced = holder.announced && !(is_silent && kept.is_none());
        let holder = Holder { announced, ..holder };
        let began_ms = after.map_or(0, |after| after.updated_at_ms);
        writes.push(self.holder_write(new, seen, holder, began_ms));
        writes
    }

    /// Returns a write after which nobody has `phone`, if `holder` still has it.
    pub(crate) fn holder_delete(&self, phone: Phone, holder: &Holder) -> Write {
        let key = user_key(self.phone_keys.holder_key(phone));
        Write::delete(Table::Users, key, still_held_by(holder))
    }

    /// Returns the write of who has `phone`, if they are still the holder who was `seen`.
    ///
    /// The sequence of a phone that nobody had begins at `began_ms`, so that it is usually greater
    /// than those that the phone had before. After that, each change of what books show raises it by
    /// one, on top of what the item says.
    fn holder_write(
        &self,
        phone: Phone,
        seen: Option<&Holder>,
        holder: Holder,
        began_ms: u64,
    ) -> Write {
        let Some(seen) = seen else {
            let first = Holder { sequence: Some(began_ms), ..holder };
            let attributes = write_holder(&self.keyring, &self.phone_keys, phone, &first);
            let free = Condition::new("attribute_not_exists(epoch)", []);
            return Write::put(Table::Users, attributes, free);
        };
        let mut attributes = write_holder(&self.keyring, &self.phone_keys, phone, &holder);
        attributes.remove("key");
        let names: Vec<_> = attributes.keys().map(|name| format!("{name} = :{name}")).collect();
        let mut update = format!("SET {}", names.join(", "));
        let mut condition = still_held_by(seen);
        let values = attributes.into_iter().map(|(name, value)| (format!(":{name}"), value));
        condition.values.extend(values);
        if Turnover::between(Some(seen), Some(&holder)) != Turnover::None {
            update.push_str(&format!(" ADD {SEQUENCE} :one"));
            condition.values.insert(":one".to_owned(), number(1));
        }
        let key = user_key(self.phone_keys.holder_key(phone));
        Write::update(Table::Users, key, update, condition)
    }
}

/// Returns the key of an item of Users.
pub(crate) fn user_key(key: impl Into<String>) -> Attributes {
    item([("key", text(key))])
}

/// Returns the condition that a phone still has the holder who was seen.
fn still_held_by(seen: &Holder) -> Condition {
    let values =
        [(":seen_id", number(u64::from(seen.id.get()))), (":seen_epoch", number(seen.epoch))];
    Condition::new("id = :seen_id AND epoch = :seen_epoch", values)
}

/// Returns the contents of a user's `phone#` item, if they have a phone. Its sequence isn't known.
fn holder_of(profile: &Profile) -> Option<Holder> {
    let (_, epoch) = profile.phone?;
    let Flags { discoverable_by_phone, announce_me, notify_me: _ } = profile.flags;
    Some(Holder {
        id: profile.id,
        user: profile.user.clone(),
        epoch,
        discoverable: discoverable_by_phone,
        announced: announce_me,
        sequence: None,
    })
}

/// Returns the condition that an account is in `generation`.
pub(crate) fn in_generation(generation: u64) -> Condition {
    match generation {
        0 => Condition::new("attribute_not_exists(generation)", []),
        _ => Condition::new("generation = :generation", [(":generation", number(generation))]),
    }
}

impl Store {
    /// Returns a part of a transaction that checks that the account of `user` is still in
    /// `generation`.
    pub(crate) fn generation_check(&self, user: &UserId, generation: u64) -> Write {
        let key = user_key(self.keyring.subject_key(user));
        Write::check(Table::Users, key, in_generation(generation))
    }
}
