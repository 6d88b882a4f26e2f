//! Requests to the server, each repeated until it is answered or hopeless.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;

use crate::clock::now_ms;
use crate::measure::{Ended, Kind, Measures};

/// How long an attempt may take. The gateway gives up after 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(35);
/// How often a request is sent at most.
const ATTEMPTS: u32 = 5;
/// The wait before the second attempt, if the server names none. It doubles.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest wait that is waited out.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Why the server's address can't be used.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    #[error("--url {0} isn't an address such as http://127.0.0.1:8080")]
    Invalid(String),
    #[error(
        "--url {0} isn't on this machine. A town is a load, and its people are made up: --anywhere \
         says that you mean it"
    )]
    Elsewhere(String),
    #[error("the certificates of this machine can't be read: {0}")]
    Certificates(#[source] std::io::Error),
}

/// A client of the server.
#[derive(Clone, Debug)]
pub struct Client {
    http: hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// Without a slash at its end.
    base: String,
    pub measures: Arc<Measures>,
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub kind: Kind,
    pub method: &'a Method,
    pub path: &'a str,
    pub token: Option<&'a str>,
    pub if_none_match: Option<&'a str>,
    pub body: Option<&'a Value>,
}

/// An answer, and when it was asked for and came, in milliseconds since 1970.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// When the first attempt was sent.
    pub sent_ms: u64,
    pub answered_ms: u64,
}

impl Answer {
    /// Returns the body as JSON, or `null`.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Client {
    /// Creates a client of the server at `url`, which has to be on this machine unless it may be
    /// `anywhere`.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn new(url: &str, anywhere: bool) -> Result<Self, AddressError> {
        let base = url.trim_end_matches('/').to_owned();
        let uri: Uri = base.parse().map_err(|_| AddressError::Invalid(url.to_owned()))?;
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        let host = uri.host().filter(|_| is_http && uri.query().is_none());
        let host = host.ok_or_else(|| AddressError::Invalid(url.to_owned()))?;
        if !anywhere && !is_loopback(host) {
            return Err(AddressError::Elsewhere(url.to_owned()));
        }
        let builder = HttpsConnectorBuilder::new();
        let builder = builder.with_native_roots().map_err(AddressError::Certificates)?;
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let connector = builder.https_or_http().enable_http1().wrap_connector(tcp);
        let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Self { http, base, measures: Arc::new(Measures::new()) })
    }

    /// Sends a request until it is answered for good, or as often as it makes sense. Returns the last
    /// answer, if there was one.
    pub async fn send(&self, call: Call<'_>) -> Option<Answer> {
        let sent_ms = now_ms();
        let mut wait = FIRST_WAIT;
        let mut attempt = 1;
        loop {
            let answer = self.attempt(call, sent_ms).await;
            let again = match &answer {
                Some(answer) if !is_passing(answer.status) => None,
                Some(answer) => Some(retry_after(&answer.headers).unwrap_or(wait)),
                None => Some(wait),
            };
            match again {
                Some(wait) if attempt < ATTEMPTS && wait <= LONGEST_WAIT => {
                    self.measures.note_retry();
                    tokio::time::sleep(wait).await;
                }
                _ => return answer,
            }
            attempt += 1;
            wait *= 2;
        }
    }

    async fn attempt(&self, call: Call<'_>, sent_ms: u64) -> Option<Answer> {
        let request = self.request(call);
        let began = Instant::now();
        let answered = async {
            let response = self.http.request(request).await.map_err(|_| "can't connect")?;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(|_| "the answer broke off")?;
            Ok((parts, body.to_bytes()))
        };
        let answered = tokio::time::timeout(TIMEOUT, answered).await;
        let took = began.elapsed();
        match answered.unwrap_or(Err("timed out")) {
            Ok((parts, body)) => {
                let kind = match parts.status {
                    StatusCode::NOT_MODIFIED => Kind::NothingNew,
                    _ => call.kind,
                };
                self.measures.note(kind, took, Ended::Status(parts.status.as_u16()));
                Some(Answer {
                    status: parts.status,
                    headers: parts.headers,
                    body,
                    sent_ms,
                    answered_ms: now_ms(),
                })
            }
            Err(reason) => {
                self.measures.note(call.kind, took, Ended::Failed(reason));
                None
            }
        }
    }

    fn request(&self, call: Call<'_>) -> Request<Full<Bytes>> {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(format!("{}{}", self.base, call.path));
        if let Some(token) = call.token {
            request = request.header("CB-Token", token);
        }
        if let Some(tag) = call.if_none_match {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let body = match call.body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        request.body(Full::new(body)).expect("paths, tokens and tags are valid")
    }

    /// Returns whether anybody answers there.
    pub async fn reaches(&self) -> bool {
        let request = Request::builder()
            .uri(format!("{}/session", self.base))
            .body(Full::new(Bytes::new()))
            .expect("the path is valid");
        tokio::time::timeout(TIMEOUT, self.http.request(request))
            .await
            .is_ok_and(|sent| sent.is_ok())
    }

    /// Opens a stream of events after the one with this id.
    pub async fn events(&self, after: u64) -> Option<Incoming> {
        let request = Request::builder()
            .uri(format!("{}/_local/events", self.base))
            .header("last-event-id", after)
            .body(Full::new(Bytes::new()))
            .expect("the path is valid");
        let answer = tokio::time::timeout(TIMEOUT, self.http.request(request)).await.ok()?.ok()?;
        let kind = answer.headers().get(header::CONTENT_TYPE)?;
        let is_stream = answer.status() == StatusCode::OK && kind == "text/event-stream";
        is_stream.then(|| answer.into_body())
    }
}

/// Returns whether a host is this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

/// Returns whether the same request may be answered otherwise a little later.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_filled_unasked() {
        for (url, here) in [
            ("http://127.0.0.1:8080", true),
            ("http://127.9.9.9", true),
            ("http://localhost:1/", true),
            ("http://[::1]:8080", true),
            ("https://api.example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://localhost.example.com", false),
            ("http://127.0.0.1@api.example.com", false),
            ("http://0.0.0.0:8080", false),
            ("http://10.0.0.1", false),
        ] {
            let refused = matches!(Client::new(url, false), Err(AddressError::Elsewhere(_)));
            assert_eq!(refused, !here, "{url}");
            assert!(Client::new(url, true).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in ["", "127.0.0.1:8080", "ftp://127.0.0.1", "http://", "http://127.0.0.1?x", "x y"]
        {
            assert!(matches!(Client::new(url, true), Err(AddressError::Invalid(_))), "{url}");
        }
    }
}
