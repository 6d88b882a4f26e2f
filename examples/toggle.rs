//! Plays the attack on everybody's joins, against the local server: one account turns its
//! visibility on and off seven times a second, while its number is in a hundred books of five other
//! accounts. It prints what strangers notice: in peace, under attack, and afterwards.
//!
//! `cargo run --example toggle` takes about a minute. A number after `--` is the number of strangers
//! who join in each phase; 10 is the default. `docs/SECURITY.md` has the figures.

#![expect(clippy::print_stdout, reason = "it prints its figures")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use local::{Args, Server};
use serde_json::{Value, json};
use support::http::call;

const ATTACKER: &str = "attacker:+14155550100";
/// Accounts whose books hold the attacker's number, and the books of each. Together these are as
/// many hints as one message handles.
const ACCOMPLICES: usize = 5;
const BOOKS: usize = 20;
const TOGGLES_A_SECOND: u64 = 7;
/// Contacts of each large upload. The attacker's number is one of them.
const CONTACTS: usize = 3_000;
const UPLOADS: usize = 3;
/// A join that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// What strangers noticed in one phase.
struct Noticed {
    /// How long each stranger took to appear in a book, the fastest first.
    delays: Vec<Duration>,
    /// The statuses of the large uploads.
    uploads: Vec<u16>,
}

#[derive(Default)]
struct Toggles {
    over: AtomicBool,
    accepted: AtomicU32,
    refused: AtomicU32,
}

#[tokio::main]
async fn main() {
    let joiners = std::env::args().nth(1).and_then(|given| given.parse().ok()).unwrap_or(10);
    let server = Server::start(&Args { port: 0, ..Args::default() }).await.expect("a server");
    let address = server.address();
    let attacker = prepare(address).await;
    let peace = phase(address, "peace", joiners).await;
    report("in peace", &peace);
    let toggles = Arc::new(Toggles::default());
    let toggling = tokio::spawn(toggle(address, attacker, Arc::clone(&toggles)));
    tokio::time::sleep(Duration::from_secs(3)).await;
    let attack = phase(address, "attack", joiners).await;
    report("under attack", &attack);
    toggles.over.store(true, Ordering::Relaxed);
    toggling.await.expect("no panic");
    // The same again shows what is due to the attack, and what to a server that has more to keep.
    let after = phase(address, "after", joiners).await;
    report("afterwards", &after);
    println!(
        "changes of visibility: {} accepted, {} refused",
        toggles.accepted.load(Ordering::Relaxed),
        toggles.refused.load(Ordering::Relaxed),
    );
    server.stop().await.expect("stopped");
}

/// Signs the attacker up, and puts their number into a hundred books. Returns the path of their
/// account.
async fn prepare(address: SocketAddr) -> String {
    let (_, user) = call(address, "POST", "/users", ATTACKER, json!({})).await;
    for accomplice in 0..ACCOMPLICES {
        for book in 0..BOOKS {
            let contacts = json!([{"name": "A", "phone": "+14155550100"}]);
            let body = json!({"contacts": contacts, "udid": format!("device-{book}")});
            let token = format!("accomplice-{accomplice}");
            let (status, answer) = call(address, "POST", "/address_book", &token, body).await;
            assert_eq!(status, 200, "{answer}");
        }
    }
    format!("/users/{}", user["user"]["id"])
}

async fn toggle(address: SocketAddr, account: String, toggles: Arc<Toggles>) {
    let mut ticks = tokio::time::interval(Duration::from_millis(1_000 / TOGGLES_A_SECOND));
    let mut shown = true;
    while !toggles.over.load(Ordering::Relaxed) {
        ticks.tick().await;
        let body = json!({"user": {"discoverable_by_phone": !shown}});
        let (status, _) = call(address, "PUT", &account, ATTACKER, body).await;
        if status == 200 {
            shown = !shown;
            toggles.accepted.fetch_add(1, Ordering::Relaxed);
        } else {
            toggles.refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Lets strangers join one after another, and makes large uploads in between.
async fn phase(address: SocketAddr, name: &str, joiners: usize) -> Noticed {
    let mut noticed = Noticed { delays: vec![], uploads: vec![] };
    for upload in 0..UPLOADS {
        noticed.uploads.push(upload_many(address, name, upload).await);
    }
    for joiner in 0..joiners {
        noticed.delays.push(join(address, name, joiner).await);
    }
    noticed.delays.sort_unstable();
    noticed
}

/// Makes one large upload as a user of its own. Returns its status.
async fn upload_many(address: SocketAddr, phase: &str, upload: usize) -> u16 {
    let numbers = (0..CONTACTS - 1).map(|n| format!("+1650{:07}", 2_000_000 + n));
    let contacts: Vec<Value> = numbers
        .chain(["+14155550100".to_owned()])
        .map(|phone| json!({"name": "x", "phone": phone}))
        .collect();
    let token = token_of(phase, "uploader", upload);
    let body = json!({ "contacts": contacts });
    call(address, "POST", "/address_book", &token, body).await.0
}

/// Lets a stranger join whose number one other person has. Returns how long it takes until that
/// person sees them.
async fn join(address: SocketAddr, phase: &str, joiner: usize) -> Duration {
    let stranger = token_of(phase, "stranger", joiner);
    let friend = token_of(phase, "friend", joiner);
    let (_, phone) = stranger.split_once(':').expect("the token has a phone");
    let body = json!({"contacts": [{"name": "Stranger", "phone": phone}]});
    let (status, answer) = call(address, "POST", "/address_book", &friend, body).await;
    assert_eq!(status, 200, "{answer}");
    let start = Instant::now();
    let (status, answer) = call(address, "POST", "/users", &stranger, json!({})).await;
    assert_eq!(status, 201, "{answer}");
    let path = "/address_book/registered_users?compact=1";
    while start.elapsed() < PATIENCE {
        let (_, seen) = call(address, "GET", path, &friend, Value::Null).await;
        if seen["items"].as_array().is_some_and(|items| !items.is_empty()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    start.elapsed()
}

/// Returns a token with a phone that no other role, phase or number has.
fn token_of(phase: &str, role: &str, number: usize) -> String {
    let area = match (phase, role) {
        ("peace", "uploader") => 201,
        ("peace", "stranger") => 202,
        ("peace", _) => 203,
        ("attack", "uploader") => 204,
        ("attack", "stranger") => 205,
        ("attack", _) => 206,
        (_, "uploader") => 207,
        (_, "stranger") => 208,
        _ => 209,
    };
    format!("{phase}-{role}-{number}:+1{area}555{number:04}")
}

fn report(phase: &str, noticed: &Noticed) {
    let Noticed { delays, uploads } = noticed;
    let succeeded = uploads.iter().filter(|status| **status == 200).count();
    let milliseconds = |place: usize| delays.get(place).map_or(0, Duration::as_millis);
    println!(
        "{phase:<13} joins of strangers: median {} ms, slowest {} ms; uploads of {CONTACTS} contacts: \
         {succeeded} of {} succeeded",
        milliseconds(delays.len() / 2),
        milliseconds(delays.len().saturating_sub(1)),
        uploads.len(),
    );
}
