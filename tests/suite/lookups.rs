//! Tests of what an operator looks up, by the commands themselves, on the local server.

use std::process::{Command, Output, Stdio};

use local::{Args, Certificate, Server};
use serde_json::{Value, json};
use support::http::call;
use support::wait::until;

/// A server on which ann has two contacts and a device, and joy has joined.
struct Town {
    server: Server,
    joy: Value,
}

const JOY: &str = "+16505550123";
/// What must not be seen unless names are asked for.
const NAMES: [&str; 4] = ["Joy Division", "6505550123", "joy@example.com", "ann's pixel"];

impl Town {
    async fn new() -> Self {
        let server = Server::start(&Args { port: 0, ..Args::default() }).await.expect("a server");
        let town = Self { server, joy: Value::Null };
        let contacts = json!([
            {"name": "Joy", "phone": JOY}, {"name": "Nobody", "phone": "+16505550124"},
        ]);
        town.asks("POST", "/address_book", "ann", json!({ "contacts": contacts })).await;
        let subscription = json!({
            "notification_channel": "gcm",
            "device": {"platform": "android", "udid": "ann's pixel"},
            "push_token": {"environment": "production", "client_identification_sequence": "token"},
        });
        town.asks("POST", "/subscriptions", "ann", subscription).await;
        let joy = json!({"user": {"full_name": "Joy Division", "email": "joy@example.com"}});
        let joy = town.asks("POST", "/users", &format!("joy:{JOY}"), joy).await;
        let address = town.server.address();
        until("ann is told of joy", async || {
            call(address, "GET", "/_local/pushes", "", Value::Null).await.1 != json!([])
        })
        .await;
        Self { joy: joy["user"]["id"].clone(), ..town }
    }

    async fn asks(&self, method: &str, path: &str, token: &str, body: Value) -> Value {
        let (status, answer) = call(self.server.address(), method, path, token, body).await;
        assert!(status < 300, "{status}: {answer}");
        answer
    }

    /// Runs a command, with nobody at the terminal.
    fn runs(&self, words: &[&str]) -> Output {
        let url = format!("http://{}", self.server.address());
        run(&[words, &["--local", &url]].concat())
    }

    fn prints(&self, words: &[&str], code: i32) -> String {
        let Output { status, stdout, stderr } = self.runs(words);
        let (stdout, stderr) = (text(stdout), text(stderr));
        assert_eq!(status.code(), Some(code), "{words:?}: {stdout}{stderr}");
        stdout
    }

    /// Runs a command, and returns what it tells as JSON, without the units.
    fn tells(&self, words: &[&str], code: i32) -> Value {
        let words = [words, &["--json"]].concat();
        let mut told: Value = serde_json::from_str(&self.prints(&words, code)).expect("JSON");
        let units = told.as_object_mut().and_then(|told| told.remove("units")).expect("units");
        assert!(units["read"].as_f64() > Some(0.0), "{words:?}: {units}");
        told
    }
}

