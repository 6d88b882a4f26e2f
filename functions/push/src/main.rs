//! The Lambda function that sends pushes about joiners.
use lambda::{Boot, Context, Error, metrics};
use push::{RESERVE_MS, handle};
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let boot = Boot::start().await?;
    let notifier = boot.notifier()?;
    let serve = async |event, Context { deadline, env_config, .. }| {
        let deadline = u64::saturating_sub(deadline, RESERVE_MS);
        let done = handle(&boot.store, &boot.keyring, &notifier, event, deadline).await;
        Ok(metrics::emitted(done, &env_config.function_name))
    };
    lambda::run(serve).await
}
