//! Runs every order, with every crash: depth first, each run from the start, and no state twice.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use local::tables;
use serde_json::{Value, json};

use super::scenario::{Actor, End, Scenario, Stage, act};
use super::{check, forgotten};
use support::embedded::{Embedded, database};
use support::gate::{Request, Scheduler, canonical, on_a_stopped_clock};
use support::{is_exhaustive, seed};

/// Which crashes to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crashes {
    None,
    /// One actor dies before one of its requests. An upload then stays dead. A message comes again,
    /// and so do the deletion of the account and the forgetting of the phone.
    One,
    /// The answer to one write of a book is lost, and it isn't known whether the book was written.
    LostAnswer,
}

/// What the scheduler does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This actor makes its request.
    Step(usize),
    /// This actor dies before its request.
    Crash(usize),
    /// This actor makes its request, and the answer is lost.
    Lose(usize),
}

/// Runs of one scenario unless `EXHAUSTIVE` is set: about a second.
const QUICK_RUNS: usize = 60;
/// Runs of a scenario that has too many orders for all of them to be run: some seconds.
const SAMPLED_RUNS: usize = 300;

/// Runs all orders of the scenario's actors, and panics with the decisions that break an invariant.
///
/// Unless `EXHAUSTIVE` is set, it runs [`QUICK_RUNS`] of them, chosen by `INVARIANTS_SEED`.
pub fn explore(scenario: &Scenario, crashes: Crashes) {
    explore_at_most(scenario, crashes, (!is_exhaustive()).then_some(QUICK_RUNS));
}

/// Does the same as [`explore`] for a scenario that has too many orders: of those it runs
/// [`SAMPLED_RUNS`] if `EXHAUSTIVE` is set.
pub fn sample(scenario: &Scenario, crashes: Crashes) {
    let runs = if is_exhaustive() { SAMPLED_RUNS } else { QUICK_RUNS };
    explore_at_most(scenario, crashes, Some(runs));
}

fn explore_at_most(scenario: &Scenario, crashes: Crashes, most: Option<usize>) {
    let mut random = most.map(|_| Rng::with_seed(seed("INVARIANTS_SEED")));
    let mut visited = HashSet::new();
    let mut open: Vec<Vec<Decision>> = vec![vec![]];
    let mut runs = 0;
    while !open.is_empty() && most.is_none_or(|most| runs < most) {
        // The last one keeps the list short; any other one leads elsewhere.
        let next = random.as_mut().map_or(open.len() - 1, |random| random.usize(..open.len()));
        let prefix = open.swap_remove(next);
        let trace = Arc::new(Mutex::new(prefix));
        let failed = {
            let trace = Arc::clone(&trace);
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                on_a_stopped_clock(run_on(scenario, crashes, &trace, &mut visited))
            }))
        };
        let others = failed.unwrap_or_else(|_| {
            panic!(
                "{} breaks after {:?}: {scenario:?}",
                scenario.name,
                trace.lock().expect("no panic while the trace is locked")
            )
        });
        open.extend(others);
        runs += 1;
    }
    let left = open.len();
    println!("{}: {} states in {runs} runs, {left} orders left", scenario.name, visited.len());
    assert!(left == 0 || random.is_some(), "every order was run");
}

/// Follows the trace, then goes on to states that no run has visited. Returns the branches that it
/// left out.
async fn run_on(
    scenario: &Scenario,
    crashes: Crashes,
    trace: &Mutex<Vec<Decision>>,
    visited: &mut HashSet<u64>,
) -> Vec<Vec<Decision>> {
    let mut run = Run::start(scenario).await;
    let prefix = trace.lock().expect("no panic").clone();
    for decision in &prefix {
        run.decide(*decision).await;
    }
    let mut left_out = vec![];
    loop {
        if !visited.insert(run.fingerprint()) {
            return left_out;
        }
        check::whole_uploads(scenario, &run.embedded.store()).await;
        let mut choices = run.choices(crashes).into_iter();
        let Some(first) = choices.next() else { break };
        let so_far = trace.lock().expect("no panic").clone();
        left_out.extend(choices.map(|other| [&so_far[..], &[other]].concat()));
        trace.lock().expect("no panic").push(first);
        run.decide(first).await;
    }
    run.check_at_rest().await;
    left_out
}

/// Longer than a lease of the push protocol, which is 60 seconds.
const BEYOND_LEASE_MS: u64 = 61_000;
/// Deliveries of one message before the run is called endless.
const MAX_DELIVERIES: usize = 20;

