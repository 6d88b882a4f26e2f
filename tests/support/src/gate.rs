//! The scheduler. It stops every actor before each store call and decides who goes next.
//!
//! Actors are tasks of one thread under a stopped clock. Each has a store of its own, whose
//! requests wait at a gate. Between two decisions nothing happens but what the chosen actor does
//! until its next request. So a list of decisions is a run that can be repeated.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use local::tables;
use serde_json::{Value, json};
use store::Store;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use crate::embedded::{Embedded, http_response, operation, store_over};

/// Runs a future on this thread. Time passes only when nothing else happens.
pub fn on_a_stopped_clock<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// What an actor is about to do.
#[derive(Clone, Debug)]
pub struct Request {
    pub operation: String,
    pub body: Value,
}

impl Request {
    /// Returns whether this is `operation` on `table`.
    pub fn is(&self, operation: &str, table: &str) -> bool {
        self.operation == operation && self.body["TableName"] == table
    }

    /// Returns whether this reads the two items of one book.
    pub fn is_about_one_book(&self) -> bool {
        self.is("Query", &tables().address_books)
            && self.body["ExpressionAttributeValues"][":base"].is_object()
    }

    /// Returns whether this reads all of a user's books.
    pub fn is_about_all_books(&self) -> bool {
        self.is("Query", &tables().address_books) && !self.is_about_one_book()
    }
}

/// Which item of a book a Query reads first, if another actor may write between its reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Torn {
    HeadFirst,
    BaseFirst,
}

/// What becomes of a request.
#[derive(Debug)]
enum Go {
    /// It is executed.
    On,
    /// It is executed, and its answer is lost.
    Lose,
}

/// Tells whether an actor that gets this answer starts over and remembers nothing. The scheduler
/// then doesn't run two orders that are the same.
pub type StartsOver = fn(&Request, &Value) -> bool;

/// What an actor is doing.
#[derive(Debug)]
enum Place {
    /// The actor hasn't begun, or it is between two requests.
    Running,
    /// The actor waits before a request.
    Parked(oneshot::Sender<Go>, Request),
    /// The actor has ended.
    Done,
    /// The actor has panicked.
    Panicked,
}

#[derive(Debug)]
struct ActorState {
    place: Place,
    /// The hash of all answers that the actor remembers. Together with the tables, it is all that
    /// the actor's future depends on.
    seen: u64,
}

impl ActorState {
    fn see(&mut self, starts_over: StartsOver, request: &Request, answer: &Value) {
        if starts_over(request, answer) {
            self.seen = 0;
            return;
        }
        let mut hash = DefaultHasher::new();
        // Of an answer about a budget we hash only that it was asked. The budget is far from spent.
        // What the answer says depends on the order of other actors' charges, and nothing depends
        // on it.
        let about_budgets = request.body["TableName"] == tables().budgets;
        let answer = if about_budgets { request.operation.clone() } else { canonical(answer) };
        (self.seen, answer).hash(&mut hash);
        self.seen = hash.finish();
    }
}

#[derive(Debug, Default)]
struct Shared {
    actors: Mutex<Vec<ActorState>>,
    changed: Notify,
}

impl Shared {
    fn actors(&self) -> MutexGuard<'_, Vec<ActorState>> {
        self.actors.lock().expect("no actor panics while it holds the lock")
    }
}

/// Notes that an actor has ended or panicked. Without the note, the scheduler would wait for it for
/// ever.
struct EndOfActor {
    shared: Arc<Shared>,
    index: usize,
}

impl Drop for EndOfActor {
    fn drop(&mut self) {
        let place = if std::thread::panicking() { Place::Panicked } else { Place::Done };
        self.shared.actors()[self.index].place = place;
        self.shared.changed.notify_one();
    }
}

/// Decides who goes next.
pub struct Scheduler {
    embedded: Embedded,
    starts_over: StartsOver,
    torn: Option<Torn>,
    shared: Arc<Shared>,
    tasks: Vec<Option<JoinHandle<()>>>,
}

