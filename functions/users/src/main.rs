//! The Lambda function that signs users up, reads, changes and removes them.

use lambda::{Boot, Error};
use model::SystemClock;
use users::{Settings, invoke};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let boot = Boot::start().await?;
    let settings = Settings {
        default_region: boot.home_region()?,
        trust_body_phone: boot.trust_body_phone()?,
        issuers: boot.issuers(),
        holder_changes: boot.limits()?.holder_changes,
    };
    let sns = boot.sns()?;
    let handle = async |event, _| {
        let answer = invoke(&boot.store, &sns, &SystemClock, &settings, event).await;
        boot.emit_ids_left().await;
        Ok(answer?)
    };
    lambda::run(handle).await
}
