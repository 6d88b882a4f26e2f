//! AWS as one function sees it. Every call is answered, and recorded as the permission that it
//! takes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use lambda::config::Variables;
use protocol::push::{FcmStyle, Sns};
use protocol::queue::SqsQueue;
use serde_json::{Value, json};
use store::{Keyring, Store};

use super::policy::Grant;
use support::embedded::{Embedded, operation, store_over};

/// The platform applications, by the parameters that hold their ARNs.
const APPLICATIONS: [(&str, &str, &str); 5] = [
    ("ApnsApplicationArn", "APNS_APPLICATION_ARN", "APNS"),
    ("ApnsSandboxApplicationArn", "APNS_SANDBOX_APPLICATION_ARN", "APNS_SANDBOX"),
    ("ApnsVoipApplicationArn", "APNS_VOIP_APPLICATION_ARN", "APNS_VOIP"),
    ("ApnsVoipSandboxApplicationArn", "APNS_VOIP_SANDBOX_APPLICATION_ARN", "APNS_VOIP_SANDBOX"),
    ("FcmApplicationArn", "FCM_APPLICATION_ARN", "GCM"),
];

/// An AWS account over one embedded DynamoDB, as one function calls it.
#[derive(Clone, Debug)]
pub struct Recorder {
    embedded: Embedded,
    grants: Arc<Mutex<BTreeSet<Grant>>>,
}

impl Recorder {
    pub fn new(embedded: &Embedded) -> Self {
        Self { embedded: embedded.clone(), grants: Arc::default() }
    }

    /// Returns the same account as another caller sees it. Its calls aren't recorded.
    pub fn unnoted(&self) -> Self {
        Self::new(&self.embedded)
    }

    /// Returns the permissions that all calls so far took.
    pub fn grants(&self) -> BTreeSet<Grant> {
        self.grants.lock().expect("no panic while noting").clone()
    }

    pub fn store(&self) -> Store {
        // Books expire here, since putting off their end takes a permission of its own.
        store_over(self.clone()).with_book_ttl(Some(24 * 60 * 60))
    }

