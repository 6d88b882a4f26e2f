//! Tests of copying a local server's tables into another file.

use std::path::Path;
use std::time::Duration;

use clap::Parser;
use local::{Args, Server};
use operator::rekey::{RekeyArgs, Rekeyed, rekey};
use operator::{Exit, Meter, OperatorError, Outcome, Units};
use serde_json::{Value, json};
use support::http::call;
use support::wait::until;

const ANN: &str = "ann:+16505550101";
const BOB: &str = "bob:+16505550102";
const GUS: &str = "gus:+16505550107";

#[derive(Parser)]
struct CommandLine {
    #[command(flatten)]
    args: RekeyArgs,
}

/// Runs the command with these arguments.
async fn run(arguments: &[&str]) -> Result<Rekeyed, OperatorError> {
    metered(arguments).await.0
}

/// Runs the command, and returns also the units that it took.
async fn metered(arguments: &[&str]) -> (Result<Rekeyed, OperatorError>, Units) {
    let CommandLine { args } = CommandLine::parse_from([&["rekey"], arguments].concat());
    let meter = Meter::default();
    let came = rekey(&args, &meter).await;
    (came, meter.units())
}

struct Running(Server);

impl Running {
    async fn start(data: &Path, unsealed: bool) -> Self {
        let args = Args { port: 0, data: Some(data.to_owned()), unsealed, ..Args::default() };
        Self(Server::start(&args).await.expect("a server"))
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.address())
    }

    async fn send(&self, method: &str, path: &str, token: &str, body: Value) -> Value {
        let (status, answer) = call(self.0.address(), method, path, token, body).await;
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer
    }

    async fn upload(&self, token: &str, phones: &[&str]) {
        let contacts: Vec<Value> =
            phones.iter().map(|phone| json!({"name": "Somebody", "phone": phone})).collect();
        self.send("POST", "/address_book", token, json!({ "contacts": contacts })).await;
    }

    async fn sign_up(&self, token: &str) {
        self.send("POST", "/users", token, json!({"user": {"full_name": "Their Name"}})).await;
    }

    async fn subscribe(&self, token: &str) {
        let device = json!({
            "notification_channel": "gcm", "device": {"platform": "android", "udid": "pixel"},
            "push_token": {"environment": "production", "client_identification_sequence": token},
        });
        self.send("POST", "/subscriptions", token, device).await;
    }

    async fn pushes(&self) -> usize {
        let pushes = self.send("GET", "/_local/pushes", ANN, Value::Null).await;
        pushes.as_array().expect("a list").len()
    }

    /// Returns what Ann reads.
    async fn read(&self) -> Vec<Value> {
        let mut answers = vec![];
        for path in ["/address_book", "/address_book/registered_users", "/subscriptions"] {
            answers.push(self.send("GET", path, ANN, Value::Null).await);
        }
        answers
    }

    async fn waits_for(&self, phone: &str) {
        let path = "/address_book/registered_users?compact=1";
        until(&format!("Ann sees {phone}"), async || {
            self.send("GET", path, ANN, Value::Null).await.to_string().contains(phone)
        })
        .await;
    }

    async fn stop(self) {
        self.0.stop().await.expect("stopped");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

#[tokio::test]
async fn a_server_over_the_copy_answers_as_before_and_announces_nobody_again() {
    for (from_unsealed, to_unsealed) in [(false, false), (true, false), (false, true)] {
        let folder = tempfile::tempdir().expect("a folder");
        let (old, new) = (folder.path().join("old.db"), folder.path().join("new.db"));
        let keys: &[&str] = if to_unsealed { &["--to-keys", "none"] } else { &[] };
        let server = Running::start(&old, from_unsealed).await;
        server.subscribe(ANN).await;
        server.upload(ANN, &["+16505550102", "+16505550107"]).await;
        server.sign_up(ANN).await;
        server.sign_up(BOB).await;
        server.waits_for("16505550102").await;
        until("the push", async || server.pushes().await == 1).await;

        // The service runs.
        let url = server.url();
        let first = [&["--local", &url, "--to", text(&new)], keys].concat();
        let (copied, units) = metered(&first).await;
        let copied = copied.expect("copied");
        // The head with its mark in a transaction, two hints, and the head without the mark.
        assert_eq!(units.write, 5.0, "{units}");
        assert!(units.read > 0.0, "{units}");
        assert_eq!((copied.report.address_books.written, copied.report.users.written), (1, 0));
        server.upload(ANN, &["+16505550108"]).await;
        let expected = server.read().await;
        server.stop().await;

        // It is stopped.
        let last = [&["--data", text(&old), "--to", text(&new), "--finish", "--verify"], keys];
        let copied = run(&last.concat()).await.expect("copied");
        assert_eq!(copied.exit(), Exit::Done, "{copied}");
        assert_eq!(copied.report.address_books.written, 1);
        assert!(copied.report.users.written > 0 && copied.report.claims.written == 1, "{copied}");
        let (again, units) = metered(&last.concat()).await;
        let again = again.expect("copied");
        assert_eq!(units.write, 0.0, "{units}");
        let written: u64 = again.report.each().iter().map(|(_, copied)| copied.written).sum();
        assert_eq!(written, 0, "{again}");

        let server = Running::start(&new, to_unsealed).await;
        assert_eq!(server.read().await, expected);
        server.sign_up(GUS).await;
        server.waits_for("16505550107").await;
        until("a push", async || server.pushes().await > 0).await;
        // Bob's would have been before Gus's.
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(server.pushes().await, 1);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_dry_run_makes_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (folder.path().join("old.db"), folder.path().join("new.db"));
    let server = Running::start(&old, false).await;
    server.upload(ANN, &["+16505550102"]).await;
    let url = server.url();
    let counted = run(&["--local", &url, "--to", text(&new), "--dry-run"]).await.expect("counted");
    assert_eq!(counted.report.address_books.written, 1);
    let files = std::fs::read_dir(folder.path()).expect("a folder").count();
    let own = ["old.db", "old.db-wal", "old.db-shm", "old.db.keys"];
    let own = own.iter().filter(|name| folder.path().join(name).exists()).count();
    assert_eq!(files, own, "the copy's file or keys were made");
    server.stop().await;
}

#[tokio::test]
async fn what_can_not_be_done_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (folder.path().join("old.db"), folder.path().join("new.db"));
    let missing = run(&["--data", text(&old), "--to", text(&new)]).await;
    assert!(missing.expect_err("no file").to_string().contains("old.db: "));
    let nobody = run(&["--local", "http://127.0.0.1:1", "--to", text(&new)]).await;
    assert!(nobody.expect_err("no server").to_string().contains("no local server answers"));
}
