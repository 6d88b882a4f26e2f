//! Users again: signing up, changing and leaving, each one transaction over all items of a user.

use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, ReturnValue, TransactWriteItem};

use super::error::StoreError;
use super::item::{Attributes, Reader, item, number, text};
use super::keys::{COUNTER_KEY, profile_key};
use super::profile::{self, Profile};
use super::users::write_holder;
use super::{Outcome, Store, now_seconds};
use crate::domain::{Holder, PublicId, UserId};

/// How long the generation of a deleted account outlives it: twice as long as its books' tombstones.
const TOMBSTONE_SECONDS: u64 = 14 * 24 * 60 * 60;

/// What `subject#` items say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The user's public id; none before sign-up and after leaving.
    pub id: Option<PublicId>,
    /// How often the account has been deleted.
    pub generation: u64,
}

/// Who has the phone that a user claims, as seen before the write.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// Nobody.
    Free,
    /// This holder, whose profile loses the phone.
    Held {
        /// The holder.
        holder: &'a Holder,
        /// Their profile, unless it is gone already.
        profile: Option<&'a Profile>,
    },
}

/// A change of one account; every item of it is conditional on what was seen.
#[derive(Clone, Copy, Debug)]
pub struct AccountChange<'a> {
    /// Whose account.
    pub user: &'a UserId,
    /// Their subject item.
    pub subject: Subject,
    /// Their profile; none before sign-up.
    pub before: Option<&'a Profile>,
    /// Their profile as it is to be; none to delete it.
    pub after: Option<&'a Profile>,
    /// Who has the phone of `after`, where that isn't the phone of `before`.
    pub target: Target<'a>,
}

/// Writing accounts.
pub trait AccountStore {
    /// The user's public id and generation, strongly consistent.
    fn subject(&self, user: &UserId) -> impl Future<Output = Result<Subject, StoreError>> + Send;

    /// The profile of `id`, strongly consistent.
    fn profile(&self, id: PublicId) -> impl Future<Output = Result<Option<Profile>, StoreError>> + Send;

    /// A number greater than all that were drawn before; gaps are fine.
    fn draw(&self) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Writes all of `change` or nothing.
    fn write_account(&self, change: AccountChange<'_>) -> impl Future<Output = Result<Outcome, StoreError>> + Send;
}

impl AccountStore for Store {
    async fn subject(&self, user: &UserId) -> Result<Subject, StoreError> {
        let Some(item) = self.get_user_item(self.keys.subject_key(user)).await? else { return Ok(Subject::default()) };
        let reader = Reader { table: "Users (subject)", item: &item };
        Ok(Subject {
            id: reader.optional_number("id")?.and_then(PublicId::new),
            generation: reader.optional_number("generation")?.unwrap_or(0),
        })
    }

    async fn profile(&self, id: PublicId) -> Result<Option<Profile>, StoreError> {
        let item = self.get_user_item(profile_key(id)).await?;
        item.map(|item| profile::read(&self.keys, &item)).transpose()
    }

    async fn draw(&self) -> Result<u64, StoreError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.tables.users)
            .key("key", text(COUNTER_KEY))
            .update_expression("ADD drawn :one")
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|error| StoreError::call("UpdateItem", &error))?;
        let item = answer.attributes.unwrap_or_default();
        Reader { table: "Users (counter)", item: &item }.number("drawn")
    }

    async fn write_account(&self, change: AccountChange<'_>) -> Result<Outcome, StoreError> {
        let mut items = vec![];
        if let Some(write) = self.subject_write(change) {
            items.push(write);
        }
        items.extend(self.profile_write(change.before, change.after));
        items.extend(self.holder_writes(change));
        let muted = |profile: Option<&Profile>| profile.is_some_and(|profile| !profile.flags.notify_me);
        if muted(change.before) != muted(change.after) {
            items.push(self.mute(change.user, muted(change.after)));
        }
        if let Target::Held { profile: Some(theirs), .. } = change.target {
            let without = Profile { phone: None, version: theirs.version + 1, ..theirs.clone() };
            items.extend(self.profile_write(Some(theirs), Some(&without)));
        }
        self.transact(items).await
    }
}

impl Store {
    fn subject_write(&self, change: AccountChange<'_>) -> Option<TransactWriteItem> {
        let Subject { id, generation } = change.subject;
        let mut attributes = item([("key", text(self.keys.subject_key(change.user)))]);
        let mut set = |name: &str, value: u64| attributes.insert(name.to_owned(), number(value));
        match (change.before, change.after) {
            (Some(_), Some(_)) => return None,
            (None, Some(after)) => {
                set("id", u64::from(after.id.get()));
                if generation > 0 {
                    set("generation", generation);
                }
            }
            (_, None) => {
                set("generation", generation + 1);
                set("expires_at", now_seconds() + TOMBSTONE_SECONDS);
            }
        }
        let (same_generation, mut values) = generation_condition(generation);
        let same_id = match id {
            None => "attribute_not_exists(id)",
            Some(id) => {
                values.get_or_insert_default().insert(":id".to_owned(), number(u64::from(id.get())));
                "id = :id"
            }
        };
        Some(self.users_put(attributes, format!("{same_id} AND {same_generation}"), values))
    }

