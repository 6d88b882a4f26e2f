//! A minimal HTTP client for a local server.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends one request, and returns the answer's status and body.
pub async fn send(
    server: SocketAddr,
    method: &str,
    target: &str,
    token: &str,
    body: &[u8],
) -> (u16, String) {
    let mut stream = TcpStream::connect(server).await.expect("the server listens");
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {server}\r\nCB-Token: {token}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.write_all(body).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let answer = String::from_utf8(answer).expect("a text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, body.to_owned())
}

/// Sends a JSON body, and returns the answer's status and JSON body.
pub async fn call(
    server: SocketAddr,
    method: &str,
    target: &str,
    token: &str,
    body: Value,
) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let (status, body) = send(server, method, target, token, body.as_bytes()).await;
    (status, serde_json::from_str(&body).expect("JSON"))
}