impl Scheduler {
    pub fn new(embedded: Embedded, starts_over: StartsOver) -> Self {
        Self { embedded, starts_over, torn: None, shared: Arc::default(), tasks: vec![] }
    }

    /// Returns the same scheduler, in which others may write between the two reads of a book.
    pub fn with_torn(mut self, torn: Option<Torn>) -> Self {
        self.torn = torn;
        self
    }

    /// Adds an actor, which runs until its first request.
    pub async fn spawn<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        actor: impl FnOnce(Store) -> F,
    ) -> usize {
        let index = self.tasks.len();
        self.shared.actors().push(ActorState { place: Place::Running, seen: 0 });
        let gate = Gate {
            embedded: self.embedded.clone(),
            starts_over: self.starts_over,
            torn: self.torn,
            shared: Arc::clone(&self.shared),
            index,
        };
        let future = actor(store_over(gate));
        let end = EndOfActor { shared: Arc::clone(&self.shared), index };
        self.tasks.push(Some(tokio::spawn(async move {
            let _end = end;
            future.await;
        })));
        self.settle().await;
        index
    }

    /// Returns the request that actor `index` makes next, or `None` unless it is parked.
    pub fn next_of(&self, index: usize) -> Option<Request> {
        match &self.shared.actors()[index].place {
            Place::Parked(_, request) => Some(request.clone()),
            Place::Running | Place::Done | Place::Panicked => None,
        }
    }

    /// Lets actor `index` make its request, and run on until the next one.
    pub async fn step(&self, index: usize) {
        self.go(index, Go::On).await;
    }

    /// Lets actor `index` make its request and loses the answer. The actor runs on until its next
    /// request, which may be the same one again.
    pub async fn lose(&self, index: usize) {
        self.go(index, Go::Lose).await;
    }

    async fn go(&self, index: usize, go: Go) {
        let place = std::mem::replace(&mut self.shared.actors()[index].place, Place::Running);
        let Place::Parked(sender, _) = place else {
            panic!("actor {index} isn't parked: {place:?}")
        };
        assert!(sender.send(go).is_ok(), "a parked actor waits");
        self.settle().await;
    }

    /// Runs two actors to their ends, in an order that begins with `turns`. Returns the first turns
    /// of other orders to try: for each point at which both were about to make requests that race,
    /// the order in which the second one goes first.
    pub async fn finish_both(
        &self,
        turns: &[usize],
        races: impl Fn(&Request) -> bool,
    ) -> Vec<Vec<usize>> {
        let mut taken = turns.to_vec();
        for actor in turns {
            self.step(*actor).await;
        }
        let mut others = vec![];
        loop {
            let next = match [self.next_of(0), self.next_of(1)]
                .map(|next| next.map(|request| races(&request)))
            {
                [None, None] => return others,
                [Some(_), None] => 0,
                [None, Some(_)] => 1,
                [Some(true), Some(true)] => {
                    others.push([&taken[..], &[1]].concat());
                    0
                }
                [Some(first_races), Some(_)] => usize::from(first_races),
            };
            self.step(next).await;
            taken.push(next);
        }
    }

    /// Ends actor `index` before its request, for good.
    pub async fn crash(&mut self, index: usize) {
        if let Some(task) = self.tasks[index].take() {
            task.abort();
            let _ = task.await;
        }
        self.shared.actors()[index].place = Place::Done;
    }

    /// Returns a fingerprint of what the actors remember.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        for actor in self.shared.actors().iter() {
            let remembers = (!matches!(actor.place, Place::Done)).then_some(actor.seen);
            remembers.hash(&mut hash);
        }
        hash.finish()
    }

    /// Waits until no actor runs. An actor that sleeps before it tries again counts as running: the
    /// clock jumps to the end of its sleep, since nothing else is going on.
    async fn settle(&self) {
        loop {
            let is_any = |place: fn(&Place) -> bool| {
                self.shared.actors().iter().any(|actor| place(&actor.place))
            };
            assert!(!is_any(|place| matches!(place, Place::Panicked)), "an actor panicked");
            if !is_any(|place| matches!(place, Place::Running)) {
                return;
            }
            self.shared.changed.notified().await;
        }
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        for task in self.tasks.iter().flatten() {
            task.abort();
        }
    }
}

