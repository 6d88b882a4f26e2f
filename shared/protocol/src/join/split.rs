//! Splitting: a number in very many books becomes a message for each hundred of them.

use store::{OwnerIndex, OwnerPage, OwnerRange};

use super::JoinWorked;
use super::error::JoinError;
use super::report::JoinReport;
use crate::queue::{BookMessage, BookQueue};

/// Most hints that one message handles; more are split into messages of their own. A hundred books
/// take some seconds, far below the function's timeout.
pub(super) const HINTS_PER_MESSAGE: usize = 100;
/// Most hints that one query reads: some 100 KB.
pub(super) const HINTS_PER_QUERY: usize = 1_000;
/// Most queries of one split; a further message continues from there. That is a hundred thousand
/// hints in some seconds, so that even a number in more books doesn't outlast the function's
/// timeout.
const QUERIES_PER_SPLIT: usize = 100;

/// Sends a message for each stretch of the message's range, and one for what is left after
/// [`QUERIES_PER_SPLIT`] queries. A repeat sends them again, which is harmless. A stretch isn't
/// split further, unless hints have been added to it in the meantime.
pub(super) async fn split<S: OwnerIndex, Q: BookQueue>(
    store: &S,
    fan_out: &Q,
    message: &BookMessage,
    first: OwnerPage,
) -> JoinWorked {
    let mut worked = JoinWorked::done(JoinReport::default());
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
            Err(error) => return worked.and(JoinWorked::failed(error)),
        }
        after = rest.after;
    }
    worked
}

struct Stretches {
    messages: Vec<BookMessage>,
    /// The part of the range after this page.
    rest: OwnerRange,
}

/// Returns the messages for one page of hints. If this is the `last` page and there are more hints,
/// a message that continues from there is added.
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