/// Runs a command in a process of its own. The test's server is in other threads.
fn run(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_address-book"));
    command.args(words).stdin(Stdio::null()).output().expect("the command runs")
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("a text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_found_by_phone_id_or_subject_and_the_same_is_told() {
    let town = Town::new().await;
    let id = town.joy.to_string();
    let ways = [["--phone", "+1 (650) 555-0123"], ["--id", &id], ["--subject", "joy"]];
    let mut told = vec![];
    for way in ways {
        let found = town.tells(&["find", way[0], way[1]], 0);
        assert_eq!(found["account"]["id"], town.joy);
        assert_eq!(found["books_with_number"], 1, "ann's");
        assert_eq!(found["account"]["is_holder"], true);
        told.push(found);
    }
    assert!(told.iter().all(|found| *found == told[0]), "{told:?}");

    let ann = town.tells(&["find", "--subject", "ann"], 0);
    assert_eq!(ann["account"], Value::Null, "ann has not signed up");
    let book = &ann["books"][0];
    let counts = [&book["contacts"], &book["matches"], &book["is_open"], &book["device"]];
    assert_eq!(counts, [&json!(2), &json!(1), &json!(true), &Value::Null]);
    assert_eq!(ann["devices"][0]["channel"], "gcm");
    assert_eq!(ann["pushes_remembered"], 1);
    let new_numbers = json!({
        "of": "account", "what": "new_numbers", "spent": 2, "capacity": 2_000, "per_day": 200,
    });
    assert_eq!(ann["budgets"][0], new_numbers, "of the local server's limits");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_numbers_are_hidden_unless_they_are_asked_for() {
    let town = Town::new().await;
    for way in [["--phone", JOY], ["--subject", "ann"], ["--subject", "joy"]] {
        for json in [&[][..], &["--json"]] {
            let words = [&["find"][..], &way, json].concat();
            let hidden = town.prints(&words, 0);
            let shown = NAMES.iter().find(|name| hidden.contains(**name));
            assert_eq!(shown, None, "{hidden}");
            let named = town.prints(&[&words[..], &["--names"]].concat(), 0);
            assert!(NAMES.iter().any(|name| named.contains(name)), "{named}");
        }
    }
    let explained = town.prints(&["explain", "subject:ann", JOY], 0);
    assert_eq!(NAMES.iter().find(|name| explained.contains(**name)), None, "{explained}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_makes_no_sense_has_an_exit_code_of_its_own() {
    let town = Town::new().await;
    for (words, code) in [
        (&["find", "--phone", "+16505550199"][..], 1),
        (&["find", "--id", "4711"], 1),
        (&["find", "--subject", "nobody"], 1),
        (&["find", "--phone", "12"], 3),
        (&["find"], 2),
        (&["find", "--id", "0"], 2),
        (&["find", "--id", "1", "--subject", "ann"], 2),
        (&["explain", "subject:ann", JOY], 0),
        (&["explain", "subject:ann", "+16505550124"], 1),
        (&["explain", "id:4711", JOY], 3),
        (&["explain", "subject:ann", "id:4711"], 3),
        (&["explain", "ann", JOY], 2),
        (&["explain", "subject:ann"], 2),
    ] {
        let Output { status, stdout, stderr } = town.runs(words);
        assert_eq!(status.code(), Some(code), "{words:?}: {} {}", text(stdout), text(stderr));
    }
    let unreachable = ["find", "--id", "1", "--local", "http://127.0.0.1:1"];
    assert_eq!(run(&unreachable).status.code(), Some(3));
    // The number of somebody whom nobody knows is in one book all the same.
    let nobody = town.tells(&["find", "--phone", "+16505550124"], 1);
    assert_eq!((&nobody["account"], &nobody["books_with_number"]), (&Value::Null, &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_tls_is_asked_if_its_certificate_is_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).to_str().expect("a text").to_owned();
    let (its, other) = (file("its.pem"), file("other.pem"));
    let start = async |certificate: Option<&str>| {
        let tls = certificate.map(|path| Certificate::File(path.into()));
        let server = Server::start(&Args { port: 0, tls, ..Args::default() }).await;
        server.expect("a server")
    };
    let (server, _other) = (start(Some(&its)).await, start(Some(&other)).await);
    let tls = format!("https://{}", server.address());
    let plain = format!("http://{}", server.address());
    let nobody = "Nobody has this id.\nDynamoDB units: 1 read, 0 written.\n";
    for (words, answer) in [
        (&[tls.as_str(), "--certificate", &its][..], Ok(nobody)),
        (&[&tls, "--certificate", "any"], Ok(nobody)),
        (&[&tls, "--certificate", &other], Err("invalid peer certificate")),
        (&[&tls], Err("certificate")),
        (&[&tls, "--certificate", &file("none.pem")], Err("none.pem: ")),
        (&[&tls, "--certificate", file!()], Err("no certificate is in it")),
        (&[&plain], Err("with --tls, it is at https://")),
    ] {
        let Output { status, stdout, stderr } =
            run(&[&["find", "--id", "1", "--local"], words].concat());
        let (stdout, stderr) = (text(stdout), text(stderr));
        match answer {
            Ok(told) => assert_eq!((status.code(), &*stdout), (Some(1), told), "{stderr}"),
            Err(reason) => {
                assert_eq!(status.code(), Some(3), "{words:?}: {stdout}");
                assert!(stderr.contains(reason), "{words:?}: {stderr}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_broken_link_is_named_in_the_same_words_for_people_and_scripts() {
    let town = Town::new().await;
    let told = town.tells(&["explain", "subject:ann", JOY], 0);
    assert_eq!((&told["was_told"], &told["first_break"]), (&json!(true), &Value::Null));
    let states: Vec<&str> = told["links"]
        .as_array()
        .expect("links")
        .iter()
        .map(|link| link["state"].as_str().expect("a state"))
        .collect();
    // Nobody asks the local server's inbox whether an endpoint is enabled.
    let whole = ["whole"; 6].into_iter().chain(["not_asked", "whole"]).collect::<Vec<_>>();
    assert_eq!(states, whole);

    let id = format!("id:{}", town.joy);
    let asked = [["subject:ann", "+16505550124"], ["subject:joy", JOY], [&id, "subject:joy"]];
    let reasons = ["no_holder", "no_contact", "no_contact"];
    for (pair, reason) in asked.into_iter().zip(reasons) {
        let words = ["explain", pair[0], pair[1]];
        let told = town.tells(&words, 1);
        assert_eq!(told["first_break"]["reason"], reason, "{pair:?}");
        let printed = town.prints(&words, 1);
        let sentence = told["first_break"]["text"].as_str().expect("a text");
        assert!(printed.contains(sentence), "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_somebody_who_is_no_user_is_forgotten_and_allowed_again() {
    const NOBODY: &str = "+16505550124";
    let town = Town::new().await;
    let upload = async || {
        let contacts = json!([{"name": "Nobody", "phone": NOBODY}]);
        let answer = town.asks("POST", "/address_book", "ann", json!({ "contacts": contacts }));
        answer.await["rejected"].clone()
    };
    let holds = async || {
        let book = town.asks("GET", "/address_book", "ann", Value::Null).await;
        book.as_array().expect("an array").iter().any(|contact| contact["phone"] == NOBODY)
    };
    let nobody = ["forget", NOBODY, "--dry-run"];
    let plan = json!({"outcome": "dry_run", "books": 1, "is_forgotten": false});
    assert_eq!(town.tells(&nobody, 0), plan);
    let refused = town.tells(&["forget", NOBODY], 1);
    assert_eq!(refused, json!({"outcome": "not_confirmed"}), "nobody is at the terminal");
    assert!(holds().await);

    let done = json!({"outcome": "forgotten", "books": 1, "contacts": 1});
    assert_eq!(town.tells(&["forget", NOBODY, "--yes"], 0), done);
    assert!(!holds().await);
    assert_ne!(upload().await, json!({}), "no book takes it again");
    assert!(!holds().await);
    assert_eq!(town.tells(&nobody, 0)["is_forgotten"], true);
    assert_eq!(town.tells(&["find", "--phone", NOBODY], 1)["is_forgotten"], true);
    let explain = ["explain", "subject:ann", NOBODY];
    assert_eq!(town.tells(&explain, 1)["first_break"]["reason"], "forgotten");
    let printed = town.prints(&explain, 1);
    let first = "A was not told of B: the number was forgotten, and no book takes it.\n";
    assert!(printed.starts_with(first), "{printed}");

    for was_forgotten in [true, false] {
        let allowed = json!({"outcome": "allowed", "was_forgotten": was_forgotten});
        assert_eq!(town.tells(&["forget", NOBODY, "--allow"], 0), allowed);
    }
    assert_eq!(town.tells(&explain, 1)["first_break"]["reason"], "no_contact");
    assert_eq!(upload().await, json!({}));
    assert!(holds().await);

    let of_user = town.tells(&["forget", JOY, "--yes"], 1);
    assert_eq!(of_user, json!({"outcome": "has_holder"}));
    let printed = town.prints(&["forget", NOBODY, "--dry-run"], 0);
    assert!(!printed.contains("6505550124"), "{printed}");
}
