//! The Lambda function that reads books.

use lambda::{Boot, Error};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let Boot { store, .. } = Boot::start().await?;
    lambda::run_http(async |event, _| Ok(get::handle(&store, event).await)).await
}
