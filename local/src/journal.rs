//! What happened lately: requests, records of the stream, messages and pushes, for the page to show.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes};
use futures::stream;
use model::{Clock, SystemClock};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::meter::DatabaseCall;

/// How many events are kept. Older ones are forgotten.
const CAPACITY: usize = 1_000;

/// The events of this process. Clones are the same journal.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    kept: Arc<Mutex<Kept>>,
    /// The id of the last event, or `None` once the server stops.
    last: Arc<watch::Sender<Option<u64>>>,
}

#[derive(Default)]
struct Kept {
    next: u64,
    events: VecDeque<(u64, String)>,
}

// Events hold what people sent.
model::hide_debug!(Kept);

impl Default for Journal {
    fn default() -> Self {
        Self { kept: Arc::default(), last: Arc::new(watch::Sender::new(Some(0))) }
    }
}

impl Journal {
    /// Notes an event of this kind, with what it asked of the database.
    pub(crate) fn note(&self, kind: &str, mut event: Value, calls: &[DatabaseCall]) {
        let mut kept = self.lock();
        kept.next += 1;
        let id = kept.next;
        event["id"] = id.into();
        event["kind"] = kind.into();
        event["at_ms"] = SystemClock.now_ms().into();
        event["calls"] = json!(calls);
        kept.events.push_back((id, event.to_string()));
        if kept.events.len() > CAPACITY {
            kept.events.pop_front();
        }
        drop(kept);
        self.last.send_modify(|last| {
            if last.is_some() {
                *last = Some(id);
            }
        });
    }

    /// Ends all streams of events, so that the server can stop.
    pub(crate) fn close(&self) {
        self.last.send_replace(None);
    }

    /// Returns the events after the one of this id as server-sent events, those that are kept and
    /// those to come.
    pub(crate) fn stream(&self, after: u64) -> Body {
        let state = (self.clone(), self.last.subscribe(), after);
        Body::from_stream(stream::unfold(state, |(journal, mut last, after)| async move {
            last.wait_for(|last| last.is_none_or(|last| last > after)).await.ok()?;
            if last.borrow_and_update().is_none() {
                return None;
            }
            let (text, newest) = journal.after(after);
            let chunk: Result<Bytes, Infallible> = Ok(text.into());
            Some((chunk, (journal, last, newest)))
        }))
    }

    /// Returns the kept events after one, and the id of the newest.
    fn after(&self, after: u64) -> (String, u64) {
        let kept = self.lock();
        let new = kept.events.iter().filter(|(id, _)| *id > after);
        let text = new.map(|(id, event)| format!("id: {id}\ndata: {event}\n\n")).collect();
        (text, kept.next)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_events_are_kept_in_order() {
        let journal = Journal::default();
        for number in 0..CAPACITY + 2 {
            journal.note("test", json!({ "number": number }), &[]);
        }
        let (all, newest) = journal.after(0);
        assert_eq!(newest, CAPACITY as u64 + 2);
        assert!(all.starts_with("id: 3\ndata: {"), "two are forgotten");
        assert_eq!(all.matches("\n\n").count(), CAPACITY);
        let (rest, _) = journal.after(newest - 1);
        assert!(rest.contains("\"number\":1001") && rest.matches("id: ").count() == 1);
        assert_eq!(journal.after(newest).0, "");
    }
}