    fn profile_write(&self, before: Option<&Profile>, after: Option<&Profile>) -> Option<TransactWriteItem> {
        let seen = |profile: &Profile| Some(item([(":version", number(profile.version))]));
        match (before, after) {
            (None, None) => None,
            (None, Some(after)) => Some(self.users_put(
                profile::write(&self.keys, after),
                "attribute_not_exists(version)".to_owned(),
                None,
            )),
            (Some(before), Some(after)) => {
                Some(self.users_put(profile::write(&self.keys, after), "version = :version".to_owned(), seen(before)))
            }
            (Some(before), None) => Some(self.users_delete(profile_key(before.id), "version = :version", seen(before))),
        }
    }

    fn holder_writes(&self, change: AccountChange<'_>) -> Vec<TransactWriteItem> {
        let before = change.before.and_then(|profile| profile.phone);
        let after = change.after.and_then(|profile| profile.phone.map(|phone| (profile, phone)));
        let mut writes = vec![];
        if let Some((old, epoch)) = before
            && after.is_none_or(|(_, (new, _))| new != old)
            && let Some(profile) = change.before
        {
            let values = Some(held(profile.id, epoch));
            writes.push(self.users_delete(self.phone_keys.holder_key(old), HELD, values));
        }
        if let Some((profile, (new, _))) = after {
            let kept = change.before.filter(|before| before.phone.is_some_and(|(old, _)| old == new));
            if kept.and_then(holder_of) == holder_of(profile) {
                return writes;
            }
            let (condition, values) = match (kept.and_then(holder_of), change.target) {
                (Some(holder), _) => (HELD, Some(held(holder.id, holder.epoch))),
                (None, Target::Held { holder, .. }) => (HELD, Some(held(holder.id, holder.epoch))),
                (None, Target::Free) => ("attribute_not_exists(epoch)", None),
            };
            let holder = holder_of(profile).expect("the profile has a phone");
            let attributes = write_holder(&self.keys, new, &holder);
            writes.push(self.users_put(attributes, condition.to_owned(), values));
        }
        writes
    }

    fn users_put(&self, attributes: Attributes, condition: String, values: Option<Attributes>) -> TransactWriteItem {
        let put = Put::builder()
            .table_name(&self.tables.users)
            .set_item(Some(attributes))
            .condition_expression(condition)
            .set_expression_attribute_values(values);
        TransactWriteItem::builder().put(put.build().expect("table and item are set")).build()
    }

    fn users_delete(&self, key: String, condition: &str, values: Option<Attributes>) -> TransactWriteItem {
        let delete = Delete::builder()
            .table_name(&self.tables.users)
            .key("key", text(key))
            .condition_expression(condition)
            .set_expression_attribute_values(values);
        TransactWriteItem::builder().delete(delete.build().expect("table and key are set")).build()
    }
}

/// The condition that a phone still has the holder that was seen.
const HELD: &str = "id = :holder AND epoch = :epoch";

fn held(id: PublicId, epoch: u64) -> Attributes {
    item([(":holder", number(u64::from(id.get()))), (":epoch", number(epoch))])
}

/// What a user's `phone#` item says, if they have a phone.
fn holder_of(profile: &Profile) -> Option<Holder> {
    let (_, epoch) = profile.phone?;
    Some(Holder {
        id: profile.id,
        user: profile.user.clone(),
        epoch,
        discoverable: profile.flags.discoverable_by_phone,
        announced: profile.flags.announce_me,
    })
}

fn generation_condition(generation: u64) -> (&'static str, Option<Attributes>) {
    match generation {
        0 => ("attribute_not_exists(generation)", None),
        _ => ("generation = :generation", Some(item([(":generation", number(generation))]))),
    }
}

/// The condition that the account of `subject_key` hasn't been deleted since it was of `generation`.
pub(super) fn generation_check(users: &str, subject_key: String, generation: u64) -> ConditionCheck {
    let (condition, values) = generation_condition(generation);
    ConditionCheck::builder()
        .table_name(users)
        .key("key", text(subject_key))
        .condition_expression(condition)
        .set_expression_attribute_values(values)
        .build()
        .expect("table, key and condition are set")
}
