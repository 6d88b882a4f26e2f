//! A number in very many books becomes a message for each hundred of them.

use store::{OwnerIndex, OwnerPage, OwnerRange};

use super::error::JoinError;
use super::report::{JoinReport, Worked};
use crate::queue::{BookMessage, BookQueue};

/// Hints that one message works off. More are split into messages of their own. A hundred books take
/// some seconds, far below the function's timeout.
pub(super) const HINTS_PER_MESSAGE: usize = 100;
/// Hints that one query reads while a number in very many books is split: some 100 KB.
pub(super) const HINTS_PER_QUERY: usize = 1_000;
/// Queries of one split, after which a message goes on from there: a hundred thousand hints in some
/// seconds, so that no number of books outlives the function's timeout.
const QUERIES_PER_SPLIT: usize = 100;

/// Sends a message for each stretch of the message's range, and one for what is left after
/// [`QUERIES_PER_SPLIT`] queries. A repeat sends them again, which is harmless: a stretch doesn't
/// split any further, unless hints were added to it meanwhile.
pub(super) async fn split<S: OwnerIndex, Q: BookQueue>(
    store: &S,
    fan_out: &Q,
    message: &BookMessage,
    first: OwnerPage,
) -> Worked {
    let mut worked = Worked::done(JoinReport::default());
    let mut after = message.range.after.clone();
    let mut page = first;
    for query in 1.. {
        let last = query == QUERIES_PER_SPLIT;
        let Stretches { messages, rest } = stretches(message, after, &page, last);
        let sent = fan_out.send(&messages).await.map_err(JoinError::from);
        if sent.is_ok() {
            worked.report.split += messages.len();
        }
        worked = worked.and(sent.into());
        if worked.result.is_err() || !page.more || last {
            break;
        }
        match store.owners(message.phone, &rest, HINTS_PER_QUERY).await {
            Ok(next) => page = next,
            Err(error) => return worked.and(Err(error).into()),
        }
        after = rest.after;
    }
    worked
}

struct Stretches {
    messages: Vec<BookMessage>,
    /// What is left of the range after this page.
    rest: OwnerRange,
}

/// The messages for one page of hints; with the one that goes on from there, if this is the `last`
/// page and there are more.
fn stretches(
    message: &BookMessage,
    mut after: Option<String>,
    page: &OwnerPage,
    last: bool,
) -> Stretches {
    let mut messages = Vec::new();
    for chunk in page.hints.chunks(HINTS_PER_MESSAGE) {
        let end = chunk.last().map(|hint| hint.place.clone());
        let range = OwnerRange { after, through: end.clone() };
        messages.push(BookMessage { range, ..message.clone() });
        after = end;
    }
    let rest = OwnerRange { after, through: message.range.through.clone() };
    if page.more && last {
        messages.push(BookMessage { range: rest.clone(), ..message.clone() });
    }
    Stretches { messages, rest }
}
