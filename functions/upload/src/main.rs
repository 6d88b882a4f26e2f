//! The Lambda function that takes uploads and deletes books.

use lambda::{Boot, Error};
use model::SystemClock;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let boot = Boot::start().await?;
    let (default_region, issuers, limits) = (boot.home_region()?, boot.issuers(), boot.limits()?);
    let settings = upload::Settings { default_region, issuers, limits };
    let handle =
        async |event, _| Ok(upload::handle(&boot.store, &SystemClock, &settings, event).await);
    lambda::run_http(handle).await
}
