//! What a local server tells of itself while the town uses it: the units that each request and each
//! message took, and the pushes.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::clock::now_ms;
use crate::town::Town;

/// How long to wait before a stream that broke off is opened again.
const REOPEN: Duration = Duration::from_millis(200);

/// What the server told so far.
#[derive(Debug, Default)]
pub struct Told {
    /// By kind of work.
    pub units: BTreeMap<String, Units>,
    pub pushes: HashMap<Pushed, Arrivals>,
    /// How many pushes were to others than the town's people.
    pub others: u64,
    /// How many messages were given back to their queue.
    pub redelivered: u64,
    /// How many events were forgotten by the server before they were read here.
    pub missed: u64,
    last_id: u64,
    /// When there was last something of a join.
    last_of_join: Option<Instant>,
}

/// What work took of the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Units {
    /// How often the work was done.
    pub times: u64,
    pub calls: u64,
    pub read: f64,
    pub write: f64,
}

/// A push, as its receiver tells it from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pushed {
    pub owner: u32,
    pub joiner: u32,
}

/// When a push came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrivals {
    pub times: u32,
    /// When it first came, in milliseconds since 1970.
    pub first_ms: u64,
}

#[derive(Deserialize)]
struct Event<'a> {
    id: u64,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    at_ms: u64,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    path: Option<Cow<'a, str>>,
    #[serde(borrow)]
    function: Option<Cow<'a, str>>,
    is_done: Option<bool>,
    #[serde(borrow)]
    user_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: Option<PushData<'a>>,
    #[serde(default)]
    calls: Vec<DatabaseCall>,
}

#[derive(Deserialize)]
struct PushData<'a> {
    #[serde(borrow)]
    phone: Cow<'a, str>,
}

#[derive(Deserialize)]
struct DatabaseCall {
    units: f64,
    writes: bool,
}

impl Told {
    /// Takes an event in. One from before `began_ms` isn't of this town.
    fn take(&mut self, event: &str, began_ms: u64, town: &Town) {
        let Ok(event) = serde_json::from_str::<Event<'_>>(event) else { return };
        if self.last_id > 0 {
            self.missed += event.id.saturating_sub(self.last_id + 1);
        }
        self.last_id = event.id;
        if event.at_ms < began_ms {
            return;
        }
        let work = match (&event.kind[..], &event.method, &event.path, &event.function) {
            ("request", Some(method), Some(path), _) => route(method, path),
            ("message", _, _, Some(function)) => {
                self.redelivered += u64::from(event.is_done == Some(false));
                function.clone().into_owned()
            }
            ("push", ..) => {
                let owner = event.user_id.and_then(|user| town.person(&user));
                let joiner = event.data.and_then(|data| town.phones.holder(&data.phone));
                match (owner, joiner) {
                    (Some(owner), Some(joiner)) => self.push(Pushed { owner, joiner }, event.at_ms),
                    _ => self.others += 1,
                }
                return;
            }
            _ => return,
        };
        if event.kind == "message" {
            self.last_of_join = Some(Instant::now());
        }
        let units = self.units.entry(work).or_default();
        units.times += 1;
        for call in event.calls {
            units.calls += 1;
            *(if call.writes { &mut units.write } else { &mut units.read }) += call.units;
        }
    }

    fn push(&mut self, pushed: Pushed, at_ms: u64) {
        self.last_of_join = Some(Instant::now());
        let first = Arrivals { times: 0, first_ms: at_ms };
        self.pushes.entry(pushed).or_insert(first).times += 1;
    }
}

/// Returns the method and the path without ids.
fn route(method: &str, path: &str) -> String {
    let parts = path.split('/').map(|part| {
        let is_id = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if is_id { "{id}" } else { part }
    });
    format!("{method} {}", parts.collect::<Vec<_>>().join("/"))
}

