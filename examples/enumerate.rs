//! Plays the known ways of reading through all the phone numbers of the world, against the handlers
//! with the default limits. It prints how many registered numbers one account learns a day.
//!
//! `cargo run --example enumerate` takes some ten minutes. Names of strategies after `--` run these
//! alone. Every tenth number is a user's. The attacker asks as cleverly as they can: they ask
//! again, in halves, about what is refused, until nothing more is taken. `docs/SECURITY.md` has the
//! figures.

#![expect(clippy::print_stdout, reason = "it prints its figures")]

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use api::EventBuilder;
use futures::future::join_all;
use local::{Database, HttpFunctions, Inbox};
use model::{Clock, Issuers, Limits};
use protocol::{PhoneClaim, ProfilePatch, Renewal, sign_up};
use serde_json::{Value, json};
use support::requests::read;
use support::{providers, session_settings, user_settings};

const DAYS: usize = 3;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// One number in this many is a user's.
const DENSITY: u64 = 10;
/// Numbers that the attacker goes through. No strategy gets to see as many.
const NUMBERS: u64 = 40_000;

/// A clock that the simulation sets.
#[derive(Debug)]
struct SetClock(Mutex<u64>);

impl Clock for SetClock {
    fn now_ms(&self) -> u64 {
        *self.0.lock().expect("no panic")
    }
}

#[derive(Clone, Copy, Debug)]
enum Strategy {
    /// One number after the other is added to one book. A full book is emptied.
    Sequential,
    /// Each upload replaces the book.
    ForceCycling,
    /// Each upload goes into the book of a new device, which is wiped after a look at it.
    UdidCycling,
    /// The account is deleted and created again before each upload.
    DeleteAndSignUp,
    /// Like sequential, but in uploads of fifty.
    SmallUploads,
    /// Eight uploads are made at once, each for a device of its own.
    Racing,
}

const STRATEGIES: [Strategy; 6] = [
    Strategy::Sequential,
    Strategy::ForceCycling,
    Strategy::UdidCycling,
    Strategy::DeleteAndSignUp,
    Strategy::SmallUploads,
    Strategy::Racing,
];

/// A deployment.
type World = HttpFunctions<Inbox, SetClock>;

/// An account that wants to know which numbers are users'.
struct Attacker<'a> {
    world: &'a World,
    strategy: Strategy,
    /// The numbers about which nothing is known yet.
    unasked: VecDeque<u64>,
    asked: u64,
    learned: HashSet<String>,
    books: usize,
    accounts: usize,
}

fn digits(n: u64) -> String {
    format!("1650{:07}", 2_000_000 + n)
}

#[tokio::main]
async fn main() {
    let database = Database::in_memory().await.expect("a database");
    let (default_region, limits) = ("US".parse().expect("a region"), Limits::default());
    let (users, holder_changes) = (user_settings(), limits.holder_changes);
    let users = users::Settings { holder_changes, ..users };
    let world = World {
        store: database.store(),
        push: Inbox::default(),
        clock: SetClock(Mutex::new(1_795_485_472_000)),
        uploads: upload::Settings { default_region, issuers: Issuers::default(), limits },
        sessions: session::Settings { users, ..session_settings() },
        providers: Arc::new(providers()),
        renewal: Renewal::default(),
    };
    for n in (0..NUMBERS).step_by(DENSITY as usize) {
        let user = format!("user-{n}").parse().expect("a user");
        let claim = PhoneClaim::Proven(digits(n).parse().expect("a phone"));
        sign_up(&world.store, &world.clock, &user, claim, &ProfilePatch::default())
            .await
            .expect("signed up");
    }
    println!("{:<16} {:>5} {:>8} {:>11}", "strategy", "day", "asked", "learned");
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is_wanted =
        |strategy: &Strategy| wanted.is_empty() || wanted.contains(&format!("{strategy:?}"));
    for strategy in STRATEGIES.into_iter().filter(is_wanted) {
        let mut attacker = Attacker::new(&world, strategy);
        for day in 1..=DAYS {
            let before = (attacker.asked, attacker.learned.len());
            attacker.spend_a_day().await;
            let (asked, learned) = (attacker.asked - before.0, attacker.learned.len() - before.1);
            println!("{:<16} {day:>5} {asked:>8} {learned:>11}", format!("{strategy:?}"));
            *world.clock.0.lock().expect("no panic") += DAY_MS;
        }
    }
    database.stop().await;
}

