//! The Lambda function that signs up users whom Cognito has confirmed.

use lambda::{Boot, Error};
use model::SystemClock;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let Boot { store, .. } = Boot::start().await?;
    let handle = async |event, _| Ok(cognito_sign_up::handle(&store, &SystemClock, event).await?);
    lambda::run(handle).await
}
