//! A request: its route, its caller, its body and query, and its answer.

use std::sync::OnceLock;
use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, RETRY_AFTER};
use model::{PublicId, Scope, hide_debug};
use serde_json::{Map, Value};

use crate::body::{object, udid_of};
use crate::entity_tag::{entity_tag, known_revisions};
use crate::error::ApiError;
use crate::form::form;
use crate::reply::Reply;
use crate::routes::{Endpoint, find};
use crate::user::with_zone;

/// The largest body, in bytes. Lambda takes 6 MB for the whole event, in which every quote of the
/// body is escaped. A contact of 50 bytes has eight quotes.
pub const MAX_BODY_BYTES: usize = 5 * 1024 * 1024;

/// How long we work on a request. After that we answer 503 with `Retry-After`, because API Gateway
/// (30 s) and Lambda (29 s, `template.yaml`) would answer without it.
pub const DEADLINE: Duration = Duration::from_secs(25);

/// The header in which every answer gives the id of its request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The headers that say until when a session lasts. The SDKs hold it for valid until then.
pub(crate) const ENDS: [HeaderName; 2] = [
    HeaderName::from_static("cb-token-expirationdate"),
    HeaderName::from_static("qb-token-expirationdate"),
];

/// A request to the API.
pub struct Call {
    pub(crate) event: ApiGatewayV2httpRequest,
    /// When the request's session ends, in milliseconds since 1970, once it is opened.
    pub(crate) session_until_ms: OnceLock<u64>,
}

// A request holds a token and a body, which logs must not show.
hide_debug!(Call);

impl Call {
    /// Takes the request that `event` carries.
    #[must_use]
    pub fn new(event: ApiGatewayV2httpRequest) -> Self {
        Self { event, session_until_ms: OnceLock::new() }
    }

    /// Returns the endpoint that is asked for, and the id in the path (empty if there is none).
    ///
    /// # Errors
    /// 404 if no route has this path and method.
    pub fn endpoint(&self) -> Result<(Endpoint, &str), ApiError> {
        let method = self.event.request_context.http.method.as_str();
        let (route, id) = find(method, self.path()).ok_or_else(ApiError::no_route)?;
        Ok((route.endpoint, id))
    }

    /// Returns the path without its stage.
    fn path(&self) -> &str {
        let path = self.event.raw_path.as_deref().unwrap_or_default();
        // API Gateway puts every stage but $default before the path.
        let stage = self.event.request_context.stage.as_deref().unwrap_or_default();
        let after = path.strip_prefix('/').and_then(|path| path.strip_prefix(stage));
        after
            .filter(|rest| !stage.is_empty() && (rest.is_empty() || rest.starts_with('/')))
            .unwrap_or(path)
    }

    /// Returns the fields of the body, which has to be a JSON object or a form. Without a content
    /// type it is read as JSON.
    ///
    /// # Errors
    /// 413 if the body is too large, 415 if its content type is neither, and 400 or 422 if it can't
    /// be read, see [`object`] and [`form`].
    pub fn fields(&self) -> Result<Map<String, Value>, ApiError> {
        let content_type = self.event.headers.get(CONTENT_TYPE);
        let kind = match content_type {
            None => BodyKind::Json,
            Some(value) => BodyKind::of(value.to_str().unwrap_or_default())
                .ok_or_else(ApiError::unknown_media_type)?,
        };
        let body = self.event.body.as_deref().unwrap_or_default();
        if body.len() > MAX_BODY_BYTES.div_ceil(3) * 4 {
            return Err(ApiError::too_large(MAX_BODY_BYTES));
        }
        let decoded;
        let bytes = if self.event.is_base64_encoded {
            decoded = STANDARD
                .decode(body)
                .map_err(|_| ApiError::malformed("The body is not valid base64."))?;
            &decoded
        } else {
            body.as_bytes()
        };
        if bytes.len() > MAX_BODY_BYTES {
            return Err(ApiError::too_large(MAX_BODY_BYTES));
        }
        match kind {
            BodyKind::Json => object(bytes),
            // `curl -d` says that its JSON is a form. No field's name begins with a brace.
            BodyKind::Form if bytes.first() == Some(&b'{') => Err(ApiError::unknown_media_type()),
            BodyKind::Form => form(bytes),
        }
    }

