//! The push protocol: claim, publish, mark.

use model::{Channel, Clock, Name, Scope, Subscription, SystemClock, UserId};
use numbering::Phone;
use store::{Backoff, Claimed, PushId, Retry, StoreError, SubscriptionStore};

use crate::capabilities::NotifyStore;
use crate::join::{JoinError, JoinReport, Worked};
use crate::push::{Delivery, Endpoints, Push, Pusher, Template};
use crate::queue::Joiner;
use crate::subscribe::{SubscribeError, remove};

/// How long one invocation may take from its claim to its mark. A push takes a tenth of a second, and
/// some seconds with all its attempts. After a crash nobody waits longer than this.
const LEASE_MS: u64 = 60_000;

/// Tells people who joined.
#[derive(Clone, Debug)]
pub struct Notifier<P, C = SystemClock> {
    /// Sends pushes, and removes the endpoints of devices that are gone.
    pub pusher: P,
    /// What pushes say; none if the deployment turned them off.
    pub template: Option<Template>,
    /// Says when leases end.
    pub clock: C,
}

/// A join that the owner of one book is to hear of.
pub(crate) struct News<'a> {
    pub owner: &'a UserId,
    pub scope: &'a Scope,
    pub name: &'a Name,
    pub phone: Phone,
    pub joiner: &'a Joiner,
    /// When the joiner got the phone, in milliseconds since 1970, as far as that is known.
    pub changed_at_ms: Option<u64>,
}

impl<P: Pusher + Endpoints, C: Clock> Notifier<P, C> {
    /// Pushes `news` to the owner's devices: to all of them for the global book, to the device itself
    /// for its own book, to none if the owner doesn't want to hear. One device's trouble doesn't hold
    /// up another's push.
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

    /// Sends `push` unless that was done before.
    ///
    /// Another invocation's live claim is an error, so that the message comes again: that invocation
    /// may have died before sending.
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

    /// Sends a push, a few times if the push service has no room or no answer.
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

    /// Deletes the subscription of a device that is gone, and its endpoint.
    async fn forget<S: SubscriptionStore>(
        &self,
        store: &S,
        gone: &Subscription,
    ) -> Result<(), StoreError> {
        match remove(store, &self.pusher, &self.clock, gone).await {
            // A conflict means that the device subscribed again meanwhile.
            Ok(_) => Ok(()),
            Err(SubscribeError::Store(error)) => Err(error),
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
