//! The Lambda function that tells books who joined or left.
use join_push::{RESERVE_MS, handle};
use lambda::{Boot, Context, Error, metrics};
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let boot = Boot::start().await?;
    let queues = boot.join_queues()?;
    let serve = async |event, Context { deadline, env_config, .. }| {
        let deadline = u64::saturating_sub(deadline, RESERVE_MS);
        let done = handle(&boot.store, &boot.keyring, &queues, &boot.clock, event, deadline).await;
        Ok(metrics::emitted(done, &env_config.function_name))
    };
    lambda::run(serve).await
}
