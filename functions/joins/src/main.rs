//! The Lambda function that relays changes of users from the stream to the queue.

use lambda::{Boot, Error};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let boot = Boot::start().await?;
    let (queue, failed) = (boot.joins_queue()?, boot.failed_records()?);
    let handle = async |event, _| Ok(joins::handle(&boot.keyring, &queue, &failed, event).await);
    lambda::run(handle).await
}
