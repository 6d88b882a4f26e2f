//! The Lambda function that signs up users whom Cognito has confirmed.

use cognito_sign_up::{Settings, handle};
use lambda::{Boot, Error};
use model::SystemClock;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let boot = Boot::start().await?;
    let (copy_profile, limits) = (boot.copy_cognito_profile()?, boot.limits()?);
    let (holder_changes, public_id_claim) = (limits.holder_changes, boot.public_id_claim());
    let settings = Settings { copy_profile, holder_changes, public_id_claim };
    let work = |event| handle(&boot.store, &SystemClock, &settings, event);
    lambda::run(async |event, _| boot.counting_ids(work(event)).await).await
}
