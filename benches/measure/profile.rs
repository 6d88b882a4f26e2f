//! Makes one upload of 10,000 contacts over tables that answer at once, to run under a profiler:
//!
//! `valgrind --tool=callgrind target/release/deps/measure-… profile`

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use model::SystemClock;
use serde_json::{Value, json};

use crate::upload_settings;
use support::embedded::{operation, store_over};
use support::people::people;
use support::requests::request;

/// Contacts of the upload.
const CONTACTS: usize = 10_000;

/// Empty tables, in which every write succeeds.
#[derive(Debug)]
struct Empty;

impl HttpConnector for Empty {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = match operation(&request) {
            "BatchExecuteStatement" => {
                let body: Value =
                    serde_json::from_slice(request.body().bytes().unwrap_or_default())
                        .expect("the SDK writes JSON");
                json!({ "Responses": vec![json!({}); body["Statements"].as_array().map_or(0, Vec::len)] })
            }
            "BatchGetItem" => json!({"Responses": {}, "UnprocessedKeys": {}}),
            _ => json!({}),
        };
        let response =
            HttpResponse::new(200.try_into().expect("a status"), SdkBody::from(answer.to_string()));
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// Uploads once.
pub async fn run() {
    let contacts: Vec<Value> = people(7).take(CONTACTS).map(|person| person.contact()).collect();
    let event = request(
        "POST",
        "/address_book",
        "owner",
        Some(json!({ "contacts": contacts }).to_string()),
    );
    let answer = upload::handle(&store_over(Empty), &SystemClock, &upload_settings(), event).await;
    assert_eq!(answer.status_code, 200);
}
