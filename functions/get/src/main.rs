//! The Lambda function that gives books back.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::config::ProcessEnvironment;
use shared::{aws, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let sdk = aws::sdk_config(&ProcessEnvironment)?;
    let keys = aws::keys(&sdk, &ProcessEnvironment).await?;
    let store = aws::store(&sdk, &ProcessEnvironment, keys)?;
    let serve =
        async |event: LambdaEvent<ApiGatewayV2httpRequest>| Ok::<_, Error>(get::handle(&store, event.payload).await);
    lambda_runtime::run(service_fn(serve)).await
}