    /// Reads the parameters of the query, as [`form`] reads them. The QuickBlox SDK sends a JSON object as a parameter: its
    /// fields are read as parameters.
    ///
    /// # Errors
    /// 400 if a parameter begins like a JSON object and isn't one, and as in [`form`].
    pub fn query(&self) -> Result<Map<String, Value>, ApiError> {
        let raw = self.event.raw_query_string.as_deref().unwrap_or_default();
        let (objects, pairs): (Vec<_>, Vec<_>) =
            raw.split('&').partition(|pair| pair.starts_with('{') || pair.starts_with("%7B"));
        let mut query = form(pairs.join("&").as_bytes())?;
        for (name, value) in objects.iter().flat_map(|one| form_urlencoded::parse(one.as_bytes())) {
            let whole =
                if value.is_empty() { name.into_owned() } else { format!("{name}={value}") };
            let fields = object(whole.as_bytes())
                .map_err(|_| ApiError::malformed("The query is not a valid JSON object."))?;
            query.extend(fields);
        }
        Ok(query)
    }

    /// Returns the revisions of the answer that the client already has.
    #[must_use]
    pub fn known_revisions(&self) -> Vec<String> {
        known_revisions(&self.event.headers)
    }

    /// Returns the book that the query means.
    ///
    /// # Errors
    /// 400 or 422, see [`Call::query`] and [`udid_of`].
    pub fn scope(&self) -> Result<Scope, ApiError> {
        udid_of(self.query()?.get("udid"))
    }

    /// Answers with the result of `serving`, or with 503 if that takes longer than [`DEADLINE`]. To
    /// the protocols, a request that is cut off is a crash like any other: a repeat puts right what
    /// it left.
    pub async fn answer(
        &self,
        serving: impl Future<Output = Result<Reply, ApiError>>,
    ) -> ApiGatewayV2httpResponse {
        let served = tokio::time::timeout(DEADLINE, serving).await;
        self.respond(served.unwrap_or_else(|_| Err(ApiError::out_of_time())))
    }

    /// Turns a result into the answer, and logs the cause of an error.
    #[must_use]
    pub fn respond(&self, result: Result<Reply, ApiError>) -> ApiGatewayV2httpResponse {
        let request_id = self.event.request_context.request_id.as_deref().unwrap_or_default();
        let mut headers = HeaderMap::new();
        if let Ok(request_id) = HeaderValue::from_str(request_id) {
            headers.insert(REQUEST_ID, request_id);
        }
        let until = self.session_until_ms.get().map(|until_ms| with_zone(*until_ms));
        if let Some(until) = until.and_then(|until| HeaderValue::try_from(until).ok()) {
            for name in ENDS {
                headers.insert(name, until.clone());
            }
        }
        let (status, body) = match result {
            Ok(Reply { status, body, revision }) => {
                let tag = revision.and_then(|revision| entity_tag(&revision).try_into().ok());
                if let Some(tag) = tag {
                    headers.insert(ETAG, tag);
                    // Caches may keep it for this user alone, and ask each time.
                    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
                }
                (status, body)
            }
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
        if !body.is_empty() {
            let json = HeaderValue::from_static("application/json;charset=utf-8");
            headers.insert(CONTENT_TYPE, json);
        }
        response.headers = headers;
        response.body = Some(Body::Text(body));
        response
    }
}

/// Returns the public id that a part of a path names.
///
/// # Errors
/// 404 with `message` if the part isn't an id.
pub fn public_id(part: &str, message: &'static str) -> Result<PublicId, ApiError> {
    part.parse().map_err(|_| ApiError::not_found(message))
}

/// How a body is written.
enum BodyKind {
    Json,
    Form,
}

impl BodyKind {
    /// Returns the kind that a content type names, if it names one of them.
    fn of(content_type: &str) -> Option<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default();
        let media_type = media_type.trim().to_ascii_lowercase();
        match media_type.strip_prefix("application/")? {
            "x-www-form-urlencoded" => Some(Self::Form),
            subtype if subtype == "json" || subtype.ends_with("+json") => Some(Self::Json),
            _ => None,
        }
    }
}

