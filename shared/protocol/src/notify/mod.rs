//! The push protocol: tells the owner of one book of a joiner, once on each device.

mod applications;
mod error;
mod report;
mod send;

use std::time::Duration;

use model::{Channel, Clock, Name, Scope, Subscription, SystemClock};
use store::{BookReader, HolderReader, StoreError};

pub use self::applications::DisabledApplications;
pub use self::error::PushError;
pub use self::report::PushReport;
pub use self::send::LEASE_SECONDS;
use self::send::{Sender, Told};
use crate::capabilities::NotifyStore;
use crate::push::{Endpoints, Push, Pusher, Template};
use crate::queue::PushMessage;
use crate::worked::Worked;

/// Changes that are older than this aren't news: 28 days. A message may live for SQS's 14 days, and
/// for 14 more if it is re-driven. A claim is kept for 30 days, so it outlives every message about
/// its push.
const OLDEST_MS: u64 = 28 * 24 * 60 * 60 * 1000;
/// How long to wait for another invocation that is sending the same push. A push takes a tenth of a
/// second.
const ANOTHERS_PUSH: Duration = Duration::from_secs(1);

/// The outcome of work on a message about a push.
pub type PushWorked = Worked<PushReport, PushError>;

/// Sends pushes about joiners.
#[derive(Clone, Debug)]
pub struct Notifier<P, C = SystemClock> {
    /// Sends pushes, and removes endpoints that are disabled or deleted.
    pub pusher: P,
    /// The text of pushes, or nothing if the deployment turned pushes off.
    pub template: Option<Template>,
    pub clock: C,
}

/// Pushes the message's news to the recipient's devices: to all of them for the global book, only to
/// the device itself for a device's book, and to none if the recipient turned that off.
///
/// It may be repeated, and may run at the same time as other messages for the same devices. Trouble
/// with one device doesn't delay another's push. No device is begun after `deadline_ms`, in
/// milliseconds since 1970. If a device fails, the message has to come again.
pub async fn notify<S, P, C>(
    store: &S,
    notifier: &Notifier<P, C>,
    disabled: &DisabledApplications,
    message: &PushMessage,
    deadline_ms: u64,
) -> PushWorked
where
    S: NotifyStore,
    P: Pusher + Endpoints,
    C: Clock,
{
    let nothing = Worked::done(PushReport::default());
    let Some(template) = &notifier.template else { return nothing };
    let now_ms = notifier.clock.now_ms();
    if message.changed_at_ms.is_some_and(|changed| now_ms.saturating_sub(changed) > OLDEST_MS) {
        return nothing;
    }
    // 1.
    let name = match news(store, message).await {
        Ok(Some(name)) => name,
        Ok(None) => return nothing,
        Err(error) => return Worked::failed(error),
    };
    let text = template.render(name.as_str());
    let push = Push { text, joiner: message.joiner.id, phone: message.phone };
    // 2.
    let mut audience = match store.audience(&message.recipient).await {
        Ok(audience) => audience,
        Err(error) => return Worked::failed(error),
    };
    audience.retain(|device| concerns(device, &message.scope));
    let sender = Sender { store, notifier, disabled, message, push: &push, deadline_ms };
    tell_all(&sender, audience).await
}

/// Tells each device. Those that another invocation is telling come last, and once more a moment
/// later, when that invocation has finished unless it died.
async fn tell_all<S, P, C>(sender: &Sender<'_, S, P, C>, audience: Vec<Subscription>) -> PushWorked
where
    S: NotifyStore,
    P: Pusher + Endpoints,
    C: Clock,
{
    let mut worked = Worked::done(PushReport::default());
    let mut claimed = vec![];
    for device in audience {
        match sender.tell(&device).await {
            Told::Worked(told) => worked = worked.and(told),
            Told::Claimed => claimed.push(device),
        }
    }
    if !claimed.is_empty() {
        tokio::time::sleep(ANOTHERS_PUSH).await;
    }
    for device in claimed {
        worked = worked.and(match sender.tell(&device).await {
            Told::Worked(told) => told,
            Told::Claimed => Worked::failed(PushError::Claimed),
        });
    }
    worked
}

/// Returns the joiner's name in the recipient's book, if there is still something to tell: the
/// joiner has the phone and is shown, and the phone is in the book.
async fn news<S>(store: &S, message: &PushMessage) -> Result<Option<Name>, StoreError>
where
    S: HolderReader + BookReader,
{
    let PushMessage { recipient, scope, phone, joiner, .. } = message;
    let holder = store.holder(*phone).await?;
    if !joiner.may_be_announced(holder.as_ref(), recipient) {
        return Ok(None);
    }
    let book = store.read_book(recipient, scope).await?.book;
    Ok(book.find(*phone).map(|entry| entry.contact.name.clone()))
}

/// Returns whether news about a book of `scope` is pushed to this subscription. VoIP subscriptions
/// get none: iOS ends an app that gets a VoIP push without a call.
pub(crate) fn concerns(subscription: &Subscription, scope: &Scope) -> bool {
    let here = match scope {
        Scope::Global => true,
        Scope::Device(udid) => *udid == subscription.device,
    };
    here && subscription.channel != Channel::ApnsVoip
}
