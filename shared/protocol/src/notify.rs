//! The push protocol: claim a push, send it, settle the claim.

use model::{Channel, Clock, Name, Scope, Subscription, SystemClock, UserId};
use numbering::Phone;
use store::{Backoff, Claimed, PushId, Retry, StoreError, SubscriptionStore};

use crate::capabilities::NotifyStore;
use crate::join::{JoinError, JoinReport, Worked};
use crate::push::{Delivery, Endpoints, Push, Pusher, Template};
use crate::queue::Joiner;
use crate::subscribe::{SubscribeError, remove};

/// How long a claim's lease is: the most that one invocation may take from claiming a push to
/// settling it. A push takes a tenth of a second, and some seconds with all its attempts. After a
/// crash nobody waits longer than this.
const LEASE_MS: u64 = 60_000;

/// Tells the owners of books that somebody joined.
#[derive(Clone, Debug)]
pub struct Notifier<P, C = SystemClock> {
    /// Sends pushes, and removes endpoints that are disabled or deleted.
    pub pusher: P,
    /// The text of pushes, or nothing if the deployment turned pushes off.
    pub template: Option<Template>,
    pub clock: C,
}

/// A join that the owner of one book is to be told of.
pub(crate) struct News<'a> {
    pub owner: &'a UserId,
    pub scope: &'a Scope,
    pub name: &'a Name,
    pub phone: Phone,
    pub joiner: &'a Joiner,
    /// When the joiner got the phone, in milliseconds since 1970, if that is known.
    pub changed_at_ms: Option<u64>,
}

impl<P: Pusher + Endpoints, C: Clock> Notifier<P, C> {
    /// Pushes `news` to the owner's devices: to all of them for the global book, only to the device
    /// itself for a device's book, and to none if the owner turned that off. Trouble with one
    /// device doesn't delay another's push.
    pub(crate) async fn tell<S: NotifyStore>(&self, store: &S, news: &News<'_>) -> Worked {
        let mut worked = Worked::done(JoinReport::default());
        let Some(template) = &self.template else { return worked };
        let text = template.render(news.name.as_str());
        let push = Push { text, joiner: news.joiner.id, phone: news.phone };
        let audience = match store.audience(news.owner).await {
            Ok(audience) => audience,
            Err(error) => return Err(error).into(),
        };
        for subscription in audience.iter().filter(|device| concerns(device, news.scope)) {
            worked = worked.and(self.send_once(store, subscription, news, &push).await);
        }
        worked
    }

    /// Sends `push` unless it was sent before.
    ///
    /// A live claim of another invocation is an error, so that the message comes again, because
    /// that invocation may have died before sending.
    async fn send_once<S: NotifyStore>(
        &self,
        store: &S,
        subscription: &Subscription,
        news: &News<'_>,
        push: &Push,
    ) -> Worked {
        let id =
            PushId { joiner: &news.joiner.user, phone: news.phone, device: &subscription.device };
        // 1.
        let claim = match store.claim(news.owner, id, self.clock.now_ms(), LEASE_MS).await {
            Ok(Claimed::Won(claim)) => claim,
            Ok(Claimed::Settled) => return Ok::<_, JoinError>(()).into(),
            Ok(Claimed::Busy) => return Err(JoinError::PushClaimed).into(),
            Err(error) => return Err(error).into(),
        };
        // The recipient's account may have been deleted since the audience was read, and its claims
        // too. It loses its subscriptions before its claims. So if the subscription is still there,
        // the claim is deleted with the account, or has no need to be.
        match store.is_subscribed(subscription).await {
            Ok(true) => {}
            Ok(false) => return store.release(&claim).await.into(),
            Err(error) => {
                let released = store.release(&claim).await;
                return Worked::from(Err(error)).and(released.into());
            }
        }
        // 2.
        let delivery = self.attempt(subscription, push).await;
        let report = self.count(delivery, news);
        // 3.
        let marked = match delivery {
            Delivery::Sent | Delivery::Refused => store.settle(&claim).await,
            Delivery::Gone => match store.settle(&claim).await {
                Ok(()) => self.forget(store, subscription).await,
                error => error,
            },
            Delivery::Throttled | Delivery::Unavailable => store.release(&claim).await,
        };
        let failed = match delivery {
            Delivery::Sent | Delivery::Gone | Delivery::Refused => Ok(()),
            Delivery::Throttled => Err(JoinError::PushThrottled),
            Delivery::Unavailable => Err(JoinError::PushUnavailable),
        };
        Worked::done(report).and(marked.into()).and(failed.into())
    }

    /// Sends a push, and tries a few times more if the push service throttles or doesn't answer.
    async fn attempt(&self, subscription: &Subscription, push: &Push) -> Delivery {
        let mut retry = Retry::new(Backoff::PUSH);
        loop {
            let delivery = self.pusher.push(subscription, push).await;
            let final_answer = !matches!(delivery, Delivery::Throttled | Delivery::Unavailable);
            if final_answer || !retry.wait().await {
                return delivery;
            }
        }
    }

    fn count(&self, delivery: Delivery, news: &News<'_>) -> JoinReport {
        let none = JoinReport::default();
        match delivery {
            Delivery::Sent => {
                let delay = |changed| self.clock.now_ms().saturating_sub(changed);
                JoinReport { sent: 1, slowest_ms: news.changed_at_ms.map(delay), ..none }
            }
            Delivery::Gone => JoinReport { gone: 1, ..none },
            Delivery::Refused => JoinReport { refused: 1, ..none },
            Delivery::Throttled => JoinReport { throttled: 1, ..none },
            Delivery::Unavailable => JoinReport { unavailable: 1, ..none },
        }
    }

    /// Deletes a subscription whose endpoint is disabled or deleted, and that endpoint.
    async fn forget<S: SubscriptionStore>(
        &self,
        store: &S,
        gone: &Subscription,
    ) -> Result<(), StoreError> {
        match remove(store, &self.pusher, &self.clock, gone).await {
            // A conflict means that the device has subscribed again in the meantime.
            Ok(_) => Ok(()),
            Err(SubscribeError::Store(error)) => Err(error),
            // The next push to this device leads here again.
            Err(error) => {
                tracing::warn!(error = %error, "the endpoint of a device that is gone wasn't deleted");
                Ok(())
            }
        }
    }
}

/// Returns whether news about a book of `scope` is pushed to this subscription. VoIP subscriptions
/// get none: iOS ends an app that gets a VoIP push without a call.
fn concerns(subscription: &Subscription, scope: &Scope) -> bool {
    let here = match scope {
        Scope::Global => true,
        Scope::Device(udid) => *udid == subscription.device,
    };
    here && subscription.channel != Channel::ApnsVoip
}
