//! HTTP as API Gateway speaks it: who calls, what they ask, and how they are answered.

use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::{HomeRegion, Payer, Phone, PublicId, Region, Scope, UserId};
use crate::wire::{ApiError, object, udid_of};

/// Most bytes of a body. Lambda takes 6 MB for the whole event, in which every quote of the body is
/// escaped: a contact of 50 bytes has eight of them.
pub const MAX_BODY_BYTES: usize = 5 * 1024 * 1024;

/// How long a request is worked on. API Gateway waits for 30 seconds and Lambda for 29 (`template.yaml`);
/// both would leave the client without a `Retry-After`.
pub const DEADLINE: Duration = Duration::from_secs(25);

/// Most bytes of an answer, as Lambda counts them: the body is a text in the function's JSON. Lambda's own
/// limit is 6 MB.
const MAX_ANSWER_BYTES: usize = 6_000_000;

/// The header under which every answer names its request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Who calls, as their token proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The token's subject.
    pub user: UserId,
    /// The token's verified phone.
    pub phone: Option<Phone>,
}

impl Caller {
    /// The region whose national numbers the caller writes.
    #[must_use]
    pub fn home(&self, default: Region) -> HomeRegion {
        HomeRegion::of(self.phone, default)
    }

    /// Whose budget the caller's new numbers are charged to.
    #[must_use]
    pub fn payer(&self) -> Payer {
        self.phone.map_or_else(|| Payer::User(self.user.clone()), Payer::Phone)
    }
}

/// One request.
pub struct Call {
    event: ApiGatewayV2httpRequest,
    path: Vec<String>,
}

/// Hidden: a request holds a token, and whatever its body says.
impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Call(…)")
    }
}

impl Call {
    /// The request that `event` carries.
    #[must_use]
    pub fn new(event: ApiGatewayV2httpRequest) -> Self {
        let path = path(&event);
        Self { event, path }
    }

    /// The method and the parts of the path, without a stage and without `.json`.
    #[must_use]
    pub fn route(&self) -> (&str, Vec<&str>) {
        (self.event.request_context.http.method.as_str(), self.path.iter().map(String::as_str).collect())
    }

    /// Checks that the request is for the one route of its function.
    ///
    /// # Errors
    /// 404 for any other.
    pub fn check_route(&self, method: &str, path: &[&str]) -> Result<(), ApiError> {
        if self.route() == (method, path.to_vec()) { Ok(()) } else { Err(no_route()) }
    }

    /// Who calls.
    ///
    /// # Errors
    /// 401 where the gateway names nobody.
    pub fn caller(&self) -> Result<Caller, ApiError> {
        let authorizer = self.event.request_context.authorizer.as_ref();
        let claims =
            &authorizer.and_then(|authorizer| authorizer.jwt.as_ref()).ok_or_else(ApiError::no_session)?.claims;
        let user = claims.get("sub").and_then(|subject| subject.parse().ok()).ok_or_else(ApiError::no_session)?;
        // Cognito says whether the number was verified; Firebase only puts verified ones into a token.
        let verified = claims.get("phone_number_verified").is_none_or(|verified| verified == "true");
        let number = claims.get("phone_number").filter(|_| verified);
        let phone = number.and_then(|number| number.strip_prefix('+')).and_then(|digits| digits.parse().ok());
        Ok(Caller { user, phone })
    }

    /// The body, a JSON object.
    ///
    /// # Errors
    /// 413, 415, 400 or 422, see [`object`].
    pub fn json(&self) -> Result<Map<String, Value>, ApiError> {
        let content_type = self.event.headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
        if content_type.is_some_and(|content_type| !is_json(content_type)) {
            return Err(ApiError::not_json());
        }
        let body = self.event.body.as_deref().unwrap_or_default();
        if body.len() > MAX_BODY_BYTES.div_ceil(3) * 4 {
            return Err(ApiError::too_large(MAX_BODY_BYTES));
        }
        let decoded;
        let bytes = if self.event.is_base64_encoded {
            decoded = STANDARD.decode(body).map_err(|_| ApiError::malformed("The body is not valid base64."))?;
            &decoded
        } else {
            body.as_bytes()
        };
        if bytes.len() > MAX_BODY_BYTES {
            return Err(ApiError::too_large(MAX_BODY_BYTES));
        }
        object(bytes)
    }

