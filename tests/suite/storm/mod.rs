//! A storm. 32 clients upload, read, join, rename and leave over shared phones, while every call to
//! DynamoDB and to the push service may fail in every possible way. When it is over, all invariants
//! of `docs/DESIGN.md` hold, no acknowledged upload is lost, and every client has had an answer in
//! time.
//!
//! Time is simulated: the clock jumps whenever nobody has anything to do. `STORM_SEED` repeats a
//! run.

mod check;
mod clients;
mod explained;
mod history;
mod phones;
mod relay;
mod weather;

use std::sync::Arc;
use std::time::Duration;

use model::Clock;
use serde_json::json;
use store::Keyring;
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::clients::{Client, USERS};
use self::history::History;
use self::phones::FakePhones;
use self::relay::Relay;
use self::weather::{Forecast, Weather};
use support::embedded::{Embedded, database, patient_store_over};
use support::faults::Faulty;
use support::functions::Functions;
use support::requests::{read, request, subscription};

const CLIENTS: usize = 32;
/// Rounds of one run. Each takes some seconds.
const ROUNDS: u64 = 3;
/// The time of a request from a function to DynamoDB, one way.
const TRAVEL: Duration = Duration::from_millis(1);
/// A time that is longer than any abandoned call may still be under way.
const AFTERMATH: Duration = Duration::from_secs(30);

/// The same keys in every run, so that a seed repeats it.
const SECRET: &str =
    r#"{"index":"1","current":"1","1":"not so secret, and of 32 characters or more"}"#;

/// How many phones the users register and give up.
pub const PHONES: usize = 10;

pub fn digits(n: usize) -> String {
    format!("1650555010{n}")
}

/// The users who have every phone in their books before the storm, and never leave.
pub const WATCHERS: [&str; 2] = ["watcher-0", "watcher-1"];

/// A clock that follows the simulated time.
#[derive(Clone, Copy, Debug)]
pub struct SimulatedClock(Instant);

impl Clock for SimulatedClock {
    fn now_ms(&self) -> u64 {
        1_700_000_000_000 + u64::try_from(self.0.elapsed().as_millis()).unwrap_or_default()
    }
}

/// What all clients share.
#[derive(Clone)]
pub struct World {
    pub embedded: Embedded,
    pub functions: Functions<FakePhones, Relay, SimulatedClock>,
    pub weather: Weather,
    pub history: Arc<History>,
}

impl World {
    async fn new(seed: u64) -> Self {
        let (embedded, weather) = (database().await, Weather::new(seed));
        let keys: Keyring = SECRET.parse().expect("keys");
        let plan = weather.clone();
        let faulty =
            Faulty::new(embedded.clone(), TRAVEL, Arc::new(move |request| plan.fault(request)));
        let functions = Functions {
            store: patient_store_over(faulty, keys.clone()),
            keys: keys.clone(),
            push: FakePhones::new(weather.clone()),
            queue: Relay::new(weather.clone(), keys),
            clock: SimulatedClock(Instant::now()),
        };
        Self { embedded, functions, weather, history: Arc::default() }
    }

    /// Lets the watchers fill their books and subscribe, in calm weather.
    async fn set_up(&self) {
        for watcher in WATCHERS {
            let contacts: Vec<_> = (0..PHONES)
                .map(
                    |n| json!({"name": format!("contact {n}"), "phone": format!("+{}", digits(n))}),
                )
                .collect();
            let body = json!({ "contacts": contacts }).to_string();
            let (status, _) = read(
                &self.functions.http(request("POST", "/address_book", watcher, Some(body))).await,
            );
            assert_eq!(status, 200);
            let (status, _) = read(&self.functions.http(subscription(watcher, "pixel")).await);
            assert_eq!(status, 201);
        }
    }
}

async fn round(seed: u64) {
    // This seeds the SDK's jitter, the backoff's, and the functions' own random ids.
    fastrand::seed(seed);
    let world = World::new(seed).await;
    world.set_up().await;
    let mut relay = world.functions.queue.start(&world);
    let weather = tokio::spawn(world.weather.clone().change());
    let mut clients = JoinSet::new();
    for n in 0..CLIENTS {
        let client =
            Client::new(world.clone(), USERS[n % USERS.len()], seed.wrapping_add(1 + n as u64));
        clients.spawn(client.act());
    }
    while let Some(ended) = clients.join_next().await {
        ended.expect("no client panics");
    }
    weather.abort();
    world.weather.set(Forecast::Calm);
    tokio::time::sleep(AFTERMATH).await;
    world.functions.queue.drained(&world).await;
    relay.abort_all();
    check::at_rest(&world).await;
    let explained = explained::every_pair(&world).await;
    println!("STORM_SEED={seed}: {explained}");
    println!("STORM_SEED={seed}: {}, {}", world.history.summary(), world.weather.summary());
}

#[test]
fn a_storm_breaks_nothing_and_leaves_nobody_without_an_answer() {
    let first = support::seed("STORM_SEED");
    // With a seed it repeats that one storm.
    let again = std::env::var_os("STORM_SEED").is_some();
    let rounds = if support::is_exhaustive() && !again { ROUNDS } else { 1 };
    for seed in (0..rounds).map(|round| first.wrapping_add(round)) {
        println!("STORM_SEED={seed}");
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(round(seed));
    }
}