impl<'a> Attacker<'a> {
    fn new(world: &'a World, strategy: Strategy) -> Self {
        Self {
            world,
            strategy,
            unasked: (0..NUMBERS).collect(),
            asked: 0,
            learned: HashSet::new(),
            books: 0,
            accounts: 0,
        }
    }

    /// Adds as many numbers as are accepted, in smaller and smaller parts.
    async fn spend_a_day(&mut self) {
        let mut at_once = if matches!(self.strategy, Strategy::SmallUploads) { 50 } else { 2_000 };
        while at_once > 0 {
            let taken = match self.strategy {
                Strategy::Racing => self.race(at_once).await,
                _ => self.ask(at_once).await,
            };
            if !taken {
                at_once /= 2;
            }
        }
    }

    /// Makes one upload, and looks at what it shows. Returns whether it was accepted.
    async fn ask(&mut self, numbers: usize) -> bool {
        let udid = match self.strategy {
            Strategy::UdidCycling => Some(self.new_udid()),
            _ => None,
        };
        if matches!(self.strategy, Strategy::DeleteAndSignUp) {
            self.begin_anew().await;
        }
        let force = matches!(self.strategy, Strategy::ForceCycling);
        let asked: Vec<u64> = self.unasked.drain(..numbers).collect();
        let (status, answer) = self.upload(&asked, udid.as_deref(), force).await;
        if status == 200 && answer["rejected"] != json!({}) {
            // The book is full: empty it, and go on.
            self.upload(&[], None, true).await;
        }
        self.settle(asked, status, &answer);
        self.look(udid.as_deref()).await;
        if let Some(udid) = udid {
            self.call("DELETE", &format!("/address_book?udid={udid}"), Value::Null).await;
        }
        status == 200
    }

    /// Counts the numbers that were taken. The others are the last ones, and are asked about again.
    fn settle(&mut self, mut asked: Vec<u64>, status: i64, answer: &Value) {
        let created = answer["created"].as_u64().filter(|_| status == 200).unwrap_or(0);
        self.asked += created;
        self.unasked.extend(asked.split_off(created as usize));
    }

    /// Makes eight uploads at once. Returns whether any was accepted.
    async fn race(&mut self, numbers: usize) -> bool {
        let parts: Vec<(String, Vec<u64>)> =
            (0..8).map(|_| (self.new_udid(), self.unasked.drain(..numbers).collect())).collect();
        let answers =
            join_all(parts.iter().map(|(udid, asked)| self.upload(asked, Some(udid), false))).await;
        let taken = answers.iter().any(|(status, _)| *status == 200);
        for ((udid, asked), (status, answer)) in parts.into_iter().zip(answers) {
            self.settle(asked, status, &answer);
            self.look(Some(&udid)).await;
            self.call("DELETE", &format!("/address_book?udid={udid}"), Value::Null).await;
        }
        taken
    }

    fn new_udid(&mut self) -> String {
        self.books += 1;
        format!("device-{}", self.books)
    }

    /// Signs up again, if that isn't refused: an account and a phone change only so often.
    async fn begin_anew(&mut self) {
        let (status, user) = self.call("POST", "/users", json!({"user": {}})).await;
        if status != 201 {
            return;
        }
        self.call("DELETE", &format!("/users/{}", user["user"]["id"]), Value::Null).await;
        self.call("POST", "/users", json!({"user": {}})).await;
        self.accounts += 1;
    }

    async fn upload(&self, numbers: &[u64], udid: Option<&str>, force: bool) -> (i64, Value) {
        let contact = |n: &u64| json!({"name": "x", "phone": format!("+{}", digits(*n))});
        let contacts: Vec<Value> = numbers.iter().map(contact).collect();
        let body = json!({"contacts": contacts, "udid": udid, "force": u8::from(force)});
        self.call("POST", "/address_book", body).await
    }

    async fn look(&mut self, udid: Option<&str>) {
        let udid = udid.map(|udid| format!("&udid={udid}")).unwrap_or_default();
        let path = format!("/address_book/registered_users?compact=1{udid}");
        let (_, answer) = self.call("GET", &path, Value::Null).await;
        let phones = answer["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|item| item["user"]["phone"].to_string());
        self.learned.extend(phones);
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (i64, Value) {
        // Each account has proven a phone of its own: without one, nobody may add numbers.
        let place = STRATEGIES.iter().position(|strategy| *strategy as u8 == self.strategy as u8);
        let token = format!("{:?}:+1415555010{}", self.strategy, place.unwrap_or_default());
        let mut event = EventBuilder::new(method, path).token(&token);
        if !body.is_null() {
            event = event.json(&body);
        }
        read(&self.world.answer(event.build()).await)
    }
}
