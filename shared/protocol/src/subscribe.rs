//! Subscriptions: a device's token comes, moves, and goes.

use model::{
    Channel, Clock, Platform, PublicId, PushEnvironment, Subscription, Udid, UserId, hide_debug,
};
use store::{Outcome, StoreError, SubscriptionStore, SubscriptionWrite, token_hash};

use crate::attempts::{Attempts, Contended};
use crate::push::{EndpointError, Endpoints, Token};

/// Most subscriptions of one user. Few people have five devices; each has one subscription per channel,
/// and every join costs a claim and a push for each of them.
pub const MAX_SUBSCRIPTIONS: usize = 20;

/// How long whoever removes an endpoint may take: longer than any invocation of the functions that do.
const LEAVING_MS: u64 = 60_000;

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
    pub environment: PushEnvironment,
    /// Its push token, a secret.
    pub token: String,
}

hide_debug!(SubscribeRequest);

/// Why a subscription wasn't written.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// The user has no subscription of this id.
    #[error("there is no such subscription")]
    NotFound,
    #[error(transparent)]
    Contended(#[from] Contended),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The push service refused or failed.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

/// Subscribes a device. The same device and channel again replaces the token and keeps the id; a token
/// that another user or device had is theirs no longer. Beyond [`MAX_SUBSCRIPTIONS`] the oldest goes.
///
/// SNS can't be told to delete an endpoint only if nobody has registered it again. So whoever removes one
/// notes that first, with the token, and nobody registers a token of which that is noted: the endpoint of a
/// subscription that was written is there, however many calls run at once.
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
    S: SubscriptionStore,
    E: Endpoints,
{
    let mut attempts = Attempts::new();
    loop {
        if let Some(subscribed) = try_subscribe(store, endpoints, clock, user, request).await? {
            remove_oldest(store, endpoints, clock, user).await?;
            return Ok(subscribed);
        }
        attempts.again().await?;
    }
}

/// The subscription; none where others are at the same token or device.
async fn try_subscribe<S, E>(
    store: &S,
    endpoints: &E,
    clock: &impl Clock,
    user: &UserId,
    request: &SubscribeRequest,
) -> Result<Option<Subscription>, SubscribeError>
where
    S: SubscriptionStore,
    E: Endpoints,
{
    let SubscribeRequest { device, platform, channel, environment, token } = request;
    let (channel, environment, platform) = (*channel, *environment, *platform);
    let token_hash = token_hash(token);
    let token_use = store.token_use(&token_hash).await?;
    let leaving_until_ms = token_use.as_ref().and_then(|seen| seen.leaving_until_ms);
    if leaving_until_ms.is_some_and(|until| clock.now_ms() < until) {
        return Ok(None);
    }
    let others = store.subscriptions(user).await?;
    let replaced = others.iter().find(|other| other.device == *device && other.channel == channel);
    if let Some(rotated) = replaced.filter(|replaced| replaced.token_hash != token_hash)
        && retire(store, endpoints, clock, rotated).await? == Outcome::Conflict
    {
        return Ok(None);
    }
    let endpoint = endpoints.register(Token { user, device, channel, environment, token }).await?;
    let next = Subscription {
        id: replaced.map_or_else(|| free_id(&others), |replaced| replaced.id),
        user: user.clone(),
        device: device.clone(),
        channel,
        platform,
        environment,
        token_hash,
        endpoint,
        subscribed_at_ms: clock.now_ms(),
    };
    let write = SubscriptionWrite { next: &next, replaced, token_use: token_use.as_ref() };
    if store.write_subscription(write).await? == Outcome::Conflict {
        return Ok(None);
    }
    // The same token in another application: its endpoint there is nobody's now.
    if let Some(left) =
        token_use.filter(|seen| seen.endpoint != next.endpoint && seen.leaving_until_ms.is_none())
    {
        endpoints.remove(&left.endpoint).await?;
    }
    Ok(Some(next))
}

/// Removes the user's oldest subscriptions beyond [`MAX_SUBSCRIPTIONS`].
async fn remove_oldest<S, E>(
    store: &S,
    endpoints: &E,
    clock: &impl Clock,
    user: &UserId,
) -> Result<(), SubscribeError>
where
    S: SubscriptionStore,
    E: Endpoints,
{
    let mut all = store.subscriptions(user).await?;
    all.sort_by_key(|subscription| (subscription.subscribed_at_ms, subscription.id));
    let beyond = all.len().saturating_sub(MAX_SUBSCRIPTIONS);
    for oldest in &all[..beyond] {
        // A conflict means that the device subscribed anew meanwhile, and is the oldest no longer.
        let _outcome = remove(store, endpoints, clock, oldest).await?;
    }
    Ok(())
}

/// Notes that the subscription's endpoint is being removed, and removes it. The subscription stays, so
/// that a repeat finds what a crash left.
async fn retire<S, E>(
    store: &S,
    endpoints: &E,
    clock: &impl Clock,
    seen: &Subscription,
) -> Result<Outcome, SubscribeError>
where
    S: SubscriptionStore,
    E: Endpoints,
{
    let begun = store.begin_leaving(seen, clock.now_ms() + LEAVING_MS).await?;
    if begun == Outcome::Done {
        endpoints.remove(&seen.endpoint).await?;
    }
    Ok(begun)
}

/// Removes the endpoint and then the subscription, unless the device has subscribed anew.
pub(crate) async fn remove<S, E>(
    store: &S,
    endpoints: &E,
    clock: &impl Clock,
    seen: &Subscription,
) -> Result<Outcome, SubscribeError>
where
    S: SubscriptionStore,
    E: Endpoints,
{
    if retire(store, endpoints, clock, seen).await? == Outcome::Conflict {
        return Ok(Outcome::Conflict);
    }
    Ok(store.delete_subscription(seen).await?)
}

/// Deletes the user's subscription of this id, and its endpoint.
///
/// # Errors
/// [`SubscribeError::NotFound`] for an id that isn't the user's.
pub async fn unsubscribe<S, E>(
    store: &S,
    endpoints: &E,
    clock: &impl Clock,
    user: &UserId,
    id: PublicId,
) -> Result<(), SubscribeError>
where
    S: SubscriptionStore,
    E: Endpoints,
{
    let mut attempts = Attempts::new();
    loop {
        let all = store.subscriptions(user).await?;
        let subscription =
            all.iter().find(|other| other.id == id).ok_or(SubscribeError::NotFound)?;
        if remove(store, endpoints, clock, subscription).await? == Outcome::Done {
            return Ok(());
        }
        attempts.again().await?;
    }
}

/// Deletes all of the user's subscriptions and their endpoints; may be repeated.
pub(crate) async fn unsubscribe_all<S, E>(
    store: &S,
    endpoints: &E,
    clock: &impl Clock,
    user: &UserId,
) -> Result<(), SubscribeError>
where
    S: SubscriptionStore,
    E: Endpoints,
{
    for subscription in store.subscriptions(user).await? {
        // A conflict means that the device subscribed anew meanwhile.
        let _outcome = remove(store, endpoints, clock, &subscription).await?;
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
