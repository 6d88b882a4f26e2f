//! Requests to identity providers.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use http::header::CACHE_CONTROL;
use serde_json::{Map, Value};

/// How long one request may take, connecting included. An app waits, and API Gateway for no more
/// than 30 s.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer, in bytes. Sets of keys have some 10 KB.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Makes requests, and keeps connections open between them. Clones share them. It trusts the
/// machine's roots, and reads them at the first request.
#[derive(Clone, Debug, Default)]
pub struct Fetch(Arc<OnceLock<SharedHttpConnector>>);

/// An answer with a JSON object.
pub(crate) struct Answer {
    pub object: Map<String, Value>,
    /// How many seconds it may be kept, if it says so.
    pub max_age_s: Option<u64>,
}

/// Why a request has no usable answer. It never quotes one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("no answer")]
    NoAnswer,
    #[error("status {0}")]
    Status(u16),
    #[error("no JSON object of at most {MAX_ANSWER_BYTES} bytes")]
    Content,
}

fn connector() -> SharedHttpConnector {
    let tls = Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(TlsContext::default());
    SharedHttpConnector::new(tls.build())
}

impl Fetch {
    pub(crate) async fn get(&self, url: &str) -> Result<Answer, FetchError> {
        self.send(http::Request::get(url), SdkBody::empty()).await
    }

    pub(crate) async fn post(&self, url: &str, body: &Value) -> Result<Answer, FetchError> {
        let request = http::Request::post(url).header("content-type", "application/json");
        self.send(request, SdkBody::from(body.to_string())).await
    }

    async fn send(
        &self,
        request: http::request::Builder,
        body: SdkBody,
    ) -> Result<Answer, FetchError> {
        let request = request.header("accept", "application/json").body(body);
        let request = request.ok().and_then(|request| HttpRequest::try_from(request).ok());
        let answer = self.answer(request.ok_or(FetchError::NoAnswer)?);
        tokio::time::timeout(TIMEOUT, answer).await.unwrap_or(Err(FetchError::NoAnswer))
    }

    async fn answer(&self, request: HttpRequest) -> Result<Answer, FetchError> {
        let response = self.0.get_or_init(connector).call(request).await;
        let response = response.map_err(|_| FetchError::NoAnswer)?;
        // A redirect isn't followed: the addresses are fixed.
        if !response.status().is_success() {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let max_age_s = response.headers().get(CACHE_CONTROL.as_str()).and_then(max_age);
        let mut body = ByteStream::new(response.into_body());
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await {
            bytes.extend_from_slice(&chunk.map_err(|_| FetchError::NoAnswer)?);
            if bytes.len() > MAX_ANSWER_BYTES {
                return Err(FetchError::Content);
            }
        }
        let object = serde_json::from_slice(&bytes).map_err(|_| FetchError::Content)?;
        Ok(Answer { object, max_age_s })
    }
}

/// Returns the `max-age` of a header `Cache-Control`.
fn max_age(header: &str) -> Option<u64> {
    let mut directives = header.split(',').map(|directive| directive.trim().to_ascii_lowercase());
    directives.find_map(|directive| directive.strip_prefix("max-age=")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_max_age_is_found_among_directives() {
        for (header, expected) in [
            ("public, max-age=21600, must-revalidate", Some(21_600)),
            ("Max-Age=5", Some(5)),
            ("s-maxage=7", None),
            ("max-age=x", None),
            ("no-store", None),
        ] {
            assert_eq!(max_age(header), expected, "{header}");
        }
    }
}
