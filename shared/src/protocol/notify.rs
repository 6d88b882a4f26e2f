//! The push protocol: claim, send, mark.

use std::time::{SystemTime, UNIX_EPOCH};

use super::join::JoinError;
use super::report::JoinReport;
use super::subscribe::{SubscribeError, remove};
use crate::domain::{Name, Phone, Scope, UserId};
use crate::push::{Delivery, Endpoints, Push, Pusher, Template};
use crate::queue::Joiner;
use crate::store::{Backoff, Channel, ClaimStore, Claimed, PhoneKeys, Subscription, SubscriptionStore, claim_key};

/// How long one invocation may take from its claim to its mark. A push takes a tenth of a second, and
/// some seconds with all its attempts; after a crash nobody waits longer than this.
const LEASE_MS: u64 = 60_000;

/// Tells the time.
pub trait Clock {
    /// Milliseconds since 1970.
    fn now_ms(&self) -> u64;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Tells people who joined.
#[derive(Clone, Debug)]
pub struct Notifier<P, C = SystemClock> {
    /// Where pushes go, and the endpoints of devices that are gone.
    pub pusher: P,
    /// What they say; none where the deployment turned them off.
    pub template: Option<Template>,
    /// How claims name phones.
    pub phone_keys: PhoneKeys,
    /// When leases end.
    pub clock: C,
}

/// A join that one book's owner is to hear of.
pub(super) struct News<'a> {
    pub owner: &'a UserId,
    pub scope: &'a Scope,
    pub name: &'a Name,
    pub phone: Phone,
    pub joiner: &'a Joiner,
    /// When the joiner got the phone, in milliseconds since 1970, as far as that is known.
    pub changed_at_ms: Option<u64>,
}

impl<P: Pusher + Endpoints + Sync, C: Clock + Sync> Notifier<P, C> {
    /// Pushes `news` to the owner's devices: to all of them for the global book, to the device itself
    /// for its own, to none where the owner doesn't want to hear. One device's trouble doesn't hold up
    /// another's push; the first error is returned after all were tried.
    pub(super) async fn tell<S>(&self, store: &S, news: &News<'_>, report: &mut JoinReport) -> Result<(), JoinError>
    where
        S: SubscriptionStore + ClaimStore + Sync,
    {
        let Some(template) = &self.template else { return Ok(()) };
        let push = Push { text: template.render(news.name.as_str()), joiner: news.joiner.id, phone: news.phone };
        let mut result = Ok(());
        for subscription in store.audience(news.owner).await? {
            if !concerns(&subscription, news.scope) {
                continue;
            }
            let sent = self.send_once(store, &subscription, news, &push, report).await;
            result = result.and(sent);
        }
        result
    }

    /// Sends `push` unless that was done before.
    ///
    /// Another invocation's live claim is an error, so that the message comes again: it may have died
    /// before sending.
    async fn send_once<S>(
        &self,
        store: &S,
        subscription: &Subscription,
        news: &News<'_>,
        push: &Push,
        report: &mut JoinReport,
    ) -> Result<(), JoinError>
    where
        S: SubscriptionStore + ClaimStore + Sync,
    {
        let key = claim_key(&news.joiner.user, &self.phone_keys.key(news.phone), &subscription.device);
        let claim = match store.claim(news.owner, &key, self.clock.now_ms(), LEASE_MS).await? {
            Claimed::Won(claim) => claim,
            Claimed::Settled => return Ok(()),
            Claimed::Busy => return Err(JoinError::PushClaimed),
        };
        match self.attempt(subscription, push).await {
            Delivery::Sent => {
                report.sent += 1;
                let delay_ms = news.changed_at_ms.map(|changed| self.clock.now_ms().saturating_sub(changed));
                report.slowest_ms = report.slowest_ms.max(delay_ms);
                store.settle(&claim).await?;
            }
            Delivery::Gone => {
                report.gone += 1;
                store.settle(&claim).await?;
                self.forget(store, subscription).await?;
            }
            Delivery::Refused => {
                report.refused += 1;
                store.settle(&claim).await?;
            }
            Delivery::Throttled => {
                report.throttled += 1;
                store.release(&claim).await?;
                return Err(JoinError::PushThrottled);
            }
            Delivery::Unavailable => {
                report.unavailable += 1;
                store.release(&claim).await?;
                return Err(JoinError::PushUnavailable);
            }
        }
        Ok(())
    }

    /// Sends a push, a few times where the push service has no room or no answer.
    async fn attempt(&self, subscription: &Subscription, push: &Push) -> Delivery {
        let mut attempt = 0;
        loop {
            let delivery = self.pusher.push(subscription, push).await;
            let settled = !matches!(delivery, Delivery::Throttled | Delivery::Unavailable);
            if settled || !Backoff::PUSH.wait(attempt).await {
                return delivery;
            }
            attempt += 1;
        }
    }

    /// Deletes a subscription whose device is gone, and its endpoint.
    async fn forget<S: SubscriptionStore + Sync>(&self, store: &S, gone: &Subscription) -> Result<(), JoinError> {
        // A conflict means that the device subscribed anew meanwhile.
        match remove(store, &self.pusher, &self.clock, gone).await {
            Ok(_) => Ok(()),
            Err(SubscribeError::Store(error)) => Err(error.into()),
            // Its next push finds it gone again.
            Err(error) => {
                tracing::warn!(error = %error, "the endpoint of a device that is gone was left behind");
                Ok(())
            }
        }
    }
}

/// Whether news from a book of `scope` go to this subscription. A VoIP push without a call would make
/// iOS end the app.
fn concerns(subscription: &Subscription, scope: &Scope) -> bool {
    let here = match scope {
        Scope::Global => true,
        Scope::Device(udid) => *udid == subscription.device,
    };
    here && subscription.channel != Channel::ApnsVoip
}
