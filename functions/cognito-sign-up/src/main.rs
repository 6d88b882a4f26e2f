//! The Lambda function that signs up users whom Cognito has confirmed.

use lambda::{Boot, Error};
use model::SystemClock;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let boot = Boot::start().await?;
    let handle = async |event, _| {
        let answer = cognito_sign_up::handle(&boot.store, &SystemClock, event).await;
        boot.emit_ids_left().await;
        Ok(answer?)
    };
    lambda::run(handle).await
}
