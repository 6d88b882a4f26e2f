//! Subscriptions: the devices to which a user's pushes go.

use std::fmt;
use std::str::FromStr;

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};

use super::error::StoreError;
use super::item::{Attributes, Reader, item, number, text};
use super::keys::{MUTED_SORT_KEY, token_hash};
use super::tokens::TokenUse;
use super::{Keys, Outcome, Store};
use crate::domain::{PublicId, Udid, UserId};

/// A text is none of the names that a type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such name")]
pub struct UnknownName;

/// Declares an enum whose variants have names on the wire and in the store.
macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type { $($(#[$variant_doc])* $variant,)+ }

        impl $type {
            /// The name on the wire.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        impl FromStr for $type {
            type Err = UnknownName;

            fn from_str(name: &str) -> Result<Self, UnknownName> {
                match name { $($name => Ok(Self::$variant),)+ _ => Err(UnknownName) }
            }
        }
    };
}

named! {
    /// Through which service a device is reached.
    Channel {
        /// Apple's push notifications.
        Apns = "apns",
        /// Apple's pushes for calls; never used for joins.
        ApnsVoip = "apns_voip",
        /// Firebase Cloud Messaging, by the name of its forerunner.
        Gcm = "gcm",
    }
}

named! {
    /// Which of a channel's two worlds a token belongs to.
    Environment {
        /// Apps from a developer's machine; Apple's sandbox.
        Development = "development",
        /// Apps from a store.
        Production = "production",
    }
}

named! {
    /// What a device runs.
    Platform {
        /// iOS and iPadOS.
        Ios = "ios",
        /// Android.
        Android = "android",
    }
}

/// A device that gets a user's pushes. A user has one per device and channel.
#[derive(Clone, PartialEq, Eq)]
pub struct Subscription {
    /// By which the app knows it; unique among the user's.
    pub id: PublicId,
    /// Whose device.
    pub user: UserId,
    /// The device.
    pub device: Udid,
    /// How it is reached.
    pub channel: Channel,
    /// What it runs.
    pub platform: Platform,
    /// Where its token is valid.
    pub environment: Environment,
    /// The hash of its token, see [`Subscription::hash_token`].
    pub token_hash: String,
    /// The push service's name for it: an SNS endpoint.
    pub endpoint: String,
    /// When it was last subscribed, in milliseconds since 1970.
    pub subscribed_at_ms: u64,
}

/// Hidden but for what it is of: whoever has the endpoint can push to it.
impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("id", &self.id).field("channel", &self.channel).finish_non_exhaustive()
    }
}

impl Subscription {
    /// The hash by which a push token is known here.
    #[must_use]
    pub fn hash_token(token: &str) -> String {
        token_hash(token)
    }

    fn key(&self, keys: &Keys) -> Attributes {
        key(&keys.subscriber_key(&self.user), &keys.device_key(self.channel.name(), &self.device))
    }
}

/// A subscription to write, conditional on what was seen before.
#[derive(Clone, Copy, Debug)]
pub struct SubscriptionWrite<'a> {
    /// The subscription as it is to be.
    pub next: &'a Subscription,
    /// The one of the same device and channel, whose id `next` keeps.
    pub replaced: Option<&'a Subscription>,
    /// Where the token of `next` was in use; that subscription goes: the phone changed hands.
    pub token_use: Option<&'a TokenUse>,
}

/// Reading and writing subscriptions.
pub trait SubscriptionStore {
    /// All subscriptions of a user, strongly consistent.
    fn subscriptions(&self, user: &UserId) -> impl Future<Output = Result<Vec<Subscription>, StoreError>> + Send;

    /// The subscriptions that hear of joins: all of them, or none where the user turned that off. One
    /// strongly consistent Query.
    fn audience(&self, user: &UserId) -> impl Future<Output = Result<Vec<Subscription>, StoreError>> + Send;

    /// Where the token of this hash is in use, strongly consistent.
    fn token_use(&self, token_hash: &str) -> impl Future<Output = Result<Option<TokenUse>, StoreError>> + Send;