    /// The parameters of the query; one that is a JSON object, as the QuickBlox SDK sends it, is read as
    /// its fields.
    ///
    /// # Errors
    /// 400 for what begins like a JSON object and is none.
    pub fn query(&self) -> Result<Map<String, Value>, ApiError> {
        let raw = self.event.raw_query_string.as_deref().unwrap_or_default();
        let mut query = Map::new();
        for (name, value) in form_urlencoded::parse(raw.as_bytes()) {
            if name.starts_with('{') {
                let whole = if value.is_empty() { name.into_owned() } else { format!("{name}={value}") };
                let fields = object(whole.as_bytes())
                    .map_err(|_| ApiError::malformed("The query is not a valid JSON object."))?;
                query.extend(fields);
            } else {
                query.insert(name.into_owned(), Value::String(value.into_owned()));
            }
        }
        Ok(query)
    }

    /// Which book the query means.
    ///
    /// # Errors
    /// 400 or 422, see [`Call::query`] and [`udid_of`].
    pub fn scope(&self) -> Result<Scope, ApiError> {
        udid_of(self.query()?.get("udid"))
    }

    /// Answers with what `serving` comes to, or with 503 when its time is up. What is cut off then is to
    /// the protocols as if the function had crashed: nothing is left that a repeat doesn't put right.
    pub async fn answer(&self, serving: impl Future<Output = Result<Reply, ApiError>>) -> ApiGatewayV2httpResponse {
        let served = tokio::time::timeout(DEADLINE, serving).await;
        self.respond(served.unwrap_or_else(|_| Err(ApiError::out_of_time())))
    }

    /// The answer.
    #[must_use]
    pub fn respond(&self, result: Result<Reply, ApiError>) -> ApiGatewayV2httpResponse {
        let request_id = self.event.request_context.request_id.as_deref().unwrap_or_default();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=utf-8"));
        if let Ok(request_id) = HeaderValue::from_str(request_id) {
            headers.insert(REQUEST_ID, request_id);
        }
        let (status, body) = match result {
            Ok(Reply { status, body }) => (status, body),
            Err(error) => {
                log(&error, request_id);
                if let Some(seconds) = error.retry_after {
                    headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
                }
                (error.status, error.body().to_string())
            }
        };
        let mut response = ApiGatewayV2httpResponse::default();
        response.status_code = i64::from(status);
        response.headers = headers;
        response.body = Some(Body::Text(body));
        response
    }
}

/// An answer that is a success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    status: u16,
    body: String,
}

impl Reply {
    /// 200 with a JSON body.
    #[must_use]
    pub fn ok(body: &impl Serialize) -> Self {
        Self { status: 200, body: json(body) }
    }

    /// 200 with an empty JSON object: stock clients parse every body.
    #[must_use]
    pub fn empty() -> Self {
        Self { status: 200, body: "{}".to_owned() }
    }

    /// Whether Lambda can pass the answer on.
    #[must_use]
    pub fn fits(&self) -> bool {
        let escaped = self.body.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
        self.body.len() + escaped <= MAX_ANSWER_BYTES
    }

    /// 201 with a JSON body.
    #[must_use]
    pub fn created(body: &impl Serialize) -> Self {
        Self { status: 201, body: json(body) }
    }
}

fn json(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("an answer's keys are texts")
}

/// The public id that a part of a path names.
///
/// # Errors
/// 404 with `message` for what is no id.
pub fn public_id(part: &str, message: &'static str) -> Result<PublicId, ApiError> {
    part.parse().ok().and_then(PublicId::new).ok_or_else(|| ApiError::not_found(message))
}

