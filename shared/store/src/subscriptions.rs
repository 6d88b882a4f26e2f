//! Subscriptions: the devices that get a user's pushes.

use aws_sdk_dynamodb::types::AttributeValue;
use model::{Channel, PublicId, Subscription, Udid, UserId};

use crate::accounts::AccountStore;
use crate::error::StoreError;
use crate::inspect::{Device, Devices};
use crate::item::{Attributes, Reader, item, number, text};
use crate::keyring::Keyring;
use crate::keys::{MUTED_SORT_KEY, device_subscription_key, subscription_key, subscriptions_key};
use crate::store::Store;
use crate::tables::Table;
use crate::tokens::TokenUse;
use crate::write::{Condition, Outcome, Write};

/// Marks a subscription whose endpoint or account is being removed. A write of the subscription
/// removes the mark.
const LEAVING: &str = "leaving";

/// A write of a subscription, conditional on what was seen before.
#[derive(Clone, Copy, Debug)]
pub struct SubscriptionWrite<'a> {
    /// The subscription to write.
    pub next: &'a Subscription,
    /// The generation that the user's account has to be in.
    pub generation: u64,
    /// The earlier subscription of the same device and channel, whose id `next` keeps.
    pub replaced: Option<&'a Subscription>,
    /// Where the token of `next` was in use. If that is another subscription, it is deleted,
    /// because the device changed hands.
    pub token_use: Option<&'a TokenUse>,
}

/// Reading and writing subscriptions.
pub trait SubscriptionStore: Sync {
    /// Reads all subscriptions of a user, strongly consistent.
    fn subscriptions(
        &self,
        user: &UserId,
    ) -> impl Future<Output = Result<Vec<Subscription>, StoreError>> + Send;

    /// Reads the subscription that a device has for a channel, with one strongly consistent GetItem.
    /// Returns `None` also if the removal of its endpoint or of its account has begun, even if that
    /// crashed: nobody may rely on it then.
    fn lasting_subscription(
        &self,
        user: &UserId,
        channel: Channel,
        device: &Udid,
    ) -> impl Future<Output = Result<Option<Subscription>, StoreError>> + Send;

    /// Reads the subscriptions that are told of joins: all of them, or none if the user turned that
    /// off. It is one strongly consistent Query.
    fn audience(
        &self,
        user: &UserId,
    ) -> impl Future<Output = Result<Vec<Subscription>, StoreError>> + Send;

