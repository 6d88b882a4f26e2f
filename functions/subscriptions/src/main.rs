//! The Lambda function that keeps subscriptions.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::config::ProcessEnvironment;
use shared::protocol::SystemClock;
use shared::{aws, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let sdk = aws::sdk_config(&ProcessEnvironment)?;
    let keys = aws::keys(&sdk, &ProcessEnvironment).await?;
    let store = aws::store(&sdk, &ProcessEnvironment, keys)?;
    let endpoints = aws::sns(&sdk, &ProcessEnvironment)?;
    let serve = async |event: LambdaEvent<ApiGatewayV2httpRequest>| {
        // Boxed: the compiler would follow the whole protocol to lay out one future.
        Ok::<_, Error>(Box::pin(subscriptions::handle(&store, &endpoints, &SystemClock, event.payload)).await)
    };
    lambda_runtime::run(service_fn(serve)).await
}
