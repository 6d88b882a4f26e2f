//! Tests of the local server's clock and faults.

use local::{Args, Server};
use serde_json::{Value, json};

use support::http::{call, send};
use support::wait::until;

const ALICE: &str = "alice:+14155550100";
const BOB: &str = "bob:+16505550123";

async fn server() -> Server {
    Server::start(&Args { port: 0, ..Args::default() }).await.expect("a server")
}

async fn move_on(server: &Server, by: Value) -> (u16, Value) {
    call(server.address(), "POST", "/_local/clock", ALICE, by).await
}

#[tokio::test]
async fn a_session_ends_when_the_clock_says_so() {
    let server = server().await;
    let at = server.address();
    let login = json!({"user": {"login": ALICE, "password": "any"}});
    let (status, begun) = call(at, "POST", "/session", "", login.clone()).await;
    assert_eq!(status, 201);
    let token = begun["session"]["token"].as_str().expect("a token");
    assert_eq!(call(at, "GET", "/address_book", token, Value::Null).await.0, 200);
    assert_eq!(move_on(&server, json!({"hours": 23})).await.0, 200);
    assert_eq!(call(at, "GET", "/address_book", token, Value::Null).await.0, 200);
    assert_eq!(move_on(&server, json!({"hours": 1})).await.0, 200);
    assert_eq!(call(at, "GET", "/address_book", token, Value::Null).await.0, 401);
    assert_eq!(call(at, "POST", "/session", "", login).await.0, 201, "she signs in again");
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn after_31_days_what_expires_is_gone_and_a_number_that_comes_back_is_announced_again() {
    let server = server().await;
    let at = server.address();
    let send = async |method: &str, path: &str, token: &str, body: Value, status: u16| {
        let (answered, answer) = call(at, method, path, token, body).await;
        assert_eq!(answered, status, "{method} {path}: {answer}");
        answer
    };
    let device = json!({
        "notification_channel": "gcm",
        "push_token": {"environment": "production", "client_identification_sequence": "t1"},
        "device": {"platform": "android", "udid": "pixel"}
    });
    send("POST", "/subscriptions", ALICE, device, 201).await;
    let contacts = json!({"contacts": [{"name": "Bob", "phone": "(650) 555-0123"}]});
    send("POST", "/address_book", ALICE, contacts, 200).await;
    let body = json!({"user": {"full_name": "Bob"}});
    let pushes = async || {
        let pushes = send("GET", "/_local/pushes", ALICE, Value::Null, 200).await;
        pushes.as_array().map_or(0, Vec::len)
    };
    let is_seen = async || {
        let path = "/address_book/registered_users?compact=1";
        send("GET", path, ALICE, Value::Null, 200).await["items"] != json!([])
    };
    send("POST", "/users", BOB, body.clone(), 201).await;
    until("she is told", async || pushes().await == 1).await;
    // Within the 30 days of the claim, nobody is told again.
    send("DELETE", "/users", BOB, Value::Null, 200).await;
    until("he is gone", async || !is_seen().await).await;
    send("POST", "/users", BOB, body.clone(), 201).await;
    until("he is seen", async || is_seen().await).await;
    send("DELETE", "/users", BOB, Value::Null, 200).await;
    until("he is gone again", async || !is_seen().await).await;
    assert_eq!(pushes().await, 1);

    let (status, moved) = move_on(&server, json!({"days": 31})).await;
    assert_eq!((status, &moved["ahead_seconds"]), (200, &json!(31 * 24 * 60 * 60)));
    // His subject was kept for 14 days, and the claim for 30. His book was never opened.
    assert_eq!(moved["expired"]["Claims"], 1, "{moved}");
    assert_eq!(moved["expired"]["Users"], 1, "{moved}");
    send("POST", "/users", BOB, body, 201).await;
    until("she is told again", async || pushes().await == 2).await;
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn the_clock_only_moves_forward_and_stays_ahead_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = Some(folder.path().join("book.db"));
    let args = Args { port: 0, data, ..Args::default() };
    let server = Server::start(&args).await.expect("a server");
    for mistake in [
        json!({}),
        json!({"days": 0}),
        json!({"days": -1}),
        json!({"days": 3_651}),
        json!({"weeks": 1}),
        json!([]),
    ] {
        let (status, answer) = move_on(&server, mistake.clone()).await;
        assert_eq!(status, 400, "{mistake}");
        assert!(answer["errors"]["base"][0].is_string(), "{answer}");
    }
    assert_eq!(move_on(&server, json!({"days": 2, "hours": 1, "seconds": 3})).await.0, 200);
    server.stop().await.expect("stopped");
    let server = Server::start(&args).await.expect("a server");
    let (_, time) = call(server.address(), "GET", "/_local/clock", ALICE, Value::Null).await;
    assert_eq!(time["ahead_seconds"], 2 * 86_400 + 3_600 + 3);
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_fault_answers_its_route_until_it_is_ended() {
    let fault = "GET /address_book=429".parse().expect("a fault");
    let args = Args { port: 0, fault: vec![fault], ..Args::default() };
    let server = Server::start(&args).await.expect("a server");
    let at = server.address();
    let tool =
        async |method: &str, body: Value| call(at, method, "/_local/faults", ALICE, body).await;
    let read = async || call(at, "GET", "/address_book", ALICE, Value::Null).await;
    let contacts = json!({"contacts": [{"name": "Bob", "phone": "(650) 555-0123"}]});
    let body = contacts.to_string();
    let upload = async || send(at, "POST", "/address_book", ALICE, body.as_bytes()).await;
    assert_eq!(read().await.0, 429);
    assert_eq!(tool("DELETE", Value::Null).await, (200, json!({"ended": 1})));
    assert_eq!(read().await.0, 200);

    let half = json!({"route": "POST /address_book", "status": 503, "share": 0.5});
    assert_eq!(tool("POST", half.clone()).await, (201, half.clone()));
    assert_eq!(tool("GET", Value::Null).await.1["faults"], json!([half]));
    assert_eq!(upload().await.0, 200);
    let busy = json!({"errors": {"base": ["The service is busy. Please try again."]}});
    assert_eq!(upload().await, (503, busy.to_string()));
    for mistake in [json!({"route": "POST /nowhere", "status": 503}), json!({"fail": 1}), json!({})]
    {
        assert_eq!(tool("POST", mistake.clone()).await.0, 400, "{mistake}");
    }
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_dropped_answer_never_comes_and_its_request_is_done() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let args = Args { port: 0, fault: vec!["drop".parse().expect("a fault")], ..Args::default() };
    let server = Server::start(&args).await.expect("a server");
    let at = server.address();
    let body = r#"{"contacts":[{"name":"Bob","phone":"(650) 555-0123"}]}"#;
    let mut stream = tokio::net::TcpStream::connect(at).await.expect("the server listens");
    let request = format!(
        "POST /address_book HTTP/1.1\r\nHost: {at}\r\nCB-Token: {ALICE}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = vec![];
    let _ = stream.read_to_end(&mut answer).await;
    assert_eq!(answer, b"", "not even a status comes");
    assert_eq!(call(at, "DELETE", "/_local/faults", ALICE, Value::Null).await.0, 200);
    let book = call(at, "GET", "/address_book", ALICE, Value::Null).await;
    assert_eq!(book, (200, json!([{"name": "Bob", "phone": "(650) 555-0123"}])));
    server.stop().await.expect("stopped");
}
