//! The join protocol: tells every book that contains a phone who has that phone now.

mod error;
mod report;
mod split;
mod tell;

use futures::stream::{self, StreamExt};
use model::{Clock, Holder, Scope, UserId};
use numbering::Phone;
use store::{BookStore, Hint, HolderReader, Outcome, StoredBook};

pub use self::error::JoinError;
pub use self::report::JoinReport;
use self::split::{HINTS_PER_MESSAGE, HINTS_PER_QUERY, split};
pub use self::tell::tell_books;
use crate::attempts::Attempts;
use crate::capabilities::JoinStore;
use crate::queue::{BookMessage, BookQueue, PushMessage, PushQueue};
use crate::worked::Worked;

/// How many books one message works on at once.
const BOOKS_AT_ONCE: usize = 8;

/// The outcome of work on a message about a join.
pub type JoinWorked = Worked<JoinReport, JoinError>;

/// The queues to which a join sends messages.
#[derive(Clone, Debug)]
pub struct JoinQueues<F, P> {
    /// Gets the parts of a message about very many books.
    pub fan_out: F,
    /// Gets the pushes. Absent if the deployment turned pushes off.
    pub pushes: Option<P>,
}

/// Tells every book in the message's range who has the phone now. If the message announces a
/// joiner, sends a message about a push for each book that shows them.
///
/// It may be repeated, and may run in any order with other messages about the same phone, because
/// what a book is told is read here and not carried in the message. Trouble with one book doesn't
/// delay another. If there are more books than one message handles, they are split into messages in
/// `fan_out`, each for some of the books.
///
/// No book is begun after `deadline_ms`, in milliseconds since 1970. If a book fails, or if the
/// queue doesn't take a push, the message has to come again.
pub async fn spread<S, F, P, C>(
    store: &S,
    queues: &JoinQueues<F, P>,
    clock: &C,
    message: &BookMessage,
    deadline_ms: u64,
) -> JoinWorked
where
    S: JoinStore,
    F: BookQueue,
    P: PushQueue,
    C: Clock,
{
    // 1.
    match store.holder_of_form(message.phone).await {
        Ok(holder) if message.is_overtaken(holder.as_ref()) => {
            return Worked::done(JoinReport { overtaken: 1, ..JoinReport::default() });
        }
        Ok(_) => {}
        Err(error) => return Worked::failed(error),
    }
    let worked = Worked::done(JoinReport::of(message));
    // 2.
    let first = match store.owners(message.phone, &message.range, HINTS_PER_QUERY).await {
        Ok(first) => first,
        Err(error) => return worked.and(Worked::failed(error)),
    };
    if first.more || first.hints.len() > HINTS_PER_MESSAGE {
        return worked.and(split(store, &queues.fan_out, message, first).await);
    }
    let (worked, pushes) = stream::iter(first.hints)
        .map(|hint| tell_book(store, clock, message, hint, deadline_ms))
        .buffer_unordered(BOOKS_AT_ONCE)
        .fold((worked, vec![]), async |(all, mut pushes), (told, push)| {
            pushes.extend(push);
            (all.and(told), pushes)
        })
        .await;
    // 7.
    worked.and(send_pushes(queues.pushes.as_ref(), &pushes).await)
}

/// Sends the messages about pushes, if pushes are on.
async fn send_pushes<P: PushQueue>(queue: Option<&P>, pushes: &[PushMessage]) -> JoinWorked {
    match queue {
        Some(queue) if !pushes.is_empty() => queue.send_pushes(pushes).await.into(),
        _ => Worked::done(JoinReport::default()),
    }
}

/// Steps 3 to 7 for one book. Returns the push to send, if the owner is to be told.
async fn tell_book<S: JoinStore, C: Clock>(
    store: &S,
    clock: &C,
    message: &BookMessage,
    hint: Hint,
    deadline_ms: u64,
) -> (JoinWorked, Option<PushMessage>) {
    if clock.now_ms() >= deadline_ms {
        return (Worked::failed(JoinError::OutOfTime), None);
    }
    let Hint { user, scope, place: _ } = hint;
    let phone = message.phone;
    let Written { seen, holder } = match write_match(store, &user, &scope, phone).await {
        Ok(written) => written,
        Err(error) => return (Worked::failed(error), None),
    };
    let mut report = JoinReport { books: 1, ..JoinReport::default() };
    if seen.book.find(phone).is_none() {
        // 6.
        let deleted = store.delete_hints(&user, &scope, &[phone], seen.version).await;
        return (Worked::done(report).and(deleted.into()), None);
    }
    // 7.
    let push = message.push_for(holder.as_ref(), user, scope);
    report.recipients = usize::from(push.is_some());
    (Worked::done(report), push)
}

struct Written {
    /// The book as it was before the write.
    seen: StoredBook,
    /// Who had the phone, read after the book and before the write.
    holder: Option<Holder>,
}

/// Writes into a book who has `phone`. It always writes. If the phone isn't in the book, the write
/// makes an upload in flight start over, because that upload may be adding the phone and may have
/// looked for its holder too early.
async fn write_match<S: BookStore + HolderReader>(
    store: &S,
    user: &UserId,
    scope: &Scope,
    phone: Phone,
) -> Result<Written, JoinError> {
    let mut attempts = Attempts::new();
    loop {
        // 3.
        let seen = store.read_book(user, scope).await?;
        // 4.
        let holder = store.holder(phone).await?;
        let matched = holder.as_ref().and_then(|holder| holder.match_for(user));
        let mut next = seen.clone();
        next.book = next.book.with_match(phone, matched);
        // 5.
        if store.write_book(user, scope, &seen, &next).await? == Outcome::Done {
            return Ok(Written { seen, holder });
        }
        // 8.
        attempts.again().await?;
    }
}
