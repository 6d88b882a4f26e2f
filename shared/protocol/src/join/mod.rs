//! The join protocol: tells every book that contains a phone who has that phone now.

mod error;
mod report;
mod split;

use futures::stream::{self, StreamExt};
use model::{Clock, Holder, Scope, UserId};
use numbering::Phone;
use store::{BookStore, Hint, HolderReader, Outcome, StoredBook};

pub use self::error::JoinError;
pub use self::report::{JoinReport, Worked};
use self::split::{HINTS_PER_MESSAGE, HINTS_PER_QUERY, split};
use crate::attempts::Attempts;
use crate::capabilities::JoinStore;
use crate::notify::{News, Notifier};
use crate::push::{Endpoints, Pusher};
use crate::queue::{BookMessage, BookQueue, Joiner};

/// How many books one message works on at once.
const BOOKS_AT_ONCE: usize = 8;

/// Tells every book in the message's range who has the phone now, and tells the books' owners if
/// the message announces a joiner.
///
/// It may be repeated, and may run in any order with other messages about the same phone, because
/// what a book is told is read here and not carried in the message. Trouble with one book doesn't
/// delay another. If there are more books than one message handles, they are split into messages in
/// `fan_out`, each for some of the books.
///
/// No book is begun after `deadline_ms`, in milliseconds since 1970. If a book fails, the message
/// has to come again.
pub async fn spread<S, Q, P, C>(
    store: &S,
    fan_out: &Q,
    notifier: &Notifier<P, C>,
    message: &BookMessage,
    deadline_ms: u64,
) -> Worked
where
    S: JoinStore,
    Q: BookQueue,
    P: Pusher + Endpoints,
    C: Clock,
{
    let worked = Worked::done(JoinReport::of(message));
    // 1.
    let first = match store.owners(message.phone, &message.range, HINTS_PER_QUERY).await {
        Ok(first) => first,
        Err(error) => return worked.and(Err(error).into()),
    };
    if first.more || first.hints.len() > HINTS_PER_MESSAGE {
        return worked.and(split(store, fan_out, message, first).await);
    }
    stream::iter(first.hints)
        .map(|hint| tell_book(store, notifier, message, hint, deadline_ms))
        .buffer_unordered(BOOKS_AT_ONCE)
        .fold(worked, async |all, told| all.and(told))
        .await
}

/// Steps 2 to 7 for one book.
async fn tell_book<S, P, C>(
    store: &S,
    notifier: &Notifier<P, C>,
    message: &BookMessage,
    hint: Hint,
    deadline_ms: u64,
) -> Worked
where
    S: JoinStore,
    P: Pusher + Endpoints,
    C: Clock,
{
    if notifier.clock.now_ms() >= deadline_ms {
        return Err(JoinError::OutOfTime).into();
    }
    let Hint { user, scope, place: _ } = &hint;
    let phone = message.phone;
    let Written { seen, holder } = match write_match(store, user, scope, phone).await {
        Ok(written) => written,
        Err(error) => return Err(error).into(),
    };
    let mut report = JoinReport { books: 1, ..JoinReport::default() };
    let Some(entry) = seen.book.find(phone) else {
        // 6.
        let deleted = store.delete_hints(user, scope, &[phone], seen.version).await;
        return Worked::done(report).and(deleted.into());
    };
    // 5.
    let Some(joiner) = to_announce(message, holder.as_ref(), user) else {
        return Worked::done(report);
    };
    report.recipients = 1;
    let changed_at_ms = message.changed_at_ms;
    let name = &entry.contact.name;
    let news = News { owner: user, scope, name, phone, joiner, changed_at_ms };
    Worked::done(report).and(notifier.tell(store, &news).await)
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
        // 2.
        let seen = store.read_book(user, scope).await?;
        // 3.
        let holder = store.holder(phone).await?;
        let matched = holder.as_ref().and_then(|holder| holder.match_for(user));
        let book = seen.book.clone().with_match(phone, matched);
        // 4.
        let next = StoredBook { book, ..seen.clone() };
        if store.write_book(user, scope, &seen, &next).await? == Outcome::Done {
            return Ok(Written { seen, holder });
        }
        // 7.
        attempts.again().await?;
    }
}

/// Returns the message's joiner, if they still have the phone and `owner` may be told.
fn to_announce<'a>(
    message: &'a BookMessage,
    holder: Option<&Holder>,
    owner: &UserId,
) -> Option<&'a Joiner> {
    let joiner = message.joiner.as_ref()?;
    let holder = holder.filter(|holder| joiner.is(holder))?;
    (holder.announced && holder.match_for(owner).is_some()).then_some(joiner)
}
