//! Requests as API Gateway sends them, for what takes its place: the local server, tests and
//! benchmarks.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// Builds an event of payload format 2.0.
#[derive(Clone)]
pub struct EventBuilder(Value);

model::hide_debug!(EventBuilder);

impl EventBuilder {
    /// Begins a request without headers, caller or body.
    #[must_use]
    pub fn new(method: &str, path_and_query: &str) -> Self {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        Self(json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {},
            "requestContext": {
                "accountId": "local",
                "apiId": "local",
                "domainName": "localhost",
                "http": {
                    "method": method, "path": path, "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1", "userAgent": "",
                },
                "requestId": "request",
                "routeKey": "$default",
                "stage": "$default",
                "time": "",
                "timeEpoch": 0,
            },
            "isBase64Encoded": false,
        }))
    }

    /// Sets the request's id, which logs and answers repeat.
    #[must_use]
    pub fn request_id(mut self, id: &str) -> Self {
        self.0["requestContext"]["requestId"] = id.into();
        self
    }

    /// Sets the stage. API Gateway also puts every stage but `$default` before the path, which this
    /// doesn't do.
    #[must_use]
    pub fn stage(mut self, stage: &str) -> Self {
        self.0["requestContext"]["stage"] = stage.into();
        self
    }

    /// Adds a header. Its name has to be in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0["headers"][name] = value.into();
        self
    }

    /// Sets all headers. Their names have to be in lower case.
    #[must_use]
    pub fn headers(mut self, headers: Map<String, Value>) -> Self {
        self.0["headers"] = headers.into();
        self
    }

    /// Sets the claims of the caller's token, as a JWT authorizer passes them on.
    #[must_use]
    pub fn claims(mut self, claims: &Value) -> Self {
        let authorizer = json!({ "jwt": { "claims": claims, "scopes": null } });
        self.0["requestContext"]["authorizer"] = authorizer;
        self
    }

    /// Sets the claims of a local server's token; see [`claims_of_local_token`].
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.claims(&claims_of_local_token(token))
    }

    /// Sets the body: as a text if it is UTF-8, otherwise in base64.
    #[must_use]
    pub fn body(mut self, body: &[u8]) -> Self {
        match std::str::from_utf8(body) {
            Ok(text) => self.0["body"] = text.into(),
            Err(_) => {
                self.0["body"] = STANDARD.encode(body).into();
                self.0["isBase64Encoded"] = true.into();
            }
        }
        self
    }

    /// Sets a JSON body, and the header `content-type`.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string().as_bytes())
    }

    /// Returns the event as Lambda gets it.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.0
    }

    /// Returns the event as a function gets it.
    ///
    /// # Panics
    /// Panics if the name or the value of a header isn't valid.
    #[must_use]
    pub fn build(self) -> ApiGatewayV2httpRequest {
        serde_json::from_value(self.0).expect("an event of API Gateway")
    }
}

/// Returns the claims of a local server's token: the user id, or the user id and the phone with a
/// colon between them.
#[must_use]
pub fn claims_of_local_token(token: &str) -> Value {
    match token.rsplit_once(':') {
        Some((user, phone)) if phone.starts_with('+') => {
            json!({ "sub": user, "phone_number": phone, "phone_number_verified": "true" })
        }
        _ => json!({ "sub": token }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_user_id_with_the_phone_after_a_colon() {
        for (token, expected) in [
            ("alice", json!({"sub": "alice"})),
            (
                "alice:+14155550100",
                json!({"sub": "alice", "phone_number": "+14155550100", "phone_number_verified": "true"}),
            ),
            ("urn:alice", json!({"sub": "urn:alice"})),
            (
                "urn:alice:+14155550100",
                json!({"sub": "urn:alice", "phone_number": "+14155550100", "phone_number_verified": "true"}),
            ),
        ] {
            let event = EventBuilder::new("GET", "/").token(token).into_value();
            let claims = &event["requestContext"]["authorizer"]["jwt"]["claims"];
            assert_eq!(*claims, expected, "{token}");
        }
    }
}
