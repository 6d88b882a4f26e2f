//! The join protocol: from a phone whose holder changed to every book that holds it.

use futures::stream::{self, StreamExt};

use super::notify::{Clock, News, Notifier};
use crate::domain::{Holder, Phone, Scope, UserId};
use crate::push::Pusher;
use crate::queue::{ChangeQueue, HolderChanged, Joiner, QueueError};
use crate::store::{
    Backoff, BookStore, ClaimStore, Hint, HolderReader, Outcome, OwnerIndex, OwnerRange, StoreError, StoredBook,
    SubscriptionStore,
};

/// Hints that one message works off; more are split into messages of their own. A hundred books take
/// some seconds, far below the function's timeout.
const HINTS_PER_MESSAGE: usize = 100;
/// Hints that one query reads while a number in very many books is split: some 100 KB.
const HINTS_PER_QUERY: usize = 1_000;
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
}

/// What a message came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JoinReport {
    /// Books written.
    pub books: usize,
    /// Messages into which this one was split.
    pub split: usize,
    /// Pushes sent.
    pub sent: usize,
    /// Devices that are gone.
    pub gone: usize,
    /// Pushes that the push service refused for good.
    pub refused: usize,
}

impl JoinReport {
    fn add(&mut self, other: Self) {
        let Self { books, split, sent, gone, refused } = other;
        self.books += books;
        self.split += split;
        self.sent += sent;
        self.gone += gone;
        self.refused += refused;
    }
}

/// Tells every book in the message's range who has its phone now, and every owner who joined.
///
/// May be repeated, and run in any order with other messages about the same phone: what a book is
/// told is read here, not carried by the message. One book's trouble doesn't hold up another.
///
/// # Errors
/// The first [`JoinError`], after all books were tried; the message has to come again.
pub async fn spread<S, Q, P, C>(
    store: &S,
    queue: &Q,
    notifier: &Notifier<P, C>,
    message: &HolderChanged,
) -> Result<JoinReport, JoinError>
where
    S: BookStore + OwnerIndex + HolderReader + SubscriptionStore + ClaimStore + Sync,
    Q: ChangeQueue,
    P: Pusher + Sync,
    C: Clock + Sync,
{
    let first = store.owners(message.phone, &message.range, HINTS_PER_QUERY).await?;
    if first.more || first.hints.len() > HINTS_PER_MESSAGE {
        return split(store, queue, message, first.hints, first.more).await;
    }
    let told: Vec<Result<JoinReport, JoinError>> = stream::iter(first.hints)
        .map(|hint| tell_book(store, notifier, message, hint))
        .buffer_unordered(BOOKS_AT_ONCE)
        .collect()
        .await;
    let mut report = JoinReport::default();
    for told in told {
        report.add(told?);
    }
    Ok(report)
}

/// Sends a message for each stretch of the message's range. A repeat sends them again, which is harmless:
/// a stretch doesn't split any further, unless hints came into it meanwhile.
async fn split<S: OwnerIndex, Q: ChangeQueue>(
    store: &S,
    queue: &Q,
    message: &HolderChanged,
    mut hints: Vec<Hint>,
    mut more: bool,
) -> Result<JoinReport, JoinError> {
    let mut after = message.range.after.clone();
    let mut report = JoinReport::default();
    loop {
        let mut messages = Vec::new();
        for chunk in hints.chunks(HINTS_PER_MESSAGE) {
            let through = chunk.last().map(|hint| hint.place.clone());
            let range = OwnerRange { after, through: through.clone() };
            messages.push(HolderChanged { range, ..message.clone() });
            after = through;
        }
        queue.send(&messages).await?;
        report.split += messages.len();
        if !more {
            return Ok(report);
        }
        let range = OwnerRange { after: after.clone(), through: message.range.through.clone() };
        let page = store.owners(message.phone, &range, HINTS_PER_QUERY).await?;
        (hints, more) = (page.hints, page.more);
    }
}

/// Steps 2 to 7 for one book.
async fn tell_book<S, P, C>(
    store: &S,
    notifier: &Notifier<P, C>,
    message: &HolderChanged,
    hint: Hint,
) -> Result<JoinReport, JoinError>
where
    S: BookStore + OwnerIndex + HolderReader + SubscriptionStore + ClaimStore + Sync,
    P: Pusher + Sync,
    C: Clock + Sync,
{
    let Hint { user, scope, place: _ } = &hint;
    let phone = message.phone;
    let Written { seen, holder } = write_match(store, user, scope, phone).await?;
    let mut report = JoinReport { books: 1, ..JoinReport::default() };
    match seen.book.find(phone) {
        None => store.delete_hints(user, scope, &[phone], seen.version).await?,
        Some(entry) => {
            if let Some(joiner) = to_announce(message, holder.as_ref(), user) {
                let news = News { owner: user, scope, name: &entry.contact.name, phone, joiner };
                notifier.tell(store, &news, &mut report).await?;
            }
        }
    }
    Ok(report)
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
