//! The Lambda function that adds, lists and removes the devices that get pushes.

use lambda::{Boot, Error};
use model::SystemClock;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let boot = Boot::start().await?;
    let (store, sns, renewal) = (&boot.store, &boot.sns()?, boot.renewal()?);
    let handle =
        async |event, _| Ok(subscriptions::handle(store, sns, &SystemClock, renewal, event).await);
    lambda::run_http(handle).await
}