/// One run of a scenario.
pub struct Run<'a> {
    scenario: &'a Scenario,
    pub embedded: Embedded,
    scheduler: Scheduler,
    stage: Stage,
    /// For each actor of the scenario, its current life in the scheduler, once it has begun.
    lives: Vec<Option<usize>>,
    ends: Arc<Mutex<Vec<Option<End>>>>,
    deliveries: Vec<usize>,
    crashed: bool,
}

impl<'a> Run<'a> {
    pub async fn start(scenario: &'a Scenario) -> Self {
        let embedded = database().await;
        let stage = Stage::new(embedded.clone());
        // An upload's mark and a subscription's id are random. They have to be the same in all runs,
        // or no run reaches a state that another has visited.
        fastrand::seed(0);
        scenario.set_up(&stage).await;
        stage.clock.pass(scenario.age_ms());
        let actors = scenario.actors.len();
        let mut run = Self {
            scenario,
            scheduler: Scheduler::new(embedded.clone(), scenario.starts_over())
                .with_torn(scenario.torn),
            embedded,
            stage,
            lives: vec![None; actors],
            ends: Arc::new(Mutex::new(vec![None; actors])),
            deliveries: vec![0; actors],
            crashed: false,
        };
        run.begin_what_can().await;
        run
    }

    /// Begins the actors that no longer have to wait. A message waits for its change. A message
    /// that failed comes again after the queue's visibility timeout, when every invocation that was
    /// under way has reached its own timeout. An owner whose deletion died deletes again, and so does
    /// an operator who forgets a phone.
    async fn begin_what_can(&mut self) {
        for actor in 0..self.lives.len() {
            let begun = self.lives[actor].is_some();
            let (ready, again) = match &self.scenario.actors[actor] {
                Actor::Message { of } if !begun => (self.end(*of) == Some(End::Done), false),
                Actor::Push { place } if !begun => (self.stage.pushes().len() > *place, false),
                Actor::Message { .. } | Actor::Push { .. } => {
                    (self.end(actor) == Some(End::Failed) && !self.messages_under_way(), true)
                }
                Actor::Change(_) => (!begun && self.changes_before(actor), false),
                Actor::DeleteOwner | Actor::Forget => {
                    (!begun || self.end(actor) == Some(End::Failed), false)
                }
                Actor::Upload(_) | Actor::Wipe(_) | Actor::Expire(_) | Actor::Read => {
                    (!begun, false)
                }
            };
            if ready {
                self.begin(actor, again).await;
            }
        }
    }

    /// Returns whether the changes before this one are done.
    fn changes_before(&self, actor: usize) -> bool {
        let changes =
            (0..actor).filter(|other| matches!(self.scenario.actors[*other], Actor::Change(_)));
        changes.into_iter().all(|other| self.end(other) == Some(End::Done))
    }

    fn messages_under_way(&self) -> bool {
        let messages =
            (0..self.lives.len()).filter(|actor| self.scenario.actors[*actor].is_message());
        messages.into_iter().any(|actor| self.lives[actor].is_some() && self.end(actor).is_none())
    }

    async fn begin(&mut self, actor: usize, again: bool) {
        self.deliveries[actor] += 1;
        assert!(self.deliveries[actor] < MAX_DELIVERIES, "a message never succeeds");
        if again {
            self.stage.clock.pass(BEYOND_LEASE_MS);
        }
        self.ends.lock().expect("no panic")[actor] = None;
        let (scenario, stage, ends) =
            (self.scenario.clone(), self.stage.clone(), Arc::clone(&self.ends));
        // Its random numbers come before its first request, and don't depend on the order of actors.
        // Each life has its own, because idempotency tokens are among them.
        let seed = 1 + (actor * MAX_DELIVERIES + self.deliveries[actor]) as u64;
        let life = self.scheduler.spawn(move |store| async move {
            fastrand::seed(seed);
            let mut store = store.with_clock(stage.clock.clone());
            if scenario.folding.contains(&actor) {
                store = store.with_most_changes_bytes(0);
            }
            let end = act(scenario, actor, stage, store).await;
            ends.lock().expect("no panic")[actor] = Some(end);
        });
        self.lives[actor] = Some(life.await);
    }

    fn end(&self, actor: usize) -> Option<End> {
        self.ends.lock().expect("no panic")[actor]
    }

