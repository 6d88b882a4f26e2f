//! Repairs: telling what a scan found from what is there, and deleting what no request touches any
//! more.

use std::collections::HashSet;

use model::{Holder, Profile, PublicId, Scope, Subscription, UserId};
use numbering::Phone;

use crate::accounts::{in_generation, user_key};
use crate::books::BookHead;
use crate::error::StoreError;
use crate::item::{Reader, item, number, text};
use crate::keys::{COUNTER_KEY, profile_key};
use crate::scan::{HintId, MarkId, ScannedHint};
use crate::store::Store;
use crate::tables::Table;
use crate::tokens::TokenUse;
use crate::write::{Condition, Outcome, Write};

/// Comparing what was scanned with what is there, and putting right what no other request touches
/// any more.
pub trait Repair: Sync {
    /// Returns what stands for the hints that a book has for these phones.
    fn hint_ids(&self, user: &UserId, scope: &Scope, phones: &[Phone]) -> Vec<HintId>;

    /// Returns what stands for the mark that this form of a phone has if it was forgotten.
    fn mark_id(&self, phone: Phone) -> MarkId;

    /// Reads which of these phones have a hint of the book, strongly consistent.
    fn hinted(
        &self,
        user: &UserId,
        scope: &Scope,
        phones: &[Phone],
    ) -> impl Future<Output = Result<Vec<Phone>, StoreError>> + Send;

