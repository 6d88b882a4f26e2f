//! The Lambda function that signs up whom Cognito has confirmed.

use cognito_sign_up::PostConfirmation;
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
    let serve = async |event: LambdaEvent<PostConfirmation>| {
        Box::pin(cognito_sign_up::handle(&store, &SystemClock, event.payload)).await.map_err(Error::from)
    };
    lambda_runtime::run(service_fn(serve)).await
}
