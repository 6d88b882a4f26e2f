//! Takes messages about pushes from their queue, and sends the pushes.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::future::join_all;
use model::Clock;
use protocol::push::{Endpoints, Pusher};
use protocol::queue::{PushMessage, UnreadableMessage};
use protocol::{
    DisabledApplications, Notifier, NotifyStore, PushError, PushReport, Report, Worked, notify,
};
use store::Keyring;

/// How long before its deadline an invocation stops beginning devices, in milliseconds. A push that
/// is throttled or not answered takes some seconds, with what is written before and after it.
pub const RESERVE_MS: u64 = 10_000;

/// Why a message failed.
#[derive(Debug, thiserror::Error)]
enum MessageError {
    /// It isn't one of our messages. It ends in the dead-letter queue.
    #[error(transparent)]
    Unreadable(#[from] UnreadableMessage),
    /// It has to come again.
    #[error(transparent)]
    Push(#[from] PushError),
}

/// Processes all messages at once. The response names those that failed, so that only they come
/// again. No device is begun after `deadline_ms`, in milliseconds since 1970.
pub async fn handle<S, P, C>(
    store: &S,
    keyring: &Keyring,
    notifier: &Notifier<P, C>,
    event: SqsEvent,
    deadline_ms: u64,
) -> (SqsBatchResponse, PushReport)
where
    S: NotifyStore,
    P: Pusher + Endpoints,
    C: Clock,
{
    let (mut response, mut all) = (SqsBatchResponse::default(), PushReport::default());
    let disabled = DisabledApplications::default();
    let messages = event.records.len();
    let work = |message: SqsMessage| {
        let disabled = &disabled;
        async move {
            let done = work_off(store, keyring, notifier, disabled, &message, deadline_ms).await;
            (message.message_id, done)
        }
    };
    for (message_id, (report, result)) in join_all(event.records.into_iter().map(work)).await {
        all.add(&report);
        if let Err(error) = result {
            tracing::warn!(error = %error, message_id, "a push has to come again");
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message_id.unwrap_or_default();
            response.batch_item_failures.push(failure);
        }
    }
    let failed = response.batch_item_failures.len();
    tracing::info!(messages, failed, sent = all.sent, "sent pushes");
    (response, all)
}

async fn work_off<S, P, C>(
    store: &S,
    keyring: &Keyring,
    notifier: &Notifier<P, C>,
    disabled: &DisabledApplications,
    message: &SqsMessage,
    deadline_ms: u64,
) -> (PushReport, Result<(), MessageError>)
where
    S: NotifyStore,
    P: Pusher + Endpoints,
    C: Clock,
{
    let body = message.body.as_deref().unwrap_or_default();
    let push = match PushMessage::from_body(keyring, body) {
        Ok(push) => push,
        Err(error) => return (PushReport::default(), Err(error.into())),
    };
    let Worked { report, result } = notify(store, notifier, disabled, &push, deadline_ms).await;
    (report, result.map_err(MessageError::from))
}