/// 404 for a path or a method that no function has.
#[must_use]
pub fn no_route() -> ApiError {
    ApiError::not_found("The requested resource was not found.")
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json" || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

fn path(event: &ApiGatewayV2httpRequest) -> Vec<String> {
    let raw = event.raw_path.as_deref().unwrap_or_default();
    let raw = raw.strip_suffix(".json").unwrap_or(raw);
    let mut parts = raw.split('/').filter(|part| !part.is_empty()).peekable();
    // Other stages than $default stand before the path.
    if let Some(stage) = event.request_context.stage.as_deref() {
        parts.next_if(|part| *part == stage);
    }
    parts.map(ToOwned::to_owned).collect()
}

/// One line for what went wrong on our side; clients' mistakes are theirs.
fn log(error: &ApiError, request_id: &str) {
    let Some(cause) = &error.cause else { return };
    tracing::error!(status = error.status, request_id, error = %cause, "request failed");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(patch: &Value) -> Call {
        let mut event = json!({
            "version": "2.0", "rawPath": "/address_book", "rawQueryString": "", "headers": {},
            "requestContext": {"stage": "$default", "requestId": "r-1", "http": {"method": "GET"},
                "authorizer": {"jwt": {"claims": {"sub": "alice"}, "scopes": null}}}
        });
        for (pointer, value) in patch.as_object().expect("an object") {
            let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
            let parent = event.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
            parent.insert(name.to_owned(), value.clone());
        }
        Call::new(serde_json::from_value(event).expect("an event"))
    }

    #[test]
    fn every_path_answers_with_and_without_json() {
        for (path, stage, parts) in [
            ("/address_book", "$default", vec!["address_book"]),
            ("/address_book.json", "$default", vec!["address_book"]),
            ("/prod/address_book/registered_users.json", "prod", vec!["address_book", "registered_users"]),
            ("/users/7.json", "$default", vec!["users", "7"]),
            ("/", "$default", vec![]),
        ] {
            let call = call(&json!({"/rawPath": path, "/requestContext/stage": stage}));
            assert_eq!(call.route(), ("GET", parts), "{path}");
        }
    }

    #[test]
    fn the_caller_is_whom_the_token_proves() {
        for (claims, expected) in [
            (json!({"sub": "alice"}), Some(("alice", None))),
            (json!({"sub": "alice", "phone_number": "+16505550123"}), Some(("alice", Some("16505550123")))),
            (
                json!({"sub": "alice", "phone_number": "+16505550123", "phone_number_verified": "true"}),
                Some(("alice", Some("16505550123"))),
            ),
            (
                json!({"sub": "alice", "phone_number": "+16505550123", "phone_number_verified": "false"}),
                Some(("alice", None)),
            ),
            (json!({"sub": ""}), None),
            (json!({}), None),
        ] {
            let call = call(&json!({"/requestContext/authorizer": {"jwt": {"claims": claims, "scopes": null}}}));
            let caller = call.caller().ok();
            let seen = caller.as_ref().map(|c| (c.user.as_str(), c.phone.as_ref().map(Phone::digits)));
            assert_eq!(seen, expected, "{claims}");
        }
        assert_eq!(call(&json!({"/requestContext/authorizer": null})).caller().expect_err("nobody").status, 401);
    }

    #[test]
    fn a_query_is_read_as_the_sdks_write_it() {
        for (query, udid) in [
            ("", None),
            ("udid=A%2FB", Some("A/B")),
            ("compact=1&udid=x", Some("x")),
            ("{%22udid%22:%22A337%22}", Some("A337")),
            ("%7B%22udid%22%3A%22a%3Db%22%7D", Some("a=b")),
        ] {
            let fields = call(&json!({"/rawQueryString": query})).query().expect("readable");
            assert_eq!(fields.get("udid").and_then(Value::as_str), udid, "{query}");
        }
        assert_eq!(call(&json!({"/rawQueryString": "{%22udid"})).query().expect_err("malformed").status, 400);
    }

    #[test]
    fn a_body_is_json_or_refused() {
        for (patch, status) in [
            (json!({"/body": "{\"a\":1}"}), None),
            (json!({"/body": "{}", "/headers/content-type": "application/json;charset=utf-8"}), None),
            (json!({"/body": "e30=", "/isBase64Encoded": true}), None),
            (json!({"/body": "{}", "/headers/content-type": "text/plain"}), Some(415)),
            (json!({"/body": "{"}), Some(400)),
            (json!({"/body": "%", "/isBase64Encoded": true}), Some(400)),
            (json!({"/body": "x".repeat(6 * 1024 * 1024)}), Some(413)),
        ] {
            assert_eq!(call(&patch).json().err().map(|error| error.status), status);
        }
    }

    #[test]
    fn an_answer_is_counted_with_its_quotes_escaped() {
        let quotes = MAX_ANSWER_BYTES / 3;
        for (text, fits) in [("x".repeat(MAX_ANSWER_BYTES - 4), true), ("x".repeat(MAX_ANSWER_BYTES - 3), false)] {
            assert_eq!(Reply::ok(&text).fits(), fits);
        }
        assert!(!Reply::ok(&"\"".repeat(quotes)).fits(), "each is two bytes in the body and four in the answer");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_takes_too_long_is_answered_all_the_same() {
        let response = call(&json!({})).answer(std::future::pending()).await;
        assert_eq!(response.status_code, 503);
        assert_eq!(response.headers["retry-after"], "2");
        let response = call(&json!({})).answer(async { Ok(Reply::empty()) }).await;
        assert_eq!(response.status_code, 200);
    }

    #[test]
    fn an_error_names_its_request_and_when_to_come_again() {
        let call = call(&json!({}));
        let throttled = crate::store::StoreError::Throttled { operation: "PutItem" };
        let response = call.respond(Err(throttled.into()));
        assert_eq!(response.status_code, 503);
        assert_eq!(response.headers["retry-after"], "2");
        assert_eq!(response.headers["x-request-id"], "r-1");
    }
}
