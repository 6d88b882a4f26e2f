//! Tests that nothing personal is logged, shown to other users, or stored where it isn't needed.
//! Every function runs through success and everything that can fail, at the most verbose level that
//! a deployment can set.
//!
//! Everything personal in these tests carries one of [`MARKS`].

mod answers;
mod debug;
mod deeds;
mod requests;
mod stage;

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tracing::level_filters::LevelFilter;

use self::deeds::{Deed, story};
use self::stage::Stage;
use support::faults::Fault;

/// The marks of names, numbers (as written and as stored), subjects, device ids, tokens and
/// profiles.
pub const MARKS: [&str; 14] = [
    "Markname",
    "555-0177",
    "5550177",
    "5550166",
    "5550188",
    "subject-mark",
    "udid-mark",
    "token-mark",
    "header-mark",
    "mail-mark",
    "full-mark",
    "login-mark",
    "custom-mark",
    "path-mark",
];

/// Returns the marks that a text contains.
pub fn marks(text: &str) -> Vec<&'static str> {
    MARKS.iter().filter(|mark| text.contains(**mark)).copied().collect()
}

/// What was logged while the log was kept.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Keeps what this thread logs at a level that is set to `TRACE`.
    fn keep(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        tracing::subscriber::set_default(lambda::telemetry::subscriber(
            LevelFilter::TRACE,
            move || log.clone(),
        ))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no panic").clone()).expect("text")
    }

    /// Asserts that the log contains no mark, and isn't empty.
    fn check(&self, what: &str) {
        let text = self.text();
        assert!(!text.is_empty(), "{what}: nothing was logged");
        let found = text.lines().find(|line| !marks(line).is_empty());
        assert_eq!(found, None, "{what}: a log line holds something personal");
    }
}

/// The failures that each call is given, one after the other.
const FAILURES: [Fault; 9] = [
    Fault::Refused(400, "ProvisionedThroughputExceededException"),
    Fault::Refused(400, "AccessDeniedException"),
    Fault::Refused(400, "TransactionCanceledException"),
    Fault::Refused(500, "InternalServerError"),
    Fault::Cut { executed: true },
    Fault::HalfAnswer,
    Fault::Silence { executed: true },
    Fault::Slow(Duration::from_secs(2)),
    Fault::Partial,
];

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_leaves_no_trace_of_the_user_whom_it_was_about() {
    let log = Log::default();
    let _kept = log.keep();
    let mut failed = 0;
    for (place, fault) in FAILURES.into_iter().enumerate() {
        let stage = if place % 3 == 0 { Stage::sealed().await } else { Stage::new().await };
        for deed in story() {
            // First the deed's first call and all after it fail, then its second and all after it,
            // and so on, until all the calls that it needs succeed.
            for good_calls in 0.. {
                stage.fail_after(good_calls, fault);
                let answer = stage.act(&deed).await;
                if !stage.recovers() {
                    break;
                }
                failed += usize::from(answer.failed);
                assert!(good_calls < 60, "{deed:?} never succeeds");
            }
        }
        stage.check_queues();
    }
    log.check("failing calls");
    assert!(failed > 100, "only {failed} deeds failed");
}