    /// Deletes a hint, if its version is `version` or less.
    fn delete_scanned_hint(
        &self,
        hint: &ScannedHint,
        version: u64,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Returns whether books of this scope are kept even if nobody uses them.
    fn keeps_for_ever(&self, scope: &Scope) -> bool;

    /// Takes a book's expiry away, if nobody has written it since it was `seen`. When it was last used
    /// stays as it is.
    fn keep_for_ever(
        &self,
        user: &UserId,
        scope: &Scope,
        seen: &BookHead,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Deletes the base of a book that has no head, unless it has one now.
    fn delete_orphaned_base(
        &self,
        user: &UserId,
        scope: &Scope,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Reads whether a base of this book is stored without a head, strongly consistent.
    fn is_orphaned(
        &self,
        user: &UserId,
        scope: &Scope,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Reads whether a hint is stored, strongly consistent.
    fn is_hint_there(
        &self,
        hint: &ScannedHint,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Reads whether the subscription that has the token of this hash is stored, and has it still,
    /// strongly consistent.
    fn is_in_use(
        &self,
        hash: &str,
        used: &TokenUse,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Returns whether `used` is what the token of this subscription has to say.
    fn is_token_of(&self, used: &TokenUse, subscription: &Subscription) -> bool;

    /// Deletes the item of a token, if it still says what it said.
    fn delete_token(
        &self,
        hash: &str,
        used: &TokenUse,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Marks a user as one who doesn't want to be told of joins, or removes the mark, as their
    /// profile says that was read. Who has none isn't marked.
    fn repair_mute(
        &self,
        user: &UserId,
        profile: Option<&Profile>,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Deletes the item that says who has a phone, if it still names this holder, and if their
    /// profile is still at the version that was read, or still isn't there.
    fn delete_holder(
        &self,
        phone: Phone,
        holder: &Holder,
        profile_version: Option<u64>,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Lets a subject that names nobody name the user of a profile.
    fn name_profile(
        &self,
        profile: &Profile,
        generation: u64,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Lets a subject name nobody, if it still names `id` and there still is no such profile.
    fn unname_profile(
        &self,
        user: &UserId,
        id: PublicId,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Reads the number up to which public ids are drawn, strongly consistent.
    fn drawn_ids(&self) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

impl Repair for Store {
    fn hint_ids(&self, user: &UserId, scope: &Scope, phones: &[Phone]) -> Vec<HintId> {
        let owner = self.keyring.owner_key(user, scope);
        phones.iter().map(|phone| HintId::new(&self.phone_keys.key(*phone), &owner)).collect()
    }

    fn mark_id(&self, phone: Phone) -> MarkId {
        MarkId(self.phone_keys.holder_key(phone))
    }

    async fn hinted(
        &self,
        user: &UserId,
        scope: &Scope,
        phones: &[Phone],
    ) -> Result<Vec<Phone>, StoreError> {
        let owner = self.keyring.owner_key(user, scope);
        let keys: Vec<String> = phones.iter().map(|phone| self.phone_keys.key(*phone)).collect();
        let asked =
            keys.iter().map(|phone| item([("phone", text(phone)), ("owner", text(&owner))]));
        let found = self.get_each(Table::ContactOwners, asked.collect()).await?;
        let found: HashSet<&str> = found
            .iter()
            .filter_map(|item| item.get("phone")?.as_s().ok().map(String::as_str))
            .collect();
        let hinted = phones.iter().zip(&keys).filter(|(_, key)| found.contains(key.as_str()));
        Ok(hinted.map(|(phone, _)| *phone).collect())
    }

    fn keeps_for_ever(&self, scope: &Scope) -> bool {
        self.book_ttl(scope).is_none()
    }

    async fn keep_for_ever(
        &self,
        user: &UserId,
        scope: &Scope,
        seen: &BookHead,
    ) -> Result<Outcome, StoreError> {
        self.set_book_times(user, scope, seen, None, seen.used_at).await
    }

    async fn delete_scanned_hint(
        &self,
        hint: &ScannedHint,
        version: u64,
    ) -> Result<(), StoreError> {
        let phone = text(&hint.phone_key);
        self.delete_hints_of(&hint.owner_key, [phone], version).await
    }

    async fn delete_orphaned_base(
        &self,
        user: &UserId,
        scope: &Scope,
    ) -> Result<Outcome, StoreError> {
        let [head, base] = self.book_item_keys(user, scope);
        let no_head = Condition::new("attribute_not_exists(version)", []);
        self.transact(vec![
            Write::check(Table::AddressBooks, head, no_head),
            Write::delete(Table::AddressBooks, base, Condition::always()),
        ])
        .await
    }

    async fn is_orphaned(&self, user: &UserId, scope: &Scope) -> Result<bool, StoreError> {
        let [head, base] = self.book_item_keys(user, scope);
        let head = self.get(Table::AddressBooks, head).await?;
        Ok(head.is_none() && self.get(Table::AddressBooks, base).await?.is_some())
    }

    async fn is_hint_there(&self, hint: &ScannedHint) -> Result<bool, StoreError> {
        let key = item([("phone", text(&hint.phone_key)), ("owner", text(&hint.owner_key))]);
        Ok(self.get(Table::ContactOwners, key).await?.is_some())
    }

    async fn is_in_use(&self, hash: &str, used: &TokenUse) -> Result<bool, StoreError> {
        let device = self.get(Table::Subscriptions, used.subscription_key()).await?;
        Ok(device.is_some_and(|device| device.get("token_hash") == Some(&text(hash))))
    }

    fn is_token_of(&self, used: &TokenUse, subscription: &Subscription) -> bool {
        used.is_same_use(&TokenUse::by(&self.keyring, subscription))
    }

    async fn delete_token(&self, hash: &str, used: &TokenUse) -> Result<Outcome, StoreError> {
        self.transact(vec![used.token_delete(hash)]).await
    }

    async fn repair_mute(
        &self,
        user: &UserId,
        profile: Option<&Profile>,
    ) -> Result<Outcome, StoreError> {
        let check = match profile {
            Some(profile) => profile_check(profile.id, Some(profile.version)),
            None => {
                let nobody = Condition::new("attribute_not_exists(id)", []);
                Write::check(Table::Users, user_key(self.keyring.subject_key(user)), nobody)
            }
        };
        let muted = profile.is_some_and(|profile| !profile.flags.notify_me);
        self.transact(vec![check, self.mute(user, muted)]).await
    }

    async fn delete_holder(
        &self,
        phone: Phone,
        holder: &Holder,
        profile_version: Option<u64>,
    ) -> Result<Outcome, StoreError> {
        let check = profile_check(holder.id, profile_version);
        self.transact(vec![check, self.holder_delete(phone, holder)]).await
    }

    async fn name_profile(
        &self,
        profile: &Profile,
        generation: u64,
    ) -> Result<Outcome, StoreError> {
        let nobody = Condition::new("attribute_not_exists(id)", []).and(in_generation(generation));
        let mut subject = user_key(self.keyring.subject_key(&profile.user));
        subject.insert("id".to_owned(), number(u64::from(profile.id.get())));
        if generation > 0 {
            subject.insert("generation".to_owned(), number(generation));
        }
        let check = profile_check(profile.id, Some(profile.version));
        self.transact(vec![check, Write::put(Table::Users, subject, nobody)]).await
    }

    async fn unname_profile(&self, user: &UserId, id: PublicId) -> Result<Outcome, StoreError> {
        let named = Condition::new("id = :id", [(":id", number(u64::from(id.get())))]);
        let key = user_key(self.keyring.subject_key(user));
        let unname = Write::update(Table::Users, key, "REMOVE id".to_owned(), named);
        self.transact(vec![profile_check(id, None), unname]).await
    }

    async fn drawn_ids(&self) -> Result<u64, StoreError> {
        let counter = self.get(Table::Users, user_key(COUNTER_KEY)).await?.unwrap_or_default();
        let reader = Reader { table: Table::Users, kind: "counter", item: &counter };
        Ok(reader.optional_number("drawn")?.unwrap_or(0))
    }
}

/// Returns a part of a transaction that checks that a profile is still at this version, or still
/// isn't there.
fn profile_check(id: PublicId, version: Option<u64>) -> Write {
    let condition = match version {
        None => Condition::new("attribute_not_exists(version)", []),
        Some(version) => Condition::new("version = :seen", [(":seen", number(version))]),
    };
    Write::check(Table::Users, user_key(profile_key(id)), condition)
}
