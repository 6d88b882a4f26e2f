//! The Lambda function that tells books and people of a change.

use aws_lambda_events::sqs::SqsEvent;
use join_push::RESERVE_MS;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::config::ProcessEnvironment;
use shared::protocol::{Notifier, SystemClock};
use shared::{aws, config, metrics, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let sdk = aws::sdk_config(&ProcessEnvironment)?;
    let keys = aws::keys(&sdk, &ProcessEnvironment).await?;
    let store = aws::store(&sdk, &ProcessEnvironment, keys.clone())?;
    let fan_out = aws::fan_out_queue(&sdk, &ProcessEnvironment, keys.clone())?;
    let notifier = Notifier {
        pusher: aws::sns(&sdk, &ProcessEnvironment)?,
        template: config::push_template(&ProcessEnvironment)?,
        phone_keys: keys.phones(),
        clock: SystemClock,
    };
    let serve = async |event: LambdaEvent<SqsEvent>| {
        let LambdaEvent { payload, context } = event;
        let deadline_ms = context.deadline.saturating_sub(RESERVE_MS);
        let (response, report) = Box::pin(join_push::handle(&store, &fan_out, &notifier, payload, deadline_ms)).await;
        metrics::emit(&report, &context.env_config.function_name);
        Ok::<_, Error>(response)
    };
    lambda_runtime::run(service_fn(serve)).await
}