/// Listens to a local server.
#[derive(Debug)]
pub struct Listener {
    told: Arc<Mutex<Told>>,
    /// How many pushes there were, for a look without the lock.
    pushes: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Begins to listen. Returns `None` if the server tells nothing of itself, as in AWS.
    pub async fn start(client: &Client, town: Arc<Town>) -> Option<Self> {
        let began_ms = now_ms();
        let mut body = client.events(0).await?;
        let (told, pushes) = (Arc::<Mutex<Told>>::default(), Arc::<AtomicU64>::default());
        let (client, into, counter) = (client.clone(), Arc::clone(&told), Arc::clone(&pushes));
        let task = tokio::spawn(async move {
            loop {
                let mut lines = Lines::default();
                while let Some(Ok(frame)) = body.frame().await {
                    let Ok(data) = frame.into_data() else { continue };
                    let mut told = lock(&into);
                    lines.take(&data, |event| told.take(event, began_ms, &town));
                    counter.store(told.pushes.len() as u64, Ordering::Relaxed);
                }
                body = loop {
                    tokio::time::sleep(REOPEN).await;
                    let last = lock(&into).last_id;
                    if let Some(body) = client.events(last).await {
                        break body;
                    }
                };
            }
        });
        Some(Self { told, pushes, task })
    }

    /// Returns what was told so far, which nobody else adds to meanwhile.
    pub fn told(&self) -> MutexGuard<'_, Told> {
        lock(&self.told)
    }

    /// Returns how many pushes there were.
    pub fn pushes(&self) -> u64 {
        self.pushes.load(Ordering::Relaxed)
    }

    /// Returns how long nothing of a join was told.
    pub fn quiet(&self) -> Duration {
        self.told().last_of_join.map_or(Duration::MAX, |last| last.elapsed())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(told: &Mutex<Told>) -> MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Finds the data of server-sent events in chunks that may end anywhere.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    fn take(&mut self, chunk: &[u8], mut event: impl FnMut(&str)) {
        self.rest.extend_from_slice(chunk);
        let mut begin = 0;
        while let Some(length) = self.rest[begin..].iter().position(|byte| *byte == b'\n') {
            let line = self.rest[begin..begin + length].strip_prefix(b"data: ");
            if let Some(Ok(data)) = line.map(std::str::from_utf8) {
                event(data);
            }
            begin += length + 1;
        }
        self.rest.drain(..begin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: &str = concat!(
        "id: 4\ndata: {\"id\":4,\"kind\":\"request\",\"at_ms\":5,\"method\":\"GET\",\"path\":\"/users/12/export\",",
        "\"status\":200,\"ms\":1.5,\"calls\":[{\"operation\":\"Query\",\"tables\":[\"T\"],\"units\":1.5,\"writes\":false}]}\n\n",
        "id: 5\ndata: {\"id\":5,\"kind\":\"push\",\"at_ms\":70,\"user_id\":\"tow\\u006e-2a-3\",\"device_udid\":\"d\",\"text\":\"\\\"x\\\"\",",
        "\"data\":{\"id\":7,\"phone\":\"16505550123\"},\"calls\":[]}\n\n",
        "id: 8\ndata: {\"id\":8,\"kind\":\"message\",\"at_ms\":71,\"function\":\"push\",\"is_done\":false,",
        "\"calls\":[{\"operation\":\"PutItem\",\"tables\":[\"T\"],\"units\":2.0,\"writes\":true}]}\n\n",
    );

    fn town() -> Town {
        Town::new(200, 0, 0, 0x2a)
    }

    #[test]
    fn events_are_read_whatever_the_chunks() {
        let town = town();
        for size in [1, 7, 64, EVENTS.len()] {
            let (mut told, mut lines) = (Told::default(), Lines::default());
            for chunk in EVENTS.as_bytes().chunks(size) {
                lines.take(chunk, |event| told.take(event, 5, &town));
            }
            let export = Units { times: 1, calls: 1, read: 1.5, write: 0.0 };
            let push = Units { times: 1, calls: 1, read: 0.0, write: 2.0 };
            let units = [("GET /users/{id}/export".to_owned(), export), ("push".to_owned(), push)];
            assert_eq!(told.units, BTreeMap::from(units), "chunks of {size}");
            let pushed = Pushed { owner: 3, joiner: 123 };
            assert_eq!(told.pushes, HashMap::from([(pushed, Arrivals { times: 1, first_ms: 70 })]));
            assert_eq!((told.missed, told.redelivered), (2, 1), "6 and 7 are missing");
        }
    }

    #[test]
    fn what_was_before_is_left_out() {
        let town = town();
        let (mut told, mut lines) = (Told::default(), Lines::default());
        lines.take(EVENTS.as_bytes(), |event| told.take(event, 71, &town));
        assert!(told.pushes.is_empty() && told.units.len() == 1, "{told:?}");
    }
}
