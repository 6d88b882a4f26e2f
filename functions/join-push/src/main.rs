//! The Lambda function that tells books and people of a change.

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::config::ProcessEnvironment;
use shared::protocol::{Notifier, SystemClock};
use shared::store::PhoneKeys;
use shared::{aws, config, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let sdk = aws::sdk_config().await;
    let store = aws::store(&sdk, &ProcessEnvironment)?;
    let queue = aws::queue(&sdk, &ProcessEnvironment)?;
    let notifier = Notifier {
        pusher: aws::pusher(&sdk),
        template: config::push_template(&ProcessEnvironment)?,
        phone_keys: PhoneKeys,
        clock: SystemClock,
    };
    let serve = async |event: LambdaEvent<SqsEvent>| {
        Ok::<_, Error>(join_push::handle(&store, &queue, &notifier, event.payload).await)
    };
    lambda_runtime::run(service_fn(serve)).await
}
