//! Sending one push to one device: claim it, send it, settle the claim.

use model::{Clock, Subscription};
use store::{Backoff, Claim, Claimed, PushId, Retry, StoreError, SubscriptionStore};

use super::applications::DisabledApplications;
use super::error::PushError;
use super::report::PushReport;
use super::{Notifier, PushWorked};
use crate::capabilities::NotifyStore;
use crate::push::{Delivery, Endpoints, Push, Pusher};
use crate::queue::PushMessage;
use crate::subscribe::{SubscribeError, remove};
use crate::worked::Worked;

/// How long a claim's lease is, in seconds. It has to be longer than the function may run, so that
/// no claim of a living invocation is over, and no longer than a failed message waits in its queue.
pub const LEASE_SECONDS: u64 = 60;

/// What it takes to send one push to several devices.
pub(super) struct Sender<'a, S, P, C> {
    pub store: &'a S,
    pub notifier: &'a Notifier<P, C>,
    pub disabled: &'a DisabledApplications,
    pub message: &'a PushMessage,
    pub push: &'a Push,
    pub deadline_ms: u64,
}

/// What became of one device.
pub(super) enum Told {
    Worked(PushWorked),
    /// Another invocation is sending the same push, or died while it was.
    Claimed,
}

impl<S, P, C> Sender<'_, S, P, C>
where
    S: NotifyStore,
    P: Pusher + Endpoints,
    C: Clock,
{
    /// Sends the push to one device, unless it was sent before.
    pub(super) async fn tell(&self, device: &Subscription) -> Told {
        let now_ms = self.notifier.clock.now_ms();
        if now_ms >= self.deadline_ms {
            return Told::Worked(Worked::failed(PushError::OutOfTime));
        }
        if self.disabled.have(device) {
            return Told::Worked(Worked::failed(PushError::ApplicationDisabled));
        }
        // 3.
        let id = PushId { phone: self.message.phone, device: &device.device };
        let claimed = self.store.claim(&self.message.recipient, id, now_ms, LEASE_SECONDS * 1000);
        Told::Worked(match claimed.await {
            Ok(Claimed::Won(claim)) => self.send_if_subscribed(device, &claim).await,
            Ok(Claimed::Settled) => Worked::done(PushReport::default()),
            Ok(Claimed::Busy) => return Told::Claimed,
            Err(error) => Worked::failed(error),
        })
    }

    /// Sends the push, unless the device has unsubscribed since the audience was read.
    ///
    /// The recipient's account may have been deleted in the meantime, and its claims too. It loses
    /// its subscriptions before its claims. So if the subscription is still there, the claim is
    /// deleted with the account, or has no need to be.
    async fn send_if_subscribed(&self, device: &Subscription, claim: &Claim) -> PushWorked {
        let failed = match self.store.is_subscribed(device).await {
            Ok(true) => return self.send(device, claim).await,
            Ok(false) => Worked::done(PushReport::default()),
            Err(error) => Worked::failed(error),
        };
        failed.and(self.store.release(claim).await.into())
    }

    async fn send(&self, device: &Subscription, claim: &Claim) -> PushWorked {
        let store = self.store;
        // 4.
        let delivery = self.attempt(device).await;
        let report = self.count(delivery, device);
        // 5.
        let marked = match delivery {
            Delivery::Sent | Delivery::Refused => store.settle(claim).await,
            Delivery::Gone => match store.settle(claim).await {
                Ok(()) => self.forget(device).await,
                error => error,
            },
            Delivery::Throttled | Delivery::Unavailable | Delivery::ApplicationDisabled => {
                store.release(claim).await
            }
            Delivery::Unanswered if claim.is_repeat() => store.settle(claim).await,
            Delivery::Unanswered => store.doubt(claim).await,
        };
        let failed = match delivery {
            Delivery::Sent | Delivery::Gone | Delivery::Refused => Ok(()),
            Delivery::Throttled => Err(PushError::Throttled),
            Delivery::Unavailable => Err(PushError::Unavailable),
            Delivery::ApplicationDisabled => Err(PushError::ApplicationDisabled),
            Delivery::Unanswered if claim.is_repeat() => Ok(()),
            Delivery::Unanswered => Err(PushError::Unanswered),
        };
        Worked::done(report).and(marked.into()).and(failed.into())
    }

    /// Sends the push, and tries a few times more if the push service says that it didn't send it.
    async fn attempt(&self, device: &Subscription) -> Delivery {
        let mut retry = Retry::new(Backoff::PUSH);
        loop {
            let delivery = self.notifier.pusher.push(device, self.push).await;
            let final_answer = !matches!(delivery, Delivery::Throttled | Delivery::Unavailable);
            if final_answer || !retry.wait().await {
                return delivery;
            }
        }
    }

    fn count(&self, delivery: Delivery, device: &Subscription) -> PushReport {
        let none = PushReport::default();
        match delivery {
            Delivery::Sent => {
                let delay = |changed| self.notifier.clock.now_ms().saturating_sub(changed);
                PushReport { sent: 1, slowest_ms: self.message.changed_at_ms.map(delay), ..none }
            }
            Delivery::Gone => PushReport { gone: 1, ..none },
            Delivery::Refused => PushReport { refused: 1, ..none },
            Delivery::Throttled => PushReport { throttled: 1, ..none },
            Delivery::Unavailable | Delivery::Unanswered => PushReport { unavailable: 1, ..none },
            Delivery::ApplicationDisabled => {
                let disabled_applications = usize::from(self.disabled.note(device));
                PushReport { disabled_applications, ..none }
            }
        }
    }

    /// Deletes a subscription whose endpoint is disabled or deleted, and that endpoint.
    async fn forget(&self, gone: &Subscription) -> Result<(), StoreError>
    where
        S: SubscriptionStore,
    {
        let Notifier { pusher, clock, .. } = self.notifier;
        match remove(self.store, pusher, clock, gone).await {
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
