//! The join protocol: from a phone whose holder changed to every book that holds it.

use futures::stream::{self, StreamExt};

use super::notify::{Clock, News, Notifier};
use super::report::JoinReport;
use crate::domain::{Holder, Phone, Scope, UserId};
use crate::push::{Endpoints, Pusher};
use crate::queue::{ChangeQueue, HolderChanged, Joiner, QueueError};
use crate::store::{
    Backoff, BookStore, ClaimStore, Hint, HolderReader, Outcome, OwnerIndex, OwnerPage, OwnerRange, StoreError,
    StoredBook, SubscriptionStore,
};

/// Hints that one message works off; more are split into messages of their own. A hundred books take
/// some seconds, far below the function's timeout.
const HINTS_PER_MESSAGE: usize = 100;
/// Hints that one query reads while a number in very many books is split: some 100 KB.
const HINTS_PER_QUERY: usize = 1_000;
/// Queries of one split, after which a message goes on from there: a hundred thousand hints in some
/// seconds, so that no number of books outlives the function's timeout.
const QUERIES_PER_SPLIT: usize = 100;
/// Books that one message works on at once.
const BOOKS_AT_ONCE: usize = 8;

/// Why a message has to come again.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// A table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue took no more messages.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Other writers won every time.
    #[error("a book was written by others at every attempt")]
    Contended,
    /// Another invocation is sending the same push, or died while it was.
    #[error("a push is claimed by another invocation")]
    PushClaimed,
    /// The push service takes no more at the moment.
    #[error("a push was throttled")]
    PushThrottled,
    /// The push service doesn't answer, or is set up wrongly.
    #[error("a push failed for no fault of the device")]
    PushUnavailable,
    /// The invocation ends before all books were told.
    #[error("there was no time left")]
    OutOfTime,
}

/// Tells every book in the message's range who has its phone now, and every owner who joined.
///
/// May be repeated, and run in any order with other messages about the same phone: what a book is
/// told is read here, not carried by the message. One book's trouble doesn't hold up another. More
/// books than one message works off become messages of `fan_out`, each for some of them.
///
/// No book is begun after `deadline_ms`, in milliseconds since 1970.
///
/// Returns what was done, all the same where a part of it failed.
///
/// # Errors
/// The first [`JoinError`], after all books were tried; the message has to come again.
pub async fn spread<S, Q, P, C>(
    store: &S,
    fan_out: &Q,
    notifier: &Notifier<P, C>,
    message: &HolderChanged,
    deadline_ms: u64,
) -> (JoinReport, Result<(), JoinError>)
where
    S: BookStore + OwnerIndex + HolderReader + SubscriptionStore + ClaimStore + Sync,
    Q: ChangeQueue,
    P: Pusher + Endpoints + Sync,
    C: Clock + Sync,
{
    let mut report = JoinReport::of(message);
    let first = match store.owners(message.phone, &message.range, HINTS_PER_QUERY).await {
        Ok(first) => first,
        Err(error) => return (report, Err(error.into())),
    };
    if first.more || first.hints.len() > HINTS_PER_MESSAGE {
        let split = split(store, fan_out, message, first, &mut report).await;
        return (report, split);
    }
    let told: Vec<(JoinReport, Result<(), JoinError>)> = stream::iter(first.hints)
        .map(|hint| tell_book(store, notifier, message, hint, deadline_ms))
        .buffer_unordered(BOOKS_AT_ONCE)
        .collect()
        .await;
    let mut all = Ok(());
    for (part, result) in told {
        report.add(&part);
        all = all.and(result);
    }
    (report, all)
}

