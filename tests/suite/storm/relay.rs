//! Delivers records of the stream and messages of the queue, again and again until the functions
//! finish them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use protocol::queue::{
    BookMessage, BookQueue, FailedRecord, FailedRecords, PushMessage, PushQueue, QueueError,
};
use store::Keyring;
use tokio::task::JoinSet;

use super::World;
use super::weather::Weather;

/// Invocations of join-push and push at once.
const WORKERS: usize = 4;
/// How long a message that failed stays invisible.
const VISIBILITY: Duration = Duration::from_secs(20);
/// How often we check, every half second, whether the queue is empty once the weather is calm.
const PATIENCE: usize = 10_000;

/// The body of a message, for one of the two functions.
#[derive(Clone)]
enum Message {
    Book(String),
    Push(String),
}

#[derive(Default)]
struct State {
    messages: VecDeque<Message>,
    /// Messages that a worker has, or that wait to come again.
    away: usize,
    /// The last record of the stream that was passed on.
    read: Option<String>,
    /// The users who were announced, by public id.
    users: BTreeMap<u32, String>,
    /// Invocations of push that were ended in the middle.
    crashes: usize,
}

/// The queue of joins, and what moves it.
#[derive(Clone)]
pub struct Relay {
    weather: Weather,
    keys: Keyring,
    state: Arc<Mutex<State>>,
}

impl Relay {
    pub fn new(weather: Weather, keys: Keyring) -> Self {
        Self { weather, keys, state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    pub fn crashes(&self) -> usize {
        self.state().crashes
    }

    /// Starts the tasks that pass records and messages on.
    pub fn start(&self, world: &World) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let (relay, of) = (self.clone(), world.clone());
        tasks.spawn(async move {
            loop {
                relay.pass_on(&of).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        for _ in 0..WORKERS {
            let (relay, of) = (self.clone(), world.clone());
            tasks.spawn(async move {
                loop {
                    relay.work(&of).await;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            });
        }
        tasks
    }

    /// Passes the stream's new records on. Returns `false` if there are none.
    async fn pass_on(&self, world: &World) -> bool {
        let after = self.state().read.clone();
        let records = world.embedded.stream(after.as_deref());
        let number = |record: &serde_json::Value| {
            record["dynamodb"]["SequenceNumber"].as_str().map(ToOwned::to_owned)
        };
        let again = world.functions.joins(&records).await;
        let done = records
            .iter()
            .map_while(|record| number(record).filter(|number| Some(number) != again.as_ref()));
        let last = done.last();
        if last.is_some() {
            self.state().read = last;
        }
        !records.is_empty()
    }

    /// Processes a message. Sometimes the invocation ends in the middle, and the message comes
    /// again.
    async fn work(&self, world: &World) {
        let message = {
            let mut state = self.state();
            let Some(message) = state.messages.pop_front() else { return };
            state.away += 1;
            message
        };
        let crash = self.weather.strikes(4).is_some_and(|kind| kind == 0);
        let end = if crash {
            self.weather.up_to(Duration::from_secs(5))
        } else {
            Duration::from_secs(60)
        };
        let worked = async {
            match &message {
                Message::Book(body) => world.functions.join_push(body).await.0,
                Message::Push(body) => world.functions.push(body).await.0,
            }
        };
        let worked = tokio::time::timeout(end, worked).await;
        if let Ok(true) = worked {
            self.state().away -= 1;
            return;
        }
        let pushing = matches!(message, Message::Push(_));
        self.state().crashes += usize::from(worked.is_err() && pushing);
        let relay = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(VISIBILITY).await;
            let mut state = relay.state();
            state.away -= 1;
            state.messages.push_back(message);
        });
    }

    /// Waits until the stream is read and the queue is empty.
    pub async fn drained(&self, world: &World) {
        for _ in 0..PATIENCE {
            let idle = {
                let state = self.state();
                state.messages.is_empty() && state.away == 0
            };
            if idle && world.embedded.stream(self.state().read.as_deref()).is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("the queue never becomes empty");
    }
}

impl Relay {
    fn send_all(&self, messages: impl Iterator<Item = Message>) -> Result<(), QueueError> {
        let failed = || QueueError { code: "InternalError".to_owned() };
        let strike = self.weather.strikes(2);
        if strike == Some(0) {
            return Err(failed());
        }
        self.state().messages.extend(messages);
        // The messages were sent, but the caller gets an error.
        if strike.is_some() { Err(failed()) } else { Ok(()) }
    }
}

impl BookQueue for Relay {
    async fn send(&self, messages: &[BookMessage]) -> Result<(), QueueError> {
        for joiner in messages.iter().filter_map(|message| message.joiner.as_ref()) {
            let user = joiner.user.as_str().to_owned();
            let former = self.state().users.insert(joiner.id.get(), user.clone());
            assert!(former.is_none_or(|former| former == user), "an id is given twice");
        }
        self.send_all(messages.iter().map(|message| Message::Book(message.to_body(&self.keys))))
    }
}

impl PushQueue for Relay {
    async fn send_pushes(&self, messages: &[PushMessage]) -> Result<(), QueueError> {
        self.send_all(messages.iter().map(|message| Message::Push(message.to_body(&self.keys))))
    }
}

impl FailedRecords for Relay {
    async fn keep(&self, record: &FailedRecord) -> Result<(), QueueError> {
        panic!("a record makes no sense: {record:?}")
    }
}