    /// Notes that the subscription's endpoint is being removed until `until_ms`, in milliseconds since 1970,
    /// if the subscription is still the one that was seen.
    fn begin_leaving(
        &self,
        seen: &Subscription,
        until_ms: u64,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Writes a subscription and all that follows from it, or nothing.
    fn write_subscription(
        &self,
        write: SubscriptionWrite<'_>,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Deletes a subscription and its token, if it hasn't been subscribed anew since it was seen.
    fn delete_subscription(&self, seen: &Subscription) -> impl Future<Output = Result<Outcome, StoreError>> + Send;
}

impl SubscriptionStore for Store {
    async fn subscriptions(&self, user: &UserId) -> Result<Vec<Subscription>, StoreError> {
        Ok(self.subscriber(user).await?.subscriptions)
    }

    async fn audience(&self, user: &UserId) -> Result<Vec<Subscription>, StoreError> {
        let Subscriber { subscriptions, muted } = self.subscriber(user).await?;
        Ok(if muted { vec![] } else { subscriptions })
    }

    async fn token_use(&self, token_hash: &str) -> Result<Option<TokenUse>, StoreError> {
        self.read_token_use(token_hash).await
    }

    async fn begin_leaving(&self, seen: &Subscription, until_ms: u64) -> Result<Outcome, StoreError> {
        self.mark_leaving(seen, until_ms).await
    }

    async fn write_subscription(&self, write: SubscriptionWrite<'_>) -> Result<Outcome, StoreError> {
        let SubscriptionWrite { next, replaced, token_use } = write;
        let (condition, values) = match replaced {
            None => ("attribute_not_exists(pk)", None),
            Some(seen) => ("subscribed_at_ms = :since", Some(item([(":since", number(seen.subscribed_at_ms))]))),
        };
        let mut items = vec![
            self.subscriptions_put(attributes(&self.keys, next), condition, values),
            self.token_put(next, token_use),
        ];
        if let Some(seen) = replaced.filter(|seen| seen.token_hash != next.token_hash) {
            items.push(self.token_delete(seen));
        }
        if let Some(moved) = token_use.filter(|seen| seen.subscription_key() != next.key(&self.keys)) {
            let (condition, values) = moved.subscription_condition();
            items.push(self.subscriptions_delete(moved.subscription_key(), condition, values));
        }
        self.transact(items).await
    }

    async fn delete_subscription(&self, seen: &Subscription) -> Result<Outcome, StoreError> {
        let (condition, values) = TokenUse::by(&self.keys, seen).subscription_condition();
        let delete = self.subscriptions_delete(seen.key(&self.keys), condition, values);
        self.transact(vec![delete, self.token_delete(seen)]).await
    }
}

pub(super) fn key(pk: &str, sk: &str) -> Attributes {
    item([("pk", text(pk)), ("sk", text(sk))])
}

/// All that stands under one user.
struct Subscriber {
    subscriptions: Vec<Subscription>,
    /// Whether the user turned join notices off.
    muted: bool,
}

impl Store {
    async fn subscriber(&self, user: &UserId) -> Result<Subscriber, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.tables.subscriptions)
            .key_condition_expression("pk = :subscriber")
            .expression_attribute_values(":subscriber", text(self.keys.subscriber_key(user)))
            .consistent_read(true)
            .into_paginator()
            .send();
        let mut subscriber = Subscriber { subscriptions: vec![], muted: false };
        while let Some(page) = pages.next().await {
            let items = page.map_err(|error| StoreError::call("Query", &error))?.items.unwrap_or_default();
            for item in &items {
                if item.get("sk").is_some_and(|sk| *sk == text(MUTED_SORT_KEY)) {
                    subscriber.muted = true;
                } else {
                    subscriber.subscriptions.push(read(&self.keys, user, item)?);
                }
            }
        }
        Ok(subscriber)
    }

    /// Marks a user as one who doesn't want to hear of joins, or takes the mark away. It stands among the
    /// subscriptions, so that telling people of a join costs no other read.
    pub(super) fn mute(&self, user: &UserId, muted: bool) -> TransactWriteItem {
        let key = key(&self.keys.subscriber_key(user), MUTED_SORT_KEY);
        if muted {
            let put = Put::builder().table_name(&self.tables.subscriptions).set_item(Some(key));
            return TransactWriteItem::builder().put(put.build().expect("table and item are set")).build();
        }
        let delete = Delete::builder().table_name(&self.tables.subscriptions).set_key(Some(key));
        TransactWriteItem::builder().delete(delete.build().expect("table and key are set")).build()
    }

    pub(super) fn subscriptions_put(
        &self,
        attributes: Attributes,
        condition: &str,
        values: Option<Attributes>,
    ) -> TransactWriteItem {
        let put = Put::builder()
            .table_name(&self.tables.subscriptions)
            .set_item(Some(attributes))
            .condition_expression(condition)
            .set_expression_attribute_values(values);
        TransactWriteItem::builder().put(put.build().expect("table and item are set")).build()
    }

    pub(super) fn subscriptions_delete(
        &self,
        key: Attributes,
        condition: &str,
        values: Attributes,
    ) -> TransactWriteItem {
        let delete = Delete::builder()
            .table_name(&self.tables.subscriptions)
            .set_key(Some(key))
            .condition_expression(condition)
            .set_expression_attribute_values(Some(values));
        TransactWriteItem::builder().delete(delete.build().expect("table and key are set")).build()
    }
}

fn attributes(keys: &Keys, subscription: &Subscription) -> Attributes {
    let Subscription { id, user: _, device, channel, platform, environment, token_hash, endpoint, subscribed_at_ms } =
        subscription;
    let mut attributes = subscription.key(keys);
    attributes.extend(item([
        ("id", number(u64::from(id.get()))),
        ("device", text(keys.device(device))),
        ("channel", text(channel.name())),
        ("platform", text(platform.name())),
        ("environment", text(environment.name())),
        ("token_hash", text(token_hash)),
        ("endpoint", text(endpoint)),
        ("subscribed_at_ms", number(*subscribed_at_ms)),
    ]));
    attributes
}

fn read(keys: &Keys, user: &UserId, item: &Attributes) -> Result<Subscription, StoreError> {
    let reader = Reader { table: "Subscriptions", item };
    Ok(Subscription {
        id: PublicId::new(reader.number("id")?).ok_or_else(|| reader.corrupt("id"))?,
        user: user.clone(),
        device: keys.read_device(reader.text("device")?).ok_or_else(|| reader.corrupt("device"))?,
        channel: reader.parsed("channel")?,
        platform: reader.parsed("platform")?,
        environment: reader.parsed("environment")?,
        token_hash: reader.text("token_hash")?.to_owned(),
        endpoint: reader.text("endpoint")?.to_owned(),
        subscribed_at_ms: reader.number("subscribed_at_ms")?,
    })
}
