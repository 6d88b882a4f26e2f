//! Keeping a device subscribed, which apps ask for at every start.

use model::{Clock, Subscription, UserId};
use store::SubscriptionStore;

use crate::push::Endpoints;
use crate::subscribe::{SubscribeError, SubscribeRequest, subscribe};

const MS_PER_DAY: u64 = 24 * 60 * 60 * 1000;

/// After what time a device that repeats its subscription is registered at the push service again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// Milliseconds since the last registration. If it is 0, every repeat is registered.
    after_ms: u64,
}

impl Renewal {
    #[must_use]
    pub fn after_days(days: u32) -> Self {
        Self { after_ms: u64::from(days) * MS_PER_DAY }
    }

    fn is_on(self) -> bool {
        self.after_ms > 0
    }

    /// Returns whether a device that was registered at `then_ms` is due. A time after `now_ms` says
    /// that another machine's clock is ahead, and not how long ago it was, so the device is due.
    fn is_due(self, then_ms: u64, now_ms: u64) -> bool {
        now_ms.checked_sub(then_ms).is_none_or(|age_ms| age_ms >= self.after_ms)
    }
}

/// A week, as in `template.yaml`.
impl Default for Renewal {
    fn default() -> Self {
        Self::after_days(7)
    }
}

/// Subscribes a device, unless it already is subscribed in the same way. A device that repeats its
/// subscription unchanged before the renewal is due is answered from its item, with one read.
/// Everything else is as in [`subscribe`].
///
/// The answer from the item is true at the moment of the read. The read is strongly consistent, and
/// the item says by itself whether anybody takes its endpoint away:
///
/// - A call that gives the token to another device or user deletes this item in the transaction in
///   which it writes theirs.
/// - A call that removes the endpoint, because the device unsubscribes, has another token, is one too
///   many or is gone, first marks this item, in the transaction that notes the removal with the
///   token. The mark outlives the note: if that call crashed, the endpoint may be gone, and only a
///   new registration brings it back.
/// - A deletion of the account marks this item in the transaction that ends the account. So if the
///   deletion crashes before it removes the subscriptions, the device is registered again, for the
///   account that it has now. Only a device that subscribes for the first time between the
///   deletion's read of the subscriptions and that transaction isn't marked. Its endpoint is there
///   until it is marked like any other.
///
/// A removal that begins after the read comes after the answer, and the limit of subscriptions
/// isn't touched, because nothing is added.
///
/// Whether the endpoint is still alive at the push service isn't asked. A push to a dead endpoint
/// deletes the subscription, and then the device's next start registers it again.
///
/// # Errors
/// [`SubscribeError`]. A repeat continues with what was made so far.
pub async fn keep_subscribed<S, E>(
    store: &S,
    endpoints: &E,
    clock: &impl Clock,
    renewal: Renewal,
    user: &UserId,
    request: &SubscribeRequest,
) -> Result<Subscription, SubscribeError>
where
    S: SubscriptionStore,
    E: Endpoints,
{
    if renewal.is_on()
        && let Some(kept) =
            store.lasting_subscription(user, request.channel, &request.device).await?
        && !renewal.is_due(kept.subscribed_at_ms, clock.now_ms())
        && request.is_repeat_of(&kept)
        && endpoints.is_current(&kept)
    {
        return Ok(kept);
    }
    subscribe(store, endpoints, clock, user, request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_due_when_its_time_is_over_or_unknown() {
        let week = Renewal::default();
        assert_eq!(week, Renewal::after_days(7));
        for (renewal, then_ms, now_ms, due) in [
            (week, 1_000, 1_000, false),
            (week, 1_000, 1_000 + 7 * MS_PER_DAY - 1, false),
            (week, 1_000, 1_000 + 7 * MS_PER_DAY, true),
            (week, 1_001, 1_000, true),
            (Renewal::after_days(1), 0, MS_PER_DAY, true),
            (Renewal::after_days(0), 1_000, 1_000, true),
            (Renewal::after_days(u32::MAX), 0, 1_000 * MS_PER_DAY, false),
        ] {
            assert_eq!(renewal.is_due(then_ms, now_ms), due, "{renewal:?} {then_ms} {now_ms}");
        }
    }
}