#[tokio::test(start_paused = true)]
async fn refused_requests_are_not_quoted() {
    let log = Log::default();
    let _kept = log.keep();
    let stage = Stage::new().await;
    stage.act_all(&story()[..5]).await;
    for (name, event, status) in requests::refused() {
        let (got, body) = stage.http(event).await;
        assert_eq!((got, marks(&body)), (status, vec![]), "{name}: {body}");
    }
    for body in
        ["", "Markname", r#"{"phone":"call 16505550177"}"#, r#"{"phone":{"Markname":16505550177}}"#]
    {
        assert!(!stage.functions.join_push(body).await.0, "{body} isn't a message");
        assert!(!stage.functions.push(body).await.0, "{body} isn't a message");
    }
    for event in requests::refused_directly() {
        let Ok(users::Answer::Direct(body)) = stage.functions.direct(event).await else {
            panic!("a direct request was not answered directly")
        };
        assert_eq!(marks(&body.to_string()), [""; 0], "{body}");
    }
    log.check("refused requests");
}

#[tokio::test(start_paused = true)]
async fn malformed_items_are_not_quoted() {
    let log = Log::default();
    let _kept = log.keep();
    let stage = Stage::new().await;
    stage.act_all(&story()[..8]).await;
    let mut corrupt = 0;
    for (table, item) in stage.items() {
        let attributes: Vec<String> = item.as_object().expect("an item").keys().cloned().collect();
        for name in attributes {
            for hostile in [
                json!({"S": "Markname 16505550177 subject-mark"}),
                json!({"B": "TWFya25hbWU="}),
                json!({"N": "7"}),
            ] {
                let Some(planted) = stage.plant(&table, &item, &name, hostile) else { continue };
                for deed in Deed::readers() {
                    let answer = stage.act(&deed).await;
                    corrupt += usize::from(answer.failed);
                }
                stage.put_back(&table, &item, &planted);
            }
        }
    }
    stage.check_queues();
    log.check("items that make no sense");
    assert!(corrupt > 50, "only {corrupt} deeds failed");
}

#[tokio::test(start_paused = true)]
async fn a_user_is_told_of_others_only_what_a_match_shows() {
    let stage = Stage::sealed().await;
    let story = story();
    let answers = stage.act_all(&story).await;
    for (deed, answer) in story.iter().zip(&answers) {
        assert!(!answer.failed, "{deed:?}: {}", answer.body);
        // Bob has Alice's number in his books. About her he gets what the profile of a match shows.
        // About no user does he get anything by which the identity provider or a push service knows
        // them.
        for mark in ["subject-mark", "token-mark", "header-mark"] {
            assert!(!answer.body.contains(mark), "{deed:?} tells {mark}");
        }
    }
    let alice = answers[5].body.as_str();
    assert!(
        ["Markname", "5550166", "5550188", "udid-mark"].iter().all(|mark| !alice.contains(mark)),
        "{alice}"
    );
    let published = stage.published();
    assert_eq!(published.len(), 1, "one push was sent");
    assert!(published[0].contains("Markname"), "a push says the name in its recipient's book");
    for mark in [
        "subject-mark",
        "token-mark",
        "udid-mark",
        "full-mark",
        "mail-mark",
        "custom-mark",
        "5550166",
    ] {
        assert!(!published[0].contains(mark), "a push tells {mark}");
    }
    stage.check_queues();
}

/// Shows that the tests above could fail: without the cap on other crates, the SDK logs whole
/// requests.
#[tokio::test(start_paused = true)]
async fn without_the_cap_the_sdk_would_log_it_all() {
    let log = Log::default();
    let writer = log.clone();
    let everything = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone());
    let _kept = tracing::subscriber::set_default(everything.finish());
    Stage::new().await.act_all(&story()[..4]).await;
    let text = log.text();
    assert!(!marks(&text).is_empty());
}

/// The process whose output [`a_deployment_cannot_ask_for_more`] reads.
#[tokio::test(start_paused = true)]
#[ignore = "it is run by another test, in a process of its own"]
async fn a_process_that_logs_all_it_can() {
    lambda::telemetry::init();
    let mut stage = Stage::new().await;
    stage.emits = true;
    stage.act_all(&story()).await;
    let name = "Markname é".to_owned();
    let cut = std::panic::catch_unwind(|| name[..10].len());
    assert!(cut.is_err(), "é was cut in two");
    tracing::info!("the end");
}

#[test]
fn a_deployment_cannot_ask_for_more() {
    let everything = "trace,aws_smithy_runtime=trace,hyper=trace,lambda_runtime=trace";
    for variables in [
        &[("AWS_LAMBDA_LOG_LEVEL", "TRACE"), ("RUST_LOG", everything)][..],
        &[("RUST_LOG", everything)],
    ] {
        let output = Command::new(std::env::current_exe().expect("this program"))
            .args(["--ignored", "--exact", "--nocapture", "leaks::a_process_that_logs_all_it_can"])
            .env_remove("AWS_LAMBDA_LOG_LEVEL")
            .envs(variables.iter().copied())
            .output()
            .expect("it runs");
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(
            output.status.success()
                && text.contains("the end")
                && text.contains("panicked")
                && text.contains("PushesSent"),
            "{text}"
        );
        assert_eq!(marks(&text), [""; 0], "{text}");
    }
}

/// The filter has to know every function's crate, or that crate's level would not count.
#[test]
fn the_filter_knows_all_crates_of_the_workspace() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut crates = ["local", "operator", "town", "address_book"].map(ToOwned::to_owned).to_vec();
    for folder in ["functions", "shared"] {
        let folders = std::fs::read_dir(root.join(folder)).expect("a folder of crates");
        let names = folders.map(|entry| entry.expect("a folder").file_name());
        crates.extend(names.map(|name| name.to_string_lossy().replace('-', "_")));
    }
    assert!(crates.len() >= 16, "{crates:?}");
    for name in crates {
        let logged =
            lambda::telemetry::may_be_logged(&name, tracing::Level::TRACE, LevelFilter::TRACE);
        assert!(logged, "{name}");
    }
}

/// Returns a profile with a mark in every text.
pub fn profile() -> Value {
    json!({"user": {
        "full_name": "full-mark", "login": "login-mark", "email": "mail-mark@example.com", "custom_data": "custom-mark",
    }})
}