    /// Reads the generation of the user's account, strongly consistent.
    fn generation(&self, user: &UserId) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Reads whether the device still has a subscription, with one strongly consistent GetItem.
    fn is_subscribed(
        &self,
        seen: &Subscription,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Reads where the token of this hash is in use, strongly consistent.
    fn token_use(
        &self,
        token_hash: &str,
    ) -> impl Future<Output = Result<Option<TokenUse>, StoreError>> + Send;

    /// Notes that the subscription's endpoint is being removed, if the subscription is still the
    /// one that was seen. The note with the token is valid until `until_ms`, in milliseconds since
    /// 1970. The mark at the subscription, written in the same transaction, stays until the
    /// subscription is written again.
    fn begin_leaving(
        &self,
        seen: &Subscription,
        until_ms: u64,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Writes a subscription, its token, and the deletion of what they replace, or nothing. Checks
    /// in the same transaction that the account is still in its generation, so that a subscription
    /// which is under way while the account is deleted doesn't survive it.
    fn write_subscription(
        &self,
        write: SubscriptionWrite<'_>,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Deletes a subscription and its token, if the device hasn't subscribed again since it was
    /// seen.
    fn delete_subscription(
        &self,
        seen: &Subscription,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;
}

impl SubscriptionStore for Store {
    async fn subscriptions(&self, user: &UserId) -> Result<Vec<Subscription>, StoreError> {
        Ok(self.subscriber(user).await?.subscriptions())
    }

    async fn lasting_subscription(
        &self,
        user: &UserId,
        channel: Channel,
        device: &Udid,
    ) -> Result<Option<Subscription>, StoreError> {
        let key = device_subscription_key(&self.keyring, user, channel, device);
        let Some(item) = self.get(Table::Subscriptions, key).await? else { return Ok(None) };
        if reader(&item).flag(LEAVING, false)? {
            return Ok(None);
        }
        read(&self.keyring, user, &item).map(Some)
    }

    async fn audience(&self, user: &UserId) -> Result<Vec<Subscription>, StoreError> {
        let devices = self.subscriber(user).await?;
        Ok(if devices.is_muted { vec![] } else { devices.subscriptions() })
    }

    async fn generation(&self, user: &UserId) -> Result<u64, StoreError> {
        Ok(self.subject(user).await?.generation)
    }

    async fn is_subscribed(&self, seen: &Subscription) -> Result<bool, StoreError> {
        let key = subscription_key(&self.keyring, seen);
        Ok(self.get(Table::Subscriptions, key).await?.is_some())
    }

    async fn token_use(&self, token_hash: &str) -> Result<Option<TokenUse>, StoreError> {
        self.read_token_use(token_hash).await
    }

    async fn begin_leaving(
        &self,
        seen: &Subscription,
        until_ms: u64,
    ) -> Result<Outcome, StoreError> {
        self.mark_leaving(seen, until_ms).await
    }

    async fn write_subscription(
        &self,
        write: SubscriptionWrite<'_>,
    ) -> Result<Outcome, StoreError> {
        let SubscriptionWrite { next, generation, replaced, token_use } = write;
        let condition = match replaced {
            None => Condition::new("attribute_not_exists(pk)", []),
            Some(seen) => still_subscribed(seen),
        };
        let attributes = attributes(&self.keyring, next);
        let mut writes = vec![
            Write::put(Table::Subscriptions, attributes, condition),
            self.token_put(next, token_use),
            self.generation_check(&next.user, generation),
        ];
        if let Some(seen) = replaced.filter(|seen| seen.token_hash != next.token_hash) {
            writes.push(self.token_delete(seen));
        }
        let next_key = subscription_key(&self.keyring, next);
        if let Some(moved) = token_use.filter(|seen| seen.subscription_key() != next_key) {
            writes.push(moved.subscription_delete());
        }
        self.transact(writes).await
    }

    async fn delete_subscription(&self, seen: &Subscription) -> Result<Outcome, StoreError> {
        let delete = TokenUse::by(&self.keyring, seen).subscription_delete();
        self.transact(vec![delete, self.token_delete(seen)]).await
    }
}

impl Devices {
    fn subscriptions(self) -> Vec<Subscription> {
        self.all.into_iter().map(|device| device.subscription).collect()
    }
}

impl Store {
    /// Reads all items of one user in Subscriptions.
    pub(crate) async fn subscriber(&self, user: &UserId) -> Result<Devices, StoreError> {
        let key = text(self.keyring.subscriber_key(user));
        let mut devices = Devices::default();
        for item in self.query_all(Table::Subscriptions, "pk", key).await? {
            if item.get("sk").is_some_and(|sk| *sk == text(MUTED_SORT_KEY)) {
                devices.is_muted = true;
            } else {
                let is_leaving = reader(&item).flag(LEAVING, false)?;
                let subscription = read(&self.keyring, user, &item)?;
                devices.all.push(Device { subscription, is_leaving });
            }
        }
        Ok(devices)
    }

    /// Returns a write that marks a subscription as leaving, if it is still the one that was seen.
    pub(crate) fn leaving_mark(&self, seen: &Subscription) -> Write {
        let mut attributes = attributes(&self.keyring, seen);
        attributes.insert(LEAVING.to_owned(), AttributeValue::Bool(true));
        Write::put(Table::Subscriptions, attributes, still_subscribed(seen))
    }

    /// Marks a user as one who doesn't want to be told of joins, or removes the mark. The mark is
    /// stored with the subscriptions, so that telling people of a join costs no other read.
    pub(crate) fn mute(&self, user: &UserId, muted: bool) -> Write {
        let key = self.mute_mark(user);
        if muted {
            Write::put(Table::Subscriptions, key, Condition::always())
        } else {
            Write::delete(Table::Subscriptions, key, Condition::always())
        }
    }

    /// Returns the mark of a user who doesn't want to be told of joins. It is nothing but a key.
    pub(crate) fn mute_mark(&self, user: &UserId) -> Attributes {
        subscriptions_key(&self.keyring.subscriber_key(user), MUTED_SORT_KEY)
    }
}

/// Returns the condition that a device hasn't subscribed again since it was seen.
fn still_subscribed(seen: &Subscription) -> Condition {
    let since = [(":since", number(seen.subscribed_at_ms))];
    Condition::new("subscribed_at_ms = :since", since)
}

fn attributes(keyring: &Keyring, subscription: &Subscription) -> Attributes {
    let Subscription {
        id,
        user: _,
        device,
        channel,
        platform,
        environment,
        token_hash,
        endpoint,
        subscribed_at_ms,
    } = subscription;
    let mut attributes = subscription_key(keyring, subscription);
    attributes.extend(item([
        ("id", number(u64::from(id.get()))),
        ("device", text(keyring.device(device))),
        ("channel", text(channel.name())),
        ("platform", text(platform.name())),
        ("environment", text(environment.name())),
        ("token_hash", text(token_hash)),
        ("endpoint", text(endpoint)),
        ("subscribed_at_ms", number(*subscribed_at_ms)),
    ]));
    attributes
}

fn reader(item: &Attributes) -> Reader<'_> {
    Reader { table: Table::Subscriptions, kind: "subscription", item }
}

pub(crate) fn read(
    keyring: &Keyring,
    user: &UserId,
    item: &Attributes,
) -> Result<Subscription, StoreError> {
    let reader = reader(item);
    Ok(Subscription {
        id: PublicId::new(reader.number("id")?).ok_or_else(|| reader.corrupt("id"))?,
        user: user.clone(),
        device: keyring
            .read_device(reader.text("device")?)
            .ok_or_else(|| reader.corrupt("device"))?,
        channel: reader.parsed("channel")?,
        platform: reader.parsed("platform")?,
        environment: reader.parsed("environment")?,
        token_hash: reader.text("token_hash")?.to_owned(),
        endpoint: reader.text("endpoint")?.to_owned(),
        subscribed_at_ms: reader.number("subscribed_at_ms")?,
    })
}
