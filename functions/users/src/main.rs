//! The Lambda function that signs users up, changes and removes them.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use shared::config::ProcessEnvironment;
use shared::protocol::SystemClock;
use shared::{aws, config, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let sdk = aws::sdk_config(&ProcessEnvironment)?;
    let keys = aws::keys(&sdk, &ProcessEnvironment).await?;
    let store = aws::store(&sdk, &ProcessEnvironment, keys)?;
    let endpoints = aws::sns(&sdk, &ProcessEnvironment)?;
    let settings = users::Settings {
        default_region: config::home_region(&ProcessEnvironment)?,
        trust_body_phone: config::trust_body_phone(&ProcessEnvironment)?,
    };
    let serve = async |event: LambdaEvent<Value>| {
        // Boxed: the compiler would follow the whole protocol to lay out one future.
        let answer = Box::pin(users::invoke(&store, &endpoints, &SystemClock, settings, event.payload)).await;
        answer.map_err(Error::from)
    };
    lambda_runtime::run(service_fn(serve)).await
}
