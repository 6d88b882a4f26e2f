//! Clients of SNS and SQS that get their answers from a test.

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;

/// Returns a status and a body for the body of a request.
pub type Answers = Arc<dyn Fn(&str) -> (u16, String) + Send + Sync>;

#[derive(Clone)]
struct Answering(Answers);

impl std::fmt::Debug for Answering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answering")
    }
}

impl HttpConnector for Answering {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked =
            String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let (status, body) = (self.0)(&asked);
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            status.try_into().expect("a status"),
            SdkBody::from(body),
        )))
    }
}

/// Makes a configured client of one of the SDK's crates.
macro_rules! client {
    ($sdk:ident, $connector:expr) => {{
        let connector = SharedHttpConnector::new($connector);
        let config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::from_static("us-east-1"))
            .allow_no_auth()
            .endpoint_url("http://embedded")
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        $sdk::Client::from_conf(config)
    }};
}

pub fn sns(answers: Answers) -> aws_sdk_sns::Client {
    sns_over(Answering(answers))
}

/// Returns a client of SNS that sends every request through `connector`.
pub fn sns_over(connector: impl HttpConnector + 'static) -> aws_sdk_sns::Client {
    client!(aws_sdk_sns, connector)
}

pub fn sqs(answers: Answers) -> aws_sdk_sqs::Client {
    client!(aws_sdk_sqs, Answering(answers))
}
