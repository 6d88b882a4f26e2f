//! The Lambda function that says which contacts are users.

use lambda::{Boot, Error};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let Boot { store, .. } = Boot::start().await?;
    lambda::run_http(async |event, _| Ok(registered_users::handle(&store, event).await)).await
}
