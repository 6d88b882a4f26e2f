//! Subscriptions: a device's token comes, moves, and goes.

use crate::domain::{PublicId, Udid, UserId};
use crate::push::{EndpointError, Endpoints, Token};
use crate::store::{
    Backoff, Channel, Environment, Outcome, Platform, StoreError, Subscription, SubscriptionStore, SubscriptionWrite,
};

/// What a device asks for.
#[derive(Clone, PartialEq, Eq)]
pub struct SubscribeRequest {
    /// The device.
    pub device: Udid,
    /// What it runs.
    pub platform: Platform,
    /// How it is reached.
    pub channel: Channel,
    /// Where its token is valid.
    pub environment: Environment,
    /// Its push token, a secret.
    pub token: String,
}

/// Hidden: it holds a token.
impl std::fmt::Debug for SubscribeRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SubscribeRequest(…)")
    }
}

/// Why a subscription wasn't written.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// The user has no subscription of this id.
    #[error("there is no such subscription")]
    NotFound,
    /// Other writers won every time.
    #[error("the subscription was written by others at every attempt")]
    Contended,
    /// A table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The push service refused or failed.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

/// Subscribes a device. The same device and channel again replaces the token and keeps the id; a token
/// that another user or device had is theirs no longer.
///
/// # Errors
/// [`SubscribeError`]; nothing was written then, though the endpoint may have been made: a repeat
/// finds it.
pub async fn subscribe<S, E>(
    store: &S,
    endpoints: &E,
    user: &UserId,
    request: &SubscribeRequest,
) -> Result<Subscription, SubscribeError>
where
    S: SubscriptionStore + Sync,
    E: Endpoints + Sync,
{
    let SubscribeRequest { device, platform, channel, environment, token } = request;
    let (channel, environment, platform) = (*channel, *environment, *platform);
    let endpoint = endpoints.register(Token { user, device, channel, environment, token }).await?;
    let token_hash = Subscription::hash_token(token);
    for attempt in 0.. {
        let others = store.subscriptions(user).await?;
        let replaced = others.iter().find(|other| other.device == *device && other.channel == channel);
        let token_use = store.token_use(&token_hash).await?;
        let next = Subscription {
            id: replaced.map_or_else(|| free_id(&others), |replaced| replaced.id),
            user: user.clone(),
            device: device.clone(),
            channel,
            platform,
            environment,
            token_hash: token_hash.clone(),
            endpoint: endpoint.clone(),
        };
        let write = SubscriptionWrite { next: &next, replaced, token_use: token_use.as_ref() };
        if store.write_subscription(write).await? == Outcome::Done {
            if let Some(replaced) = replaced.filter(|replaced| replaced.endpoint != endpoint) {
                endpoints.remove(&replaced.endpoint).await?;
            }
            return Ok(next);
        }
        if !Backoff::CONFLICT.wait(attempt).await {
            break;
        }
    }
    Err(SubscribeError::Contended)
}

/// Deletes the user's subscription of this id, and its endpoint.
///
/// # Errors
/// [`SubscribeError::NotFound`] for an id that isn't the user's.
pub async fn unsubscribe<S, E>(store: &S, endpoints: &E, user: &UserId, id: PublicId) -> Result<(), SubscribeError>
where
    S: SubscriptionStore + Sync,
    E: Endpoints + Sync,
{
    for attempt in 0.. {
        let all = store.subscriptions(user).await?;
        let subscription = all.iter().find(|other| other.id == id).ok_or(SubscribeError::NotFound)?;
        if store.delete_subscription(subscription).await? == Outcome::Done {
            endpoints.remove(&subscription.endpoint).await?;
            return Ok(());
        }
        if !Backoff::CONFLICT.wait(attempt).await {
            break;
        }
    }
    Err(SubscribeError::Contended)
}

/// An id that none of the user's `others` has. Ids are only ever looked up among their owner's, so a
/// random one needs no counter.
fn free_id(others: &[Subscription]) -> PublicId {
    loop {
        if let Some(id) = PublicId::new(u64::from(fastrand::u32(1..=i32::MAX as u32)))
            && others.iter().all(|other| other.id != id)
        {
            return id;
        }
    }
}
