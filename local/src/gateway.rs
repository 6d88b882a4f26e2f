//! HTTP as API Gateway would pass it on, and the functions behind it.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body as EventBody;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, request::Parts};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use shared::protocol::SystemClock;
use shared::store::Store;
use users::Settings;

use crate::banner;
use crate::inbox::Inbox;

/// The largest body that API Gateway takes (AWS limit).
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;
/// Where clients put their token.
const TOKEN_HEADERS: [&str; 3] = ["cb-token", "qb-token", "authorization"];

/// What the functions need.
#[derive(Clone)]
pub(crate) struct Functions {
    pub store: Store,
    pub inbox: Inbox,
    pub settings: Settings,
    pub uploads: upload::Settings,
}

/// Answers any request.
pub(crate) async fn answer(State(functions): State<Functions>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match (parts.method.as_str(), parts.uri.path()) {
        ("GET", "/") => return page(&functions.inbox),
        ("GET", "/_local/pushes") => return pushes(&functions.inbox),
        _ => {}
    }
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "application/json", r#"{"message":"Request Entity Too Large"}"#);
    };
    let event = match serde_json::from_value(event(&parts, &body)) {
        Ok(event) => event,
        Err(error) => {
            tracing::warn!(%error, "a request can't be passed on");
            return plain(StatusCode::BAD_REQUEST, "application/json", r#"{"message":"Bad Request"}"#);
        }
    };
    respond(functions.invoke(&parts.method, event).await)
}

impl Functions {
    /// Invokes the function to which the template routes the request.
    async fn invoke(&self, method: &Method, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let path = event.raw_path.clone().unwrap_or_default();
        let route = path.strip_suffix(".json").unwrap_or(&path).trim_start_matches('/');
        let Self { store, inbox, settings, uploads } = self;
        match (method.as_str(), route) {
            ("GET", "address_book/registered_users") => registered_users::handle(store, event).await,
            ("GET", "address_book") => get::handle(store, event).await,
            (_, route) if route == "users" || route.starts_with("users/") => {
                users::handle(store, inbox, &SystemClock, *settings, event).await
            }
            (_, route) if route == "subscriptions" || route.starts_with("subscriptions/") => {
                subscriptions::handle(store, inbox, &SystemClock, event).await
            }
            // Whatever is left is 404, which every function can say.
            _ => upload::handle(store, &SystemClock, uploads, event).await,
        }
    }
}

/// The event that API Gateway would send, payload format 2.0.
fn event(parts: &Parts, body: &Bytes) -> Value {
    let path = parts.uri.path();
    let text = std::str::from_utf8(body).ok();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": headers(&parts.headers),
        "requestContext": {
            "accountId": "local",
            "apiId": "local",
            "domainName": "localhost",
            "http": {
                "method": parts.method.as_str(), "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                "userAgent": ""
            },
            "requestId": request_id(),
            "routeKey": "$default",
            "stage": "$default",
            "time": "",
            "timeEpoch": 0
        },
        "isBase64Encoded": text.is_none(),
    });
    if !body.is_empty() {
        event["body"] = text.map_or_else(|| STANDARD.encode(body), ToOwned::to_owned).into();
    }
    if let Some(claims) = token(&parts.headers).map(claims) {
        event["requestContext"]["authorizer"] = json!({ "jwt": { "claims": claims, "scopes": null } });
    }
    event
}

/// Header names in lower case, several values joined by commas.
fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let value = |name| {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        values.collect::<Vec<_>>().join(",")
    };
    headers.keys().map(|name| (name.as_str().to_owned(), value(name).into())).collect()
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let token = TOKEN_HEADERS.iter().find_map(|name| headers.get(*name))?.to_str().ok()?;
    let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
    (!token.is_empty()).then_some(token)
}

/// What a token proves here: it is the user id itself, with the verified phone after a colon.
fn claims(token: &str) -> Value {
    match token.rsplit_once(':') {
        Some((user, phone)) if phone.starts_with('+') => json!({ "sub": user, "phone_number": phone }),
        _ => json!({ "sub": token }),
    }
}

/// An id that tells one request of this process from another.
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

fn pushes(inbox: &Inbox) -> Response {
    let body = serde_json::to_string(&inbox.pushes()).expect("pushes are JSON");
    plain(StatusCode::OK, "application/json", body)
}

fn page(inbox: &Inbox) -> Response {
    plain(StatusCode::OK, "text/html;charset=utf-8", banner::page(&inbox.pushes()))
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
    fn a_token_is_the_user_id_with_the_phone_after_a_colon() {
        for (token, expected) in [
            ("alice", json!({"sub": "alice"})),
            ("alice:+14155550100", json!({"sub": "alice", "phone_number": "+14155550100"})),
            ("urn:alice", json!({"sub": "urn:alice"})),
            ("urn:alice:+14155550100", json!({"sub": "urn:alice", "phone_number": "+14155550100"})),
        ] {
            assert_eq!(claims(token), expected, "{token}");
        }
    }

    #[test]
    fn every_header_that_clients_use_carries_the_token() {
        for (name, value) in [("cb-token", "alice"), ("qb-token", "alice"), ("authorization", "Bearer alice")] {
            let headers = HeaderMap::from_iter([(name.parse().expect("a name"), value.parse().expect("a value"))]);
            assert_eq!(token(&headers), Some("alice"), "{name}");
        }
        assert_eq!(token(&HeaderMap::new()), None);
    }
}
