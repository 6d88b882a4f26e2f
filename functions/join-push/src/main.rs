//! The Lambda function that tells books and users who joined or left.
use join_push::{RESERVE_MS, handle};
use lambda::{Boot, Context, Error, metrics};
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let boot = Boot::start().await?;
    let (keyring, queue, notifier) = (&boot.keyring, &boot.fan_out_queue()?, &boot.notifier()?);
    let serve = async |event, Context { deadline, env_config, .. }| {
        let deadline = u64::saturating_sub(deadline, RESERVE_MS);
        let (response, report) =
            handle(&boot.store, keyring, queue, notifier, event, deadline).await;
        metrics::emit(&report, &env_config.function_name);
        Ok(response)
    };
    lambda::run(serve).await
}
