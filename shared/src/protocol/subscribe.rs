//! Subscriptions: a device's token comes, moves, and goes.

use super::notify::Clock;
use crate::domain::{PublicId, Udid, UserId};
use crate::push::{EndpointError, Endpoints, Token};
use crate::store::{
    Backoff, Channel, Environment, Outcome, Platform, StoreError, Subscription, SubscriptionStore, SubscriptionWrite,
};

/// Most subscriptions of one user. Few people have five devices; each has one subscription per channel,
/// and every join costs a claim and a push for each of them.
pub const MAX_SUBSCRIPTIONS: usize = 20;

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
/// that another user or device had is theirs no longer. Beyond [`MAX_SUBSCRIPTIONS`] the oldest goes.
///
/// # Errors
/// [`SubscribeError`]; a repeat finds what was made so far.
pub async fn subscribe<S, E>(
    store: &S,
    endpoints: &E,
    clock: &impl Clock,
    user: &UserId,
    request: &SubscribeRequest,
) -> Result<Subscription, SubscribeError>
where
    S: SubscriptionStore + Sync,
    E: Endpoints + Sync,
{
    let SubscribeRequest { device, platform, channel, environment, token } = request;
    let (channel, environment, platform) = (*channel, *environment, *platform);
    let token_hash = Subscription::hash_token(token);
    for attempt in 0.. {
        // Anew at each attempt: whoever won the last one may have removed the endpoint.
        let endpoint = endpoints.register(Token { user, device, channel, environment, token }).await?;
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
            subscribed_at_ms: clock.now_ms(),
        };
        let write = SubscriptionWrite { next: &next, replaced, token_use: token_use.as_ref() };
        if store.write_subscription(write).await? == Outcome::Done {
            if let Some(replaced) = replaced.filter(|replaced| replaced.endpoint != endpoint) {
                retire(store, endpoints, replaced).await?;
            }
            if let Some(left) = token_use.and_then(|seen| seen.endpoint).filter(|left| *left != endpoint) {
                endpoints.remove(&left).await?;
            }
            if others.len() >= MAX_SUBSCRIPTIONS {
                remove_oldest(store, endpoints, user).await?;
            }
            return Ok(next);
        }
        if !Backoff::CONFLICT.wait(attempt).await {
            break;
        }
    }
    Err(SubscribeError::Contended)
}

/// Removes the user's oldest subscriptions beyond [`MAX_SUBSCRIPTIONS`].
async fn remove_oldest<S, E>(store: &S, endpoints: &E, user: &UserId) -> Result<(), SubscribeError>
where
    S: SubscriptionStore + Sync,
    E: Endpoints + Sync,
{
    let mut all = store.subscriptions(user).await?;
    all.sort_by_key(|subscription| (subscription.subscribed_at_ms, subscription.id));
    let beyond = all.len().saturating_sub(MAX_SUBSCRIPTIONS);
    for oldest in &all[..beyond] {
        // A conflict means that the device subscribed anew meanwhile, and is the oldest no longer.
        if store.delete_subscription(oldest).await? == Outcome::Done {
            retire(store, endpoints, oldest).await?;
        }
    }
    Ok(())
}

/// Removes the endpoint of a subscription that is gone, unless its token is in use again.
///
/// SNS can't be told to delete an endpoint only if nobody has registered it again, so that a removal may
/// still hit a device that subscribes in the very moment. Its next push would find no endpoint then, and
/// the subscription goes; apps subscribe at every start.
pub(super) async fn retire<S, E>(store: &S, endpoints: &E, gone: &Subscription) -> Result<(), SubscribeError>
where
    S: SubscriptionStore + Sync,
    E: Endpoints + Sync,
{
    if store.token_use(&gone.token_hash).await?.is_none() {
        endpoints.remove(&gone.endpoint).await?;
    }
    Ok(())
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
            return retire(store, endpoints, subscription).await;
        }
        if !Backoff::CONFLICT.wait(attempt).await {
            break;
        }
    }
    Err(SubscribeError::Contended)
}

/// Deletes all of the user's subscriptions and their endpoints; may be repeated.
pub(super) async fn unsubscribe_all<S, E>(store: &S, endpoints: &E, user: &UserId) -> Result<(), SubscribeError>
where
    S: SubscriptionStore + Sync,
    E: Endpoints + Sync,
{
    for subscription in store.subscriptions(user).await? {
        // The endpoint first: once the subscription is gone, nobody would know of it at a repeat.
        endpoints.remove(&subscription.endpoint).await?;
        // A conflict means that the device subscribed anew meanwhile.
        let _outcome = store.delete_subscription(&subscription).await?;
    }
    Ok(())
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
