//! What API Gateway does: it turns HTTP requests into events for the functions, and their answers
//! into responses.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use api::{Call, EventBuilder};
use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use aws_lambda_events::encodings::Body as EventBody;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Method, StatusCode, request::Parts};
use axum::response::Response;
use futures::future::ready;
use futures::stream;
use serde_json::{Map, Value, json};
use store::TOKEN_PREFIX;
use tokio::sync::Notify;

use crate::clock::LocalClock;
use crate::cors;
use crate::faults::{self, Effect};
use crate::functions::HttpFunctions;
use crate::inbox::Inbox;
use crate::meter::metered;
use crate::page;
use crate::reach::{comes_from_this_machine, is_of_apps, is_of_this_machine};
use crate::tools::Tools;

/// The largest body that API Gateway takes (AWS limit).
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;
/// The headers in which clients send their token.
const TOKEN_HEADERS: [&str; 3] = ["cb-token", "qb-token", "authorization"];

/// The state that answering a request needs.
#[derive(Clone)]
pub(crate) struct Gateway {
    pub functions: HttpFunctions<Inbox, LocalClock>,
    /// Notified of each request that may have changed something.
    pub changed: Arc<Notify>,
    /// What answers under `/_local/`.
    pub tools: Tools,
    /// The address at which others reach this machine.
    pub host: IpAddr,
    /// Whether a user id is a token.
    pub takes_any_user: bool,
    /// The origins of web pages that may call from elsewhere.
    pub cors: Arc<[String]>,
}

/// Answers any request.
pub(crate) async fn answer(
    State(gateway): State<Gateway>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    if is_of_this_machine(path) {
        let named = if is_of_apps(path) { &gateway.cors[..] } else { &[] };
        if !comes_from_this_machine(peer, gateway.host, &parts.headers, named) {
            let only_here = "Only this machine may look at this, by its address or as localhost.";
            return plain(StatusCode::FORBIDDEN, "text/plain", only_here);
        }
        let allowed = cors::headers(named, &parts.headers, false);
        let mut response = gateway.tools.answer(parts, body).await;
        response.headers_mut().extend(allowed);
        return response;
    }
    let is_preflight = parts.method == Method::OPTIONS;
    let allowed = cors::headers(&gateway.cors, &parts.headers, is_preflight);
    let mut response = if is_preflight && !allowed.is_empty() {
        plain(StatusCode::NO_CONTENT, "text/plain", Body::empty())
    } else {
        answer_to(&gateway, parts, body).await
    };
    response.headers_mut().extend(allowed);
    response
}

async fn answer_to(gateway: &Gateway, parts: Parts, body: Body) -> Response {
    let Gateway { functions, changed, tools, .. } = gateway;
    let (method, path) = (parts.method.as_str(), parts.uri.path());
    if let Some(file) = page::file(&parts.method, path) {
        return file;
    }
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "application/json",
            r#"{"message":"Request Entity Too Large"}"#,
        );
    };
    let event =
        match serde_json::from_value(event(&parts, &body, gateway.takes_any_user).into_value()) {
            Ok(event) => event,
            Err(error) => {
                tracing::warn!(%error, "a request can't be passed on");
                return plain(
                    StatusCode::BAD_REQUEST,
                    "application/json",
                    r#"{"message":"Bad Request"}"#,
                );
            }
        };
    let began = Instant::now();
    let fault = tools.faults.next(method, path);
    tools.wait(fault.map_or(0, Effect::delay_ms)).await;
    let (answer, calls) = match fault {
        Some(Effect::Status { status, .. }) => {
            (Call::new(event).respond(Err(faults::error(status))), vec![])
        }
        _ => metered(functions.answer(event)).await,
    };
    let request = json!({
        "method": method, "path": path, "status": answer.status_code,
        "ms": began.elapsed().as_secs_f64() * 1000.0,
        // The user of a local token, not a session's secret.
        "user": token(&parts.headers).filter(|token| !token.starts_with(TOKEN_PREFIX)),
        "fault": fault.map(|fault| fault.to_string()),
    });
    tools.journal.note("request", request, &calls);
    if parts.method != Method::GET {
        changed.notify_one();
    }
    match fault {
        Some(Effect::Drop { .. }) => never(),
        _ => respond(answer),
    }
}

/// Returns a response that ends its connection before the first byte is sent: its body fails before
/// its head is written out.
fn never() -> Response {
    let failed = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    Response::new(Body::from_stream(stream::once(ready(Err::<Bytes, _>(failed)))))
}

/// Returns the event that API Gateway would send.
fn event(parts: &Parts, body: &Bytes, takes_any_user: bool) -> EventBuilder {
    let target = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let mut event = EventBuilder::new(parts.method.as_str(), target)
        .request_id(&request_id())
        .headers(headers(&parts.headers));
    if !body.is_empty() {
        event = event.body(body);
    }
    match token(&parts.headers) {
        // The functions open the tokens of sessions.
        Some(token) if takes_any_user && !token.starts_with(TOKEN_PREFIX) => event.token(token),
        _ => event,
    }
}

/// Returns the headers with names in lower case, and with several values joined by commas.
fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let value = |name| {
        let values = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        values.collect::<Vec<_>>().join(",")
    };
    headers.keys().map(|name| (name.as_str().to_owned(), value(name).into())).collect()
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let token = TOKEN_HEADERS.iter().find_map(|name| headers.get(*name))?.to_str().ok()?;
    let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
    (!token.is_empty()).then_some(token)
}

/// Returns an id that tells one request of this process from another.
fn request_id() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static REQUESTS: AtomicU64 = AtomicU64::new(1);
    format!("local-{}", REQUESTS.fetch_add(1, Ordering::Relaxed))
}

fn respond(answer: ApiGatewayV2httpResponse) -> Response {
    let body = match answer.body {
        Some(EventBody::Text(text)) => Body::from(text),
        Some(EventBody::Binary(bytes)) => Body::from(bytes),
        _ => Body::empty(),
    };
    let mut response = Response::new(body);
    *response.status_mut() = u16::try_from(answer.status_code)
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = answer.headers;
    response
}

fn plain(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    Response::builder()
        .status(status)
        .header("content-type", content_type)
        .body(body.into())
        .expect("status and header are valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_that_clients_use_carries_the_token() {
        for (name, value) in
            [("cb-token", "alice"), ("qb-token", "alice"), ("authorization", "Bearer alice")]
        {
            let headers = HeaderMap::from_iter([(
                name.parse().expect("a name"),
                value.parse().expect("a value"),
            )]);
            assert_eq!(token(&headers), Some("alice"), "{name}");
        }
        assert_eq!(token(&HeaderMap::new()), None);
    }
}
