//! The Lambda function that signs users up, reads, changes and removes them.

use lambda::{Boot, Error};
use model::SystemClock;
use users::{Settings, invoke};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let boot = Boot::start().await?;
    let (default_region, trust_body_phone) = (boot.home_region()?, boot.trust_body_phone()?);
    let (issuers, limit, sns) = (boot.issuers(), boot.limits()?.holder_changes, boot.sns()?);
    let public_id_claim = boot.public_id_claim();
    let settings = Settings {
        default_region,
        trust_body_phone,
        issuers,
        holder_changes: limit,
        public_id_claim,
    };
    let work = |event| invoke(&boot.store, &sns, &SystemClock, &settings, event);
    lambda::run_http(async |event, _| boot.counting_ids(work(event)).await).await
}