/// Logs one line for a failure on our side. Clients' mistakes aren't logged.
fn log(error: &ApiError, request_id: &str) {
    let Some(cause) = &error.cause else { return };
    tracing::error!(status = error.status, request_id, error = %cause, "request failed");
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use store::{StoreError, Table};

    use super::*;
    use crate::event::EventBuilder;

    fn get(path_and_query: &str) -> EventBuilder {
        EventBuilder::new("GET", path_and_query).request_id("r-1").token("alice")
    }

    fn call(event: EventBuilder) -> Call {
        Call::new(event.build())
    }

    #[test]
    fn every_path_answers_with_and_without_json() {
        let registered = Endpoint::ReadRegisteredUsers;
        for (path, stage, expected) in [
            ("/address_book", "$default", Some((Endpoint::ReadBook, ""))),
            ("/address_book.json", "$default", Some((Endpoint::ReadBook, ""))),
            ("/prod/address_book/registered_users.json", "prod", Some((registered, ""))),
            ("/users/7.json", "$default", Some((Endpoint::ReadUser, "7"))),
            ("/production/address_book", "prod", None),
            ("/", "$default", None),
        ] {
            let call = call(get(path).stage(stage));
            assert_eq!(call.endpoint().ok(), expected, "{path}");
        }
        assert_eq!(call(get("/nowhere")).endpoint().expect_err("no route").status, 404);
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
            let call = call(get(&format!("/address_book?{query}")));
            let fields = call.query().expect("readable");
            assert_eq!(fields.get("udid").and_then(Value::as_str), udid, "{query}");
        }
        let broken = call(get("/address_book?{%22udid"));
        assert_eq!(broken.query().expect_err("malformed").status, 400);
    }

    #[test]
    fn a_body_is_json_or_a_form_or_refused() {
        let post = |body: &str| get("/address_book").body(body.as_bytes());
        let in_base64 = |body: &str| {
            let mut event = post(body).into_value();
            event["isBase64Encoded"] = true.into();
            Call::new(serde_json::from_value(event).expect("an event"))
        };
        let json = "application/json;charset=utf-8";
        let urlencoded = "application/x-www-form-urlencoded";
        for (call, status) in [
            (call(post("{\"a\":1}")), None),
            (call(post("{}").header("content-type", json)), None),
            (in_base64("e30="), None),
            (call(post("a[b]=1").header("content-type", urlencoded)), None),
            (call(post("a=1&a[b]=1").header("content-type", urlencoded)), Some(400)),
            (call(post("{\"a\":1}").header("content-type", urlencoded)), Some(415)),
            (call(post("{}").header("content-type", "text/plain")), Some(415)),
            (call(post("{")), Some(400)),
            (in_base64("%"), Some(400)),
            (call(post(&"x".repeat(6 * 1024 * 1024))), Some(413)),
        ] {
            assert_eq!(call.fields().err().map(|error| error.status), status);
        }
    }

    #[test]
    fn a_form_says_the_same_as_json() {
        let json =
            json!({"udid": "pixel", "force": "1", "contacts": [{"phone": "+1", "name": "Ö"}]});
        let form = "udid=pixel&force=1&contacts%5B%5D%5Bphone%5D=%2B1&contacts[][name]=%C3%96";
        let posted = get("/address_book").json(&json);
        let sent = get("/address_book")
            .header("content-type", "application/x-www-form-urlencoded; charset=UTF-8")
            .body(form.as_bytes());
        let read = [posted, sent].map(|event| call(event).fields().expect("readable"));
        assert_eq!(read[0], read[1]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_takes_too_long_is_answered_all_the_same() {
        let response = call(get("/address_book")).answer(std::future::pending()).await;
        assert_eq!(response.status_code, 503);
        assert_eq!(response.headers["retry-after"], "2");
        let response = call(get("/address_book")).answer(async { Ok(Reply::empty()) }).await;
        assert_eq!(response.status_code, 200);
    }

    #[test]
    fn an_error_names_its_request_and_when_to_come_again() {
        let call = call(get("/address_book"));
        let throttled = StoreError::Throttled { operation: "PutItem", table: Table::AddressBooks };
        let response = call.respond(Err(throttled.into()));
        assert_eq!(response.status_code, 503);
        assert_eq!(response.headers["retry-after"], "2");
        assert_eq!(response.headers["x-request-id"], "r-1");
    }
}