    /// Returns what could happen next. If an actor is about to read what no actor writes, only that
    /// is returned, because its time makes no difference to any actor.
    pub fn choices(&self, crashes: Crashes) -> Vec<Decision> {
        let next = |actor: usize| self.lives[actor].and_then(|life| self.scheduler.next_of(life));
        let parked: Vec<usize> =
            (0..self.lives.len()).filter(|actor| next(*actor).is_some()).collect();
        let idle = |actor: &&usize| {
            next(**actor).is_some_and(|request| self.scenario.nobody_writes(&request))
        };
        if let Some(reader) = parked.iter().find(idle) {
            return vec![Decision::Step(*reader)];
        }
        let mortal = |actor: &&usize| {
            let actor = &self.scenario.actors[**actor];
            actor.is_message()
                || matches!(
                    actor,
                    Actor::Upload(_) | Actor::Wipe(_) | Actor::DeleteOwner | Actor::Forget
                )
        };
        let mut choices: Vec<Decision> =
            parked.iter().map(|actor| Decision::Step(*actor)).collect();
        if crashes == Crashes::One && !self.crashed {
            choices.extend(parked.iter().filter(mortal).map(|actor| Decision::Crash(*actor)));
        }
        if crashes == Crashes::LostAnswer && !self.crashed {
            let writes =
                |actor: &&usize| next(**actor).is_some_and(|request| writes_book(&request));
            choices.extend(parked.iter().filter(writes).map(|actor| Decision::Lose(*actor)));
        }
        choices
    }

    pub async fn decide(&mut self, decision: Decision) {
        match decision {
            Decision::Step(actor) => {
                self.scheduler.step(self.lives[actor].expect("it has begun")).await;
            }
            Decision::Crash(actor) => {
                self.crashed = true;
                self.scheduler.crash(self.lives[actor].expect("it has begun")).await;
                self.ends.lock().expect("no panic")[actor] = Some(End::Failed);
            }
            Decision::Lose(actor) => {
                self.crashed = true;
                self.scheduler.lose(self.lives[actor].expect("it has begun")).await;
            }
        }
        self.begin_what_can().await;
    }

    /// Runs `actor` until its next request is the `nth` of this operation, or to its end.
    pub async fn until(&mut self, actor: usize, operation: &str, nth: usize) {
        let mut met = 0;
        while let Some(request) = self.lives[actor].and_then(|life| self.scheduler.next_of(life)) {
            met += usize::from(request.operation == operation);
            if met == nth && nth > 0 {
                return;
            }
            self.decide(Decision::Step(actor)).await;
        }
    }

    /// Runs `actor` to its end.
    pub async fn finish(&mut self, actor: usize) {
        self.until(actor, "", 0).await;
    }

    /// Returns a hash of all that the rest of the run depends on: the tables, what the actors have
    /// seen, and the pushes.
    fn fingerprint(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        let tables = tables();
        for table in [
            &tables.address_books,
            &tables.contact_owners,
            &tables.users,
            &tables.subscriptions,
            &tables.claims,
        ] {
            let scan = serde_json::from_value(json!({ "TableName": table })).expect("a request");
            let answer = self.embedded.0.scan(scan).expect("a scan");
            canonical(&serde_json::to_value(&answer).expect("JSON")).hash(&mut hash);
        }
        self.scheduler.fingerprint().hash(&mut hash);
        (
            &*self.ends.lock().expect("no panic"),
            self.stage.inbox.pushes().len(),
            self.stage.pushes(),
            self.crashed,
            self.stage.clock.passed(),
        )
            .hash(&mut hash);
        hash.finish()
    }

    /// Delivers the pushes that no actor of the scenario delivers, until they succeed.
    async fn drain_pushes(&self) {
        let actors = self.scenario.actors.iter();
        let of_actors = actors.filter(|actor| matches!(actor, Actor::Push { .. })).count();
        for place in of_actors..self.stage.pushes().len() {
            let mut deliveries = 0;
            while self.stage.push(place, &self.embedded.store()).await == End::Failed {
                self.stage.clock.pass(BEYOND_LEASE_MS);
                deliveries += 1;
                assert!(deliveries < MAX_DELIVERIES, "a push never succeeds");
            }
        }
    }

    pub async fn check_at_rest(&self) {
        self.drain_pushes().await;
        let ends = self.ends.lock().expect("no panic").clone();
        let store = self.embedded.store();
        check::at_rest(self.scenario, &store, &ends, &self.stage.inbox, self.crashed).await;
        if self.scenario.forgets() {
            let actors = 0..self.deliveries.len();
            let repeated = actors.into_iter().any(|actor| {
                self.deliveries[actor] > 1 && matches!(self.scenario.actors[actor], Actor::Forget)
            });
            forgotten::at_rest(self.scenario, &self.embedded, self.crashed && !repeated).await;
        }
    }
}

/// Returns whether a request writes a book.
fn writes_book(request: &Request) -> bool {
    let table = &tables().address_books;
    let transaction = request.body["TransactItems"].as_array();
    let puts = |write: &Value| write["Put"]["TableName"] == *table;
    request.is("PutItem", table) || transaction.is_some_and(|writes| writes.iter().any(puts))
}
