//! The Lambda function that takes uploads.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::config::ProcessEnvironment;
use shared::protocol::SystemClock;
use shared::{aws, config, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let sdk = aws::sdk_config(&ProcessEnvironment)?;
    let keys = aws::keys(&sdk, &ProcessEnvironment).await?;
    let store = aws::store(&sdk, &ProcessEnvironment, keys)?;
    let settings = upload::Settings {
        default_region: config::home_region(&ProcessEnvironment)?,
        limits: config::limits(&ProcessEnvironment)?,
    };
    let serve = async |event: LambdaEvent<ApiGatewayV2httpRequest>| {
        Ok::<_, Error>(Box::pin(upload::handle(&store, &SystemClock, &settings, event.payload)).await)
    };
    lambda_runtime::run(service_fn(serve)).await
}
