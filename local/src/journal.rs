//! What happened lately: requests, writes of books, records of the stream, messages, pushes, faults
//! and moves of the clock, for the page to show.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes};
use futures::stream;
use model::Clock;
use serde_json::{Value, json};
use store::Keyring;
use tokio::sync::watch;

use crate::clock::LocalClock;
use crate::meter::DatabaseCall;

/// How many events are kept. Older ones are forgotten.
const CAPACITY: usize = 1_000;

/// The events of this process. Clones are the same journal.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    kept: Arc<Mutex<Kept>>,
    /// The id of the last event, or `None` once the server stops.
    last: Arc<watch::Sender<Option<u64>>>,
    clock: LocalClock,
    /// Says whose the books are that were written.
    keyring: Keyring,
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
        Self::new(LocalClock::default(), Keyring::default())
    }
}

impl Journal {
    /// Makes a journal that is dated by `clock` and reads keys of books by `keyring`.
    pub(crate) fn new(clock: LocalClock, keyring: Keyring) -> Self {
        let last = Arc::new(watch::Sender::new(Some(0)));
        Self { kept: Arc::default(), last, clock, keyring }
    }

    /// Notes an event of this kind, with what it asked of the database. Each book that it wrote is
    /// an event before it, which names it in `of`: its units are among those of the calls.
    pub(crate) fn note(&self, kind: &str, mut event: Value, calls: &[DatabaseCall]) {
        let books: Vec<Value> = calls
            .iter()
            .filter_map(|call| call.book.as_ref())
            .map(|book| book.event(&self.keyring))
            .collect();
        let at_ms = self.clock.now_ms();
        let mut kept = self.lock();
        let id = kept.next + books.len() as u64 + 1;
        for mut book in books {
            book["of"] = id.into();
            kept.push("book", book, at_ms);
        }
        event["calls"] = json!(calls);
        kept.push(kind, event, at_ms);
        drop(kept);
        self.last.send_modify(|last| {
            if last.is_some() {
                *last = Some(id);
            }
        });
    }

    /// Returns once the server stops.
    pub(crate) async fn closed(&self) {
        // An error means that the journal is gone.
        let _ = self.last.subscribe().wait_for(Option::is_none).await;
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

impl Kept {
    fn push(&mut self, kind: &str, mut event: Value, at_ms: u64) {
        self.next += 1;
        event["id"] = self.next.into();
        event["kind"] = kind.into();
        event["at_ms"] = at_ms.into();
        self.events.push_back((self.next, event.to_string()));
        if self.events.len() > CAPACITY {
            self.events.pop_front();
        }
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