/// Sends a message for each stretch of the message's range, and one for what is left after
/// [`QUERIES_PER_SPLIT`]. A repeat sends them again, which is harmless: a stretch doesn't split any
/// further, unless hints came into it meanwhile.
async fn split<S: OwnerIndex, Q: ChangeQueue>(
    store: &S,
    fan_out: &Q,
    message: &HolderChanged,
    first: OwnerPage,
    report: &mut JoinReport,
) -> Result<(), JoinError> {
    let mut after = message.range.after.clone();
    let through = &message.range.through;
    let mut page = first;
    for query in 1.. {
        let mut messages = Vec::new();
        for chunk in page.hints.chunks(HINTS_PER_MESSAGE) {
            let end = chunk.last().map(|hint| hint.place.clone());
            let range = OwnerRange { after, through: end.clone() };
            messages.push(HolderChanged { range, ..message.clone() });
            after = end;
        }
        let rest = OwnerRange { after: after.clone(), through: through.clone() };
        let last = query == QUERIES_PER_SPLIT;
        if page.more && last {
            messages.push(HolderChanged { range: rest.clone(), ..message.clone() });
        }
        fan_out.send(&messages).await?;
        report.split += messages.len();
        if !page.more || last {
            break;
        }
        page = store.owners(message.phone, &rest, HINTS_PER_QUERY).await?;
    }
    Ok(())
}

/// Steps 2 to 7 for one book.
async fn tell_book<S, P, C>(
    store: &S,
    notifier: &Notifier<P, C>,
    message: &HolderChanged,
    hint: Hint,
    deadline_ms: u64,
) -> (JoinReport, Result<(), JoinError>)
where
    S: BookStore + OwnerIndex + HolderReader + SubscriptionStore + ClaimStore + Sync,
    P: Pusher + Endpoints + Sync,
    C: Clock + Sync,
{
    let mut report = JoinReport::default();
    if notifier.clock.now_ms() >= deadline_ms {
        return (report, Err(JoinError::OutOfTime));
    }
    let told = tell_owner(store, notifier, message, &hint, &mut report).await;
    (report, told)
}

async fn tell_owner<S, P, C>(
    store: &S,
    notifier: &Notifier<P, C>,
    message: &HolderChanged,
    hint: &Hint,
    report: &mut JoinReport,
) -> Result<(), JoinError>
where
    S: BookStore + OwnerIndex + HolderReader + SubscriptionStore + ClaimStore + Sync,
    P: Pusher + Endpoints + Sync,
    C: Clock + Sync,
{
    let Hint { user, scope, place: _ } = hint;
    let phone = message.phone;
    let Written { seen, holder } = write_match(store, user, scope, phone).await?;
    report.books += 1;
    let Some(entry) = seen.book.find(phone) else {
        store.delete_hints(user, scope, &[phone], seen.version).await?;
        return Ok(());
    };
    let Some(joiner) = to_announce(message, holder.as_ref(), user) else { return Ok(()) };
    report.recipients += 1;
    let changed_at_ms = message.changed_at_ms;
    let news = News { owner: user, scope, name: &entry.contact.name, phone, joiner, changed_at_ms };
    notifier.tell(store, &news, report).await
}

struct Written {
    /// The book before the write.
    seen: StoredBook,
    /// Who had the phone when the book was written.
    holder: Option<Holder>,
}

/// Writes into a book who has `phone`, always: where the phone isn't in the book, the write itself is
/// the point. It makes an upload in flight, which may be adding the phone and may have looked for its
/// holder too early, start over.
async fn write_match<S>(store: &S, user: &UserId, scope: &Scope, phone: Phone) -> Result<Written, JoinError>
where
    S: BookStore + HolderReader + Sync,
{
    for attempt in 0.. {
        let seen = store.read_book(user, scope).await?;
        let holder = store.holder(phone).await?;
        let matched = holder.as_ref().and_then(|holder| holder.match_for(user));
        let next = StoredBook { book: seen.book.clone().with_match(phone, matched), ..seen.clone() };
        if store.write_book(user, scope, &seen, &next).await? == Outcome::Done {
            return Ok(Written { seen, holder });
        }
        if !Backoff::CONFLICT.wait(attempt).await {
            break;
        }
    }
    Err(JoinError::Contended)
}

/// The message's joiner, if they still have the phone and `owner` may hear of it.
fn to_announce<'a>(message: &'a HolderChanged, holder: Option<&Holder>, owner: &UserId) -> Option<&'a Joiner> {
    let joiner = message.joiner.as_ref()?;
    let holder = holder.filter(|holder| joiner.is(holder))?;
    (holder.announced && holder.match_for(owner).is_some()).then_some(joiner)
}
