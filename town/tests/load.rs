//! A small town against the local server, and against one that loses something.

use std::path::Path;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::serve::ListenerExt as _;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use town::{Args, LoadError, Outcome};

/// What a load says: its outcome, what it prints, and the report.
struct Said {
    outcome: Outcome,
    printed: String,
    report: Value,
}

async fn server() -> local::Server {
    local::Server::start(&local::Args { port: 0, ..local::Args::default() })
        .await
        .expect("it starts")
}

fn small_town(url: String, report: &Path) -> Args {
    let report = report.to_owned();
    Args {
        url,
        people: 40,
        contacts: 12,
        outside: 40,
        days: 6,
        seed: Some(1),
        settle: 2,
        report,
        ..Args::default()
    }
}

async fn run(args: &Args) -> Result<Said, LoadError> {
    let mut printed = vec![];
    let outcome = town::run(args, &mut printed).await?;
    let report = std::fs::read_to_string(args.report.join("report.json")).expect("a report");
    Ok(Said {
        outcome,
        printed: String::from_utf8(printed).expect("text"),
        report: serde_json::from_str(&report).expect("JSON"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_town_loses_nothing() {
    let (server, folder) = (server().await, tempfile::tempdir().expect("a folder"));
    let args = small_town(format!("http://{}", server.address()), folder.path());
    let Said { outcome, printed, report } = run(&args).await.expect("it runs");

    assert_eq!(outcome, Outcome::NothingLost, "{report:#}");
    assert!(printed.contains("nothing was lost") && printed.contains("seed 1\n"), "{printed}");
    assert_eq!(report["nothing_lost"], true);
    assert_eq!(report["run"]["signed_up"], 40);
    assert_eq!(report["run"]["stopped_early"], false);
    assert_eq!(report["run"]["days_done"], 6);
    let matches = &report["matches"];
    assert_eq!(matches["people"], 40);
    assert!(matches["expected"].as_u64() > Some(200), "{matches}");
    let pushes = &report["joins"]["check"];
    assert!(pushes["expected"].as_u64() > Some(50), "{pushes}");
    assert_eq!(pushes["missing"], 0);
    assert_eq!(pushes["events_missed"], 0);
    let delays = report["joins"]["delay_histogram"].as_array().expect("counts");
    let delays: u64 = delays.iter().filter_map(Value::as_u64).sum();
    assert_eq!(Some(delays), pushes["expected"].as_u64());
    // Each contact's hint is a write unit, and a sign-up writes three items in a transaction.
    let units = &report["units"];
    let contacts = report["run"]["contacts_uploaded"].as_f64().expect("a number");
    assert!(units["by_work"]["POST /address_book"]["write"].as_f64() > Some(contacts), "{units}");
    assert!(units["by_work"]["POST /session"]["write"].as_f64() >= Some(240.0), "{units}");
    assert_eq!(units["by_work"]["POST /session"]["times"], 40);
    let kinds = report["requests"]["kinds"].as_array().expect("kinds");
    for kind in ["sign_in", "first_upload", "same_upload", "changed_upload", "nothing_new", "check"]
    {
        let kind = kinds.iter().find(|of| of["kind"] == kind).expect(kind);
        assert!(kind["count"].as_u64() > Some(0) && kind["latency"]["p50_ms"].as_f64() > Some(0.0));
    }
    let statuses = report["requests"]["statuses"].as_object().expect("statuses");
    assert!(
        statuses.keys().all(|status| ["200", "201", "304"].contains(&&status[..])),
        "{statuses:?}"
    );
    assert!(folder.path().join("report.html").exists());

    // The numbers are the same in another town.
    let again = run(&Args { seed: Some(2), ..args.clone() }).await;
    assert!(matches!(again, Err(LoadError::Inhabited(_))));
    server.stop().await.expect("it stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_leave_make_room_for_the_next_town() {
    let (server, folder) = (server().await, tempfile::tempdir().expect("a folder"));
    let small = small_town(format!("http://{}", server.address()), folder.path());
    let args = Args { leave: true, json: true, ..small };
    for seed in [3, 4] {
        let said = run(&Args { seed: Some(seed), ..args.clone() }).await.expect("it runs");
        assert_eq!(said.outcome, Outcome::NothingLost, "{:#}", said.report);
        assert_eq!(said.report["run"]["left"], 40);
        let printed: Value = serde_json::from_str(&said.printed).expect("JSON");
        assert_eq!(printed, said.report);
    }
    server.stop().await.expect("it stops");
}

#[derive(Clone)]
struct Forgetful {
    client: Client<HttpConnector, Full<Bytes>>,
    server: String,
    /// A phone.
    forgotten: &'static str,
}

/// Passes requests on to a server, and takes one match out of each answer for one phone. It tells
/// nothing of itself, as a deployment does.
async fn forgetful(server: String, forgotten: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build(tcp);
    let router =
        Router::new().fallback(pass_on).with_state(Forgetful { client, server, forgotten });
    let listener = listener.tap_io(|tcp| tcp.set_nodelay(true).expect("a socket"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn pass_on(
    State(Forgetful { client, server, forgotten }): State<Forgetful>,
    request: Request,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().expect("a path").to_string();
    if path.starts_with("/_local/") {
        return http::StatusCode::NOT_FOUND.into_response();
    }
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    parts.uri = format!("{server}{path}").parse().expect("an address");
    let request = Request::from_parts(parts, Full::new(body));
    let (mut parts, body) = client.request(request).await.expect("an answer").into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else {
        return Response::from_parts(parts, Body::from(body));
    };
    if let Some(items) = answer.get_mut("items").and_then(Value::as_array_mut) {
        items.retain(|item| item["user"]["phone"] != json!(forgotten));
    }
    parts.headers.remove("content-length");
    Response::from_parts(parts, Body::from(answer.to_string()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_match_is_found() {
    let (server, folder) = (server().await, tempfile::tempdir().expect("a folder"));
    let url = format!("http://{}", server.address());
    // Nobody else of the world's numbers is forgotten by the second proxy.
    for (forgotten, outcome) in
        [("16505550003", Outcome::SomethingLost), ("14155550100", Outcome::NothingLost)]
    {
        let small = small_town(forgetful(url.clone(), forgotten).await, folder.path());
        let said = run(&Args { leave: true, ..small }).await.expect("it runs");
        assert_eq!(said.outcome, outcome, "{:#}", said.report);
        let is_lost = outcome == Outcome::SomethingLost;
        assert_eq!(said.report["matches"]["missing"].as_u64() > Some(0), is_lost);
        assert_eq!(said.report["nothing_lost"], !is_lost);
        assert_eq!(said.report["requests"]["failures"], json!({}));
        assert_eq!(said.printed.contains("matches are missing"), is_lost, "{}", said.printed);
        assert_eq!((&said.report["joins"], &said.report["units"]), (&Value::Null, &Value::Null));
        assert!(said.printed.contains("units aren't told by this server"), "{}", said.printed);
    }
    server.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_wrong_command_line_sends_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("diary.txt"), "mine").expect("a file");
    let elsewhere = small_town("http://town.example".to_owned(), folder.path());
    let error = run(&elsewhere).await.err().expect("another machine").to_string();
    assert!(error.contains("--anywhere"), "{error}");
    let here = small_town("http://127.0.0.1:1".to_owned(), folder.path());
    let error = run(&here).await.err().expect("a folder with something else").to_string();
    assert!(error.contains("something else in it"), "{error}");
    let free = Args { report: folder.path().join("report"), ..here };
    let error = run(&free).await.err().expect("no server").to_string();
    assert!(error.contains("nobody answers"), "{error}");
}
