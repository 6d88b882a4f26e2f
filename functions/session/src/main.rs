//! The Lambda function that signs people in and up.

use lambda::{Boot, Context, Error, metrics::emitted};
use model::SystemClock;
use session::handle;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let boot = Boot::start().await?;
    let (settings, providers) = session::of_environment(&boot)?;
    let serve = async |event, Context { env_config, .. }| {
        let work = handle(&boot.store, &SystemClock, &settings, &providers, event);
        let done = boot.counting_ids(async { Ok::<_, Error>(work.await) }).await?;
        Ok(emitted(done, &env_config.function_name))
    };
    lambda::run_http(serve).await
}