    /// Reads the keys, as a function does before its first event.
    pub async fn read_keys(&self) {
        let connector = SharedHttpConnector::new(self.clone());
        let sdk = aws_types::SdkConfig::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(aws_types::region::Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "a", "b", None, None, "tests",
            )))
            .endpoint_url("http://secretsmanager")
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        lambda::aws::keyring(&sdk, &Configured).await.expect("keys");
    }

    /// Returns SNS with all platform applications.
    pub fn push_service(&self) -> Sns {
        let applications = lambda::config::applications(&Configured).expect("ARNs");
        Sns::new(self.sns(), applications, FcmStyle::Data)
    }

    /// Returns the queue with this logical id.
    pub fn queue(&self, name: &str) -> SqsQueue {
        let recorder = self.clone();
        let connector = SharedHttpConnector::new(recorder);
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
            .region(aws_sdk_sqs::config::Region::from_static("us-east-1"))
            .allow_no_auth()
            .endpoint_url("http://sqs")
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        let url = format!("http://sqs/123456789012/{name}");
        SqsQueue::new(aws_sdk_sqs::Client::from_conf(config), url, Keyring::default())
    }

    fn sns(&self) -> aws_sdk_sns::Client {
        let connector = SharedHttpConnector::new(self.clone());
        let config = aws_sdk_sns::Config::builder()
            .behavior_version(aws_sdk_sns::config::BehaviorVersion::latest())
            .region(aws_sdk_sns::config::Region::from_static("us-east-1"))
            .allow_no_auth()
            .endpoint_url("http://sns")
            .retry_config(aws_sdk_sns::config::retry::RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        aws_sdk_sns::Client::from_conf(config)
    }

    fn note(&self, action: impl Into<String>, resource: impl Into<String>) {
        self.grants.lock().expect("no panic while noting").insert((action.into(), resource.into()));
    }

    fn dynamodb(&self, request: &HttpRequest, body: &Value) -> HttpResponse {
        let operation = operation(request);
        match operation {
            "BatchExecuteStatement" => {
                for statement in body["Statements"].as_array().expect("statements") {
                    let (action, table) =
                        partiql(statement["Statement"].as_str().expect("a statement"));
                    self.note(format!("dynamodb:PartiQL{action}"), table);
                }
            }
            "BatchGetItem" => {
                for table in body["RequestItems"].as_object().expect("tables").keys() {
                    self.note("dynamodb:BatchGetItem", table);
                }
            }
            "TransactWriteItems" => {
                for item in body["TransactItems"].as_array().expect("items") {
                    let (kind, item) =
                        item.as_object().and_then(|item| item.iter().next()).expect("an item");
                    let action = if kind == "ConditionCheck" {
                        "ConditionCheckItem"
                    } else {
                        &format!("{kind}Item")
                    };
                    self.note(
                        format!("dynamodb:{action}"),
                        item["TableName"].as_str().expect("a table"),
                    );
                }
            }
            _ => self.note(
                format!("dynamodb:{operation}"),
                body["TableName"].as_str().expect("a table"),
            ),
        }
        self.embedded.call_now(request)
    }

    fn sqs(&self, operation: &str, body: &Value) -> HttpResponse {
        let queue =
            body["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next()).expect("a queue");
        // A batch takes the same permission as its messages.
        self.note(format!("sqs:{}", operation.trim_end_matches("Batch")), queue);
        let sent = |id: &Value| json!({"Id": id, "MessageId": "m", "MD5OfMessageBody": "0"});
        let answer = match body["Entries"].as_array() {
            Some(entries) => {
                json!({"Successful": entries.iter().map(|entry| sent(&entry["Id"])).collect::<Vec<_>>(), "Failed": []})
            }
            None => sent(&Value::Null),
        };
        respond(200, answer.to_string())
    }

    fn secrets(&self, operation: &str, body: &Value) -> HttpResponse {
        self.note(
            format!("secretsmanager:{operation}"),
            body["SecretId"].as_str().expect("a secret"),
        );
        let secret = json!({"index": "1", "current": "1", "1": "k".repeat(64)}).to_string();
        respond(200, json!({ "SecretString": secret }).to_string())
    }

    fn sns_call(&self, form: &[u8]) -> HttpResponse {
        let fields: std::collections::HashMap<_, _> =
            form_urlencoded::parse(form).into_owned().collect();
        let arn = ["PlatformApplicationArn", "EndpointArn", "TargetArn"]
            .iter()
            .find_map(|name| fields.get(*name));
        let arn = arn.expect("a call is about an application or an endpoint");
        let platform = arn.split('/').nth(1).expect("a platform");
        let (parameter, ..) =
            APPLICATIONS.into_iter().find(|(.., name)| *name == platform).expect("one of ours");
        let action = &fields["Action"];
        self.note(format!("sns:{action}"), parameter);
        match action.as_str() {
            // An endpoint is named after its device's token, which decides what a push to it comes
            // to.
            "CreatePlatformEndpoint" => {
                let endpoint =
                    format!("{}/{}", arn.replace(":app/", ":endpoint/"), fields["Token"]);
                xml(action, &format!("<EndpointArn>{endpoint}</EndpointArn>"))
            }
            "GetEndpointAttributes" => xml(
                action,
                "<Attributes><entry><key>Enabled</key><value>false</value></entry></Attributes>",
            ),
            "SetEndpointAttributes" | "DeleteEndpoint" => xml(action, ""),
            "Publish" if arn.ends_with("-gone") => failure(400, "EndpointDisabled"),
            "Publish" if arn.ends_with("-busy") => failure(400, "Throttled"),
            "Publish" => xml(action, "<MessageId>m</MessageId>"),
            other => panic!("the tests don't know {other}"),
        }
    }
}

impl HttpConnector for Recorder {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let bytes = request.body().bytes().unwrap_or_default();
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let json = || serde_json::from_slice(bytes).expect("JSON");
        let response = match target.split('.').next() {
            Some("DynamoDB_20120810") => self.dynamodb(&request, &json()),
            Some("secretsmanager") => self.secrets(operation(&request), &json()),
            Some("AmazonSQS") => self.sqs(operation(&request), &json()),
            _ => self.sns_call(bytes),
        };
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// The deployment's platform applications, and the logical id of its keys.
struct Configured;

impl Variables for Configured {
    fn get(&self, name: &str) -> Option<String> {
        if name == "KEYS_SECRET_ARN" {
            return Some("SealingKeys".to_owned());
        }
        let (.., platform) = APPLICATIONS.into_iter().find(|(_, variable, _)| *variable == name)?;
        Some(format!("arn:aws:sns:us-east-1:123456789012:app/{platform}/test"))
    }
}

/// Returns `Insert`, `Update`, `Delete` or `Select`, and the table.
fn partiql(statement: &str) -> (String, &str) {
    let verb = statement.split(' ').next().expect("a verb").to_lowercase();
    let action = verb[..1].to_uppercase() + &verb[1..];
    (action, statement.split('"').nth(1).expect("a table in quotes"))
}

fn xml(action: &str, result: &str) -> HttpResponse {
    respond(
        200,
        format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"),
    )
}

fn failure(status: u16, code: &str) -> HttpResponse {
    let error =
        format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>");
    respond(status, format!("<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>"))
}

fn respond(status: u16, body: String) -> HttpResponse {
    HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body))
}
