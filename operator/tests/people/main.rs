//! Moving people in and writing them out, over the embedded DynamoDB.

mod lines;
mod moving;
mod present;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::pin::pin;

use futures::StreamExt;
use local::{Database, tables};
use model::{Book, PublicId, Scope, SystemClock, UserId};
use numbering::Region;
use people::{Failure, Import, Imported, Roll, Step, Watch, export, roll};
use serde_json::Value;
use store::{BookReader, Keyring, Store};
use tempfile::TempDir;

/// People with names in many scripts, books of devices, hidden and muted ones, one without a number,
/// and one with a book and no account.
const PEOPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/people.jsonl");

async fn database(keyring: Keyring) -> Database {
    Database::start(None, Ipv4Addr::LOCALHOST, 0, keyring).await.expect("a database")
}

fn keys() -> Keyring {
    Keyring::generate_secret().parse().expect("a secret")
}

fn region(code: &str) -> Region {
    code.parse().expect("a region")
}

fn user(subject: &str) -> UserId {
    subject.parse().expect("a user")
}

fn id(id: u64) -> PublicId {
    PublicId::new(id).expect("an id")
}

/// Keeps what an import tells.
#[derive(Default)]
struct Told {
    failures: Vec<Value>,
    done: usize,
}

impl Watch for Told {
    fn begin(&mut self, _: Step, _: Option<u64>) {}

    fn done_one(&mut self) {
        self.done += 1;
    }

    fn failed(&mut self, failure: &Failure) {
        self.failures.push(serde_json::to_value(failure).expect("JSON"));
    }
}

fn import_into(store: &Store) -> Import<'_, SystemClock> {
    let region = region("US");
    let clock = &SystemClock;
    Import { store, clock, region, at_once: 4, overwrites: false, is_dry_run: false }
}

async fn run(import: &Import<'_, SystemClock>, file: &Path) -> (Imported, Vec<Value>) {
    let mut told = Told::default();
    let imported = import.run(file, &mut told).await.expect("readable");
    (imported, told.failures)
}

async fn imported(store: &Store, file: &Path) -> Imported {
    let (imported, failures) = run(&import_into(store), file).await;
    assert_eq!(failures, Vec::<Value>::new());
    imported
}

async fn lines_of(store: &Store, roll: &Roll) -> String {
    let mut all = String::new();
    let mut lines = pin!(export(store, roll, 3));
    while let Some(line) = lines.next().await {
        if let Some(line) = line.expect("readable") {
            all.push_str(&line);
            all.push('\n');
        }
    }
    all
}

async fn exported(store: &Store) -> String {
    let roll = roll(store, 2, || {}).await.expect("readable");
    assert_eq!(roll.unreadable, 0);
    lines_of(store, &roll).await
}

fn file(folder: &TempDir, content: &str) -> PathBuf {
    let path = folder.path().join("people.jsonl");
    std::fs::write(&path, content).expect("written");
    path
}

fn lines(people: &[Value]) -> String {
    people.iter().map(|person| format!("{person}\n")).collect()
}

/// Returns every item of every table.
async fn everything(database: &Database) -> Vec<String> {
    let mut items = vec![];
    let value = serde_json::to_value(tables()).expect("JSON");
    for name in value.as_object().expect("names").values() {
        let scan = database.client().scan().table_name(name.as_str().expect("a name"));
        let page = scan.send().await.expect("scanned");
        assert!(page.last_evaluated_key.is_none(), "the table has one page");
        for item in page.items.unwrap_or_default() {
            let mut attributes: Vec<_> = item.into_iter().collect();
            attributes.sort_by(|(one, _), (other, _)| one.cmp(other));
            items.push(format!("{name} {attributes:?}"));
        }
    }
    items.sort();
    items
}

async fn book(store: &Store, owner: &UserId) -> Book {
    store.read_book(owner, &Scope::Global).await.expect("a book").book
}
