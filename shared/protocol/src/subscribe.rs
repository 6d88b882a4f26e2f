//! Subscriptions: subscribing a device, and removing its subscription.

use model::{
    Channel, Clock, Platform, PublicId, PushEnvironment, Subscription, Udid, UserId, hide_debug,
};
use store::{Outcome, StoreError, SubscriptionStore, SubscriptionWrite, token_hash};

use crate::attempts::{Attempts, Contended};
use crate::push::{EndpointError, Endpoints, Token};

/// Most subscriptions of one user. Few people have five devices. Each device has one subscription
/// per channel, and every join costs a claim and a push for each subscription.
pub const MAX_SUBSCRIPTIONS: usize = 20;

/// How long the removal of an endpoint may take. It is longer than any invocation of the functions
/// that remove endpoints.
const LEAVING_MS: u64 = 60_000;

/// A device's request to get pushes.
#[derive(Clone, PartialEq, Eq)]
pub struct SubscribeRequest {
    pub device: Udid,
    pub platform: Platform,
    pub channel: Channel,
    /// Where the token is valid.
    pub environment: PushEnvironment,
    /// The push token. It is a secret.
    pub token: String,
}

hide_debug!(SubscribeRequest);

impl SubscribeRequest {
    /// Returns whether `kept`, which the same device has for the same channel, already is what this
    /// asks for.
    pub(crate) fn is_repeat_of(&self, kept: &Subscription) -> bool {
        let Self { device, platform, channel, environment, token } = self;
        kept.device == *device
            && kept.channel == *channel
            && kept.platform == *platform
            && kept.environment == *environment
            && kept.token_hash == token_hash(token)
    }
}

/// Why a subscription wasn't written.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// The user has no subscription with this id.
    #[error("there is no such subscription")]
    NotFound,
    /// The account was deleted while the device was being subscribed.
    #[error("the account was deleted meanwhile")]
    AccountDeleted,
    #[error(transparent)]
    Contended(#[from] Contended),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The push service refused the token, or failed.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

/// Subscribes a device. If the device and channel have a subscription, its token is replaced and
/// its id is kept. A token that belonged to another user or device is taken away from there. If the
/// user has more than [`MAX_SUBSCRIPTIONS`] then, the oldest are removed.
///
/// SNS can't delete an endpoint on the condition that nobody has registered it again. So each
/// removal is noted first, with the token, and no token with a noted removal is registered. This
/// guarantees that a subscription that was written has its endpoint, however many calls run at
/// once.
///
/// 1. Reads the account's generation, which has to stay the same until step 4, and who the token
///    belongs to. Starts over while a removal is noted.
/// 2. Notes the removal of the device's former token and deletes its endpoint, if it had another
///    token.
/// 3. Registers the token.
/// 4. Writes the subscription and the token's owner, if the account is still in its generation.
/// 5. Deletes the token's former endpoint, if that was in another application.
/// 6. Removes the user's oldest subscriptions beyond the limit.
///
/// # Errors
/// [`SubscribeError`]. A repeat continues with what was made so far.
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
    let mut started = None;
    loop {
        // 1.
        let generation = store.generation(user).await?;
        if *started.get_or_insert(generation) != generation {
            return Err(SubscribeError::AccountDeleted);
        }
        let subscribed = try_subscribe(store, endpoints, clock, user, generation, request).await?;
        if let Some(subscribed) = subscribed {
            // 6.
            remove_oldest(store, endpoints, clock, user).await?;
            return Ok(subscribed);
        }
        attempts.again().await?;
    }
}

/// Steps 1 to 5 of [`subscribe`]. Returns the subscription, or nothing if another call is working
/// on the same token or device.
async fn try_subscribe<S, E>(
    store: &S,
    endpoints: &E,
    clock: &impl Clock,
    user: &UserId,
    generation: u64,
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
    // 2.
    if let Some(rotated) = replaced.filter(|replaced| replaced.token_hash != token_hash)
        && retire(store, endpoints, clock, rotated).await? == Outcome::Conflict
    {
        return Ok(None);
    }
    // 3.
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
    let write =
        SubscriptionWrite { next: &next, generation, replaced, token_use: token_use.as_ref() };
    // 4.
    if store.write_subscription(write).await? == Outcome::Conflict {
        return Ok(None);
    }
    // 5. The token was in another application, and its endpoint there belongs to nobody now.
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
        // A conflict means that the device has subscribed again in the meantime, so it isn't among
        // the oldest any more.
        let _outcome = remove(store, endpoints, clock, oldest).await?;
    }
    Ok(())
}

/// Notes that the subscription's endpoint is being removed, and removes it: steps 1 and 2 of
/// [`remove`]. The subscription stays, so that a repeat finds what a crash left.
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
    // 1.
    let begun = store.begin_leaving(seen, clock.now_ms() + LEAVING_MS).await?;
    if begun == Outcome::Done {
        // 2.
        endpoints.remove(&seen.endpoint).await?;
    }
    Ok(begun)
}

/// Removes a subscription:
///
/// 1. Notes the removal of its endpoint.
/// 2. Deletes the endpoint.
/// 3. Deletes the subscription, unless the device has subscribed again. This comes last, so that a
///    repeat finds what a crash left.
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
    // 1 and 2.
    if retire(store, endpoints, clock, seen).await? == Outcome::Conflict {
        return Ok(Outcome::Conflict);
    }
    // 3.
    Ok(store.delete_subscription(seen).await?)
}

/// Deletes the user's subscription with this id, and its endpoint.
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

/// Deletes all of the user's subscriptions and their endpoints. May be repeated.
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
    let mut attempts = Attempts::new();
    let mut left = store.subscriptions(user).await?;
    loop {
        let mut lost = false;
        for subscription in &left {
            lost |= remove(store, endpoints, clock, subscription).await? == Outcome::Conflict;
        }
        if !lost {
            return Ok(());
        }
        // A conflict means that the device has subscribed again in the meantime, or that another
        // call is removing the same subscription. That call may crash before it is done.
        let now = store.subscriptions(user).await?;
        left.retain(|seen| now.contains(seen));
        if left.is_empty() {
            return Ok(());
        }
        attempts.again().await?;
    }
}

/// Returns an id that none of the user's `others` has. An id is only ever looked up among its
/// owner's, so a random one is enough, without a counter.
fn free_id(others: &[Subscription]) -> PublicId {
    loop {
        if let Some(id) = PublicId::new(u64::from(fastrand::u32(1..=i32::MAX as u32)))
            && others.iter().all(|other| other.id != id)
        {
            return id;
        }
    }
}
