//! Tests of IAM: each function may make the calls that it makes, and no others.
//!
//! Every function runs here through every case that it can meet, over clients that record the
//! permission that each call takes. The recorded permissions have to be those that `template.yaml`
//! grants. A call without its permission fails the test, and so does a permission without a call.
//! What a `main` does before its first event isn't run. Instead, the test reads its source.

mod cases;
pub mod policy;
mod recorder;

use std::collections::BTreeSet;

use policy::{Grant, Template};
use recorder::Recorder;

use support::embedded::database;

/// What Lambda itself does in the name of a function, for a function whose events come from a
/// stream or a queue.
const EVENT_SOURCES: [(&str, &str, &[&str]); 4] = [
    (
        "JoinsFunction",
        "Users/stream/*",
        &[
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
        ],
    ),
    ("JoinPushFunction", "JoinsQueue", QUEUE_SOURCE),
    ("JoinPushFunction", "FanOutQueue", QUEUE_SOURCE),
    ("PushFunction", "PushesQueue", QUEUE_SOURCE),
];

const QUEUE_SOURCE: &[&str] =
    &["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];

fn event_source(function: &str) -> BTreeSet<Grant> {
    let of_function = EVENT_SOURCES.into_iter().filter(|(name, ..)| *name == function);
    let grant = |(_, resource, actions): (&str, &str, &[&str])| {
        actions.iter().map(|action| ((*action).to_owned(), resource.to_owned())).collect::<Vec<_>>()
    };
    of_function.flat_map(grant).collect()
}

async fn compare(function: &str, case: impl AsyncFnOnce(&Recorder, &cases::Others)) {
    let embedded = database().await;
    let recorder = Recorder::new(&embedded);
    case(&recorder, &cases::Others::new(&embedded)).await;
    let template = Template::read();
    let main =
        std::fs::read_to_string(template.folder(function).join("src/main.rs")).expect("a main");
    if main.contains("Boot::start(") {
        recorder.read_keys().await;
    }
    let mut taken = recorder.grants();
    taken.extend(event_source(function));
    let allowed = template.grants(function);
    let missing: Vec<_> = taken.difference(&allowed).collect();
    let idle: Vec<_> = allowed.difference(&taken).collect();
    assert!(
        missing.is_empty(),
        "{function} makes calls that the template doesn't allow: {missing:?}"
    );
    assert!(idle.is_empty(), "{function} is allowed calls that it doesn't make: {idle:?}");
}

#[tokio::test]
async fn upload_may_make_its_own_calls_and_no_others() {
    compare("UploadFunction", cases::upload).await;
}

#[tokio::test]
async fn get_may_make_its_own_calls_and_no_others() {
    compare("GetFunction", cases::get).await;
}

#[tokio::test]
async fn registered_users_may_make_its_own_calls_and_no_others() {
    compare("RegisteredUsersFunction", cases::registered_users).await;
}

#[tokio::test]
async fn session_may_make_its_own_calls_and_no_others() {
    compare("SessionFunction", cases::session).await;
}

#[tokio::test]
async fn users_may_make_its_own_calls_and_no_others() {
    compare("UsersFunction", cases::users).await;
}

#[tokio::test]
async fn cognito_sign_up_may_make_its_own_calls_and_no_others() {
    compare("CognitoSignUpFunction", cases::cognito_sign_up).await;
}

#[tokio::test]
async fn subscriptions_may_make_its_own_calls_and_no_others() {
    compare("SubscriptionsFunction", cases::subscriptions).await;
}

#[tokio::test]
async fn joins_may_make_its_own_calls_and_no_others() {
    compare("JoinsFunction", cases::joins).await;
}

#[tokio::test]
async fn join_push_may_make_its_own_calls_and_no_others() {
    compare("JoinPushFunction", cases::join_push).await;
}

#[tokio::test(start_paused = true)]
async fn push_may_make_its_own_calls_and_no_others() {
    compare("PushFunction", cases::push).await;
}

#[test]
fn every_function_is_compared() {
    let template = Template::read();
    let functions: Vec<_> =
        template.resources("AWS::Serverless::Function").into_iter().map(|(name, _)| name).collect();
    let compared = [
        "CognitoSignUpFunction",
        "GetFunction",
        "JoinPushFunction",
        "JoinsFunction",
        "PushFunction",
        "RegisteredUsersFunction",
        "SessionFunction",
        "SubscriptionsFunction",
        "UploadFunction",
        "UsersFunction",
    ];
    assert_eq!(functions.into_iter().collect::<BTreeSet<_>>(), compared.into());
}