/// One actor's connection to the database.
#[derive(Clone, Debug)]
struct Gate {
    embedded: Embedded,
    starts_over: StartsOver,
    torn: Option<Torn>,
    shared: Arc<Shared>,
    index: usize,
}

impl Gate {
    /// Waits until the scheduler lets the request go.
    async fn wait(&self, about: &Request) -> Go {
        let (go, wait) = oneshot::channel();
        self.shared.actors()[self.index].place = Place::Parked(go, about.clone());
        self.shared.changed.notify_one();
        match wait.await {
            Ok(go) => go,
            // The scheduler is dropped, and with it every actor that could want the answer.
            Err(_) => std::future::pending().await,
        }
    }

    fn execute(&self, about: &Request) -> (u16, String) {
        self.embedded.answer(&about.operation, about.body.to_string().as_bytes())
    }

    /// Reads the two items of a book one after the other. Between them, others may write.
    async fn read_torn(&self, about: &Request, torn: Torn) -> (u16, String) {
        let (_, first) = self.execute(about);
        let read = serde_json::from_str(&first).expect("an answer is JSON");
        self.shared.actors()[self.index].see(self.starts_over, about, &read);
        self.wait(about).await;
        let (status, second) = self.execute(about);
        let (heads, bases) = match torn {
            Torn::HeadFirst => (&first, &second),
            Torn::BaseFirst => (&second, &first),
        };
        let items = |answer: &str, are_bases: bool| -> Vec<Value> {
            let answer: Value = serde_json::from_str(answer).expect("an answer is JSON");
            let items = answer["Items"].as_array().cloned().unwrap_or_default();
            items.into_iter().filter(|item| item["tag"].is_object() == are_bases).collect()
        };
        let both = [items(heads, false), items(bases, true)].concat();
        (
            status,
            json!({ "Count": both.len(), "ScannedCount": both.len(), "Items": both }).to_string(),
        )
    }
}

impl HttpConnector for Gate {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let gate = self.clone();
        HttpConnectorFuture::new(async move {
            let mut body: Value =
                serde_json::from_slice(request.body().bytes().unwrap_or_default()).expect("JSON");
            if let Some(body) = body.as_object_mut() {
                // A transaction that is repeated meets what it has written itself, as it does when
                // DynamoDB has forgotten its token.
                body.remove("ClientRequestToken");
            }
            let about = Request { operation: operation(&request).to_owned(), body };
            let go = gate.wait(&about).await;
            let (status, answer) = match gate.torn.filter(|_| about.is_about_one_book()) {
                Some(torn) => gate.read_torn(&about, torn).await,
                None => gate.execute(&about),
            };
            let read: Value = serde_json::from_str(&answer).expect("an answer is JSON");
            if matches!(go, Go::Lose) {
                gate.shared.actors()[gate.index].see(gate.starts_over, &about, &"lost".into());
                let cut = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
                return Err(ConnectorError::io(cut.into()));
            }
            gate.shared.actors()[gate.index].see(gate.starts_over, &about, &read);
            Ok(http_response(status, answer))
        })
    }
}

/// Returns JSON with its keys in order, and without the values that the wall clock and chance put
/// there.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields
                .iter()
                .filter(|(name, _)| {
                    !["expires_at", "uploaded_by", "used_at"].contains(&name.as_str())
                })
                .collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields: Vec<_> =
                fields.iter().map(|(name, value)| format!("{name}:{}", canonical(value))).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(values) => {
            format!("[{}]", values.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}
