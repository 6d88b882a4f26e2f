//! The Lambda function that turns changes of Users into messages.

use aws_lambda_events::dynamodb::Event as DynamoDbEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::config::ProcessEnvironment;
use shared::{aws, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let sdk = aws::sdk_config(&ProcessEnvironment)?;
    let keys = aws::keys(&sdk, &ProcessEnvironment).await?;
    let queue = aws::queue(&sdk, &ProcessEnvironment, keys.clone())?;
    let failed = aws::failed_records(&sdk, &ProcessEnvironment)?;
    let serve = async |event: LambdaEvent<DynamoDbEvent>| {
        Ok::<_, Error>(joins::handle(&keys, &queue, &failed, event.payload).await)
    };
    lambda_runtime::run(service_fn(serve)).await
}
