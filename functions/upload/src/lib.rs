//! `/address_book`, written: contacts are created, edited, destroyed, or all replaced (POST); a whole book
//! goes (DELETE).

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use shared::domain::{Limits, Region};
use shared::http::{Call, Reply, no_route};
use shared::protocol::{Allowance, Clock, upload, wipe};
use shared::store::{AccountStore, BookKeeper, BookStore, BudgetStore, HolderReader, OwnerIndex};
use shared::wire::{ApiError, UploadRequest, UploadResponse};

/// What a deployment decides about uploads.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The home region of callers whose token proves no number.
    pub default_region: Region,
    /// How much one user may upload.
    pub limits: Limits,
}

/// Answers one request.
pub async fn handle<S, C>(
    store: &S,
    clock: &C,
    settings: &Settings,
    event: ApiGatewayV2httpRequest,
) -> ApiGatewayV2httpResponse
where
    S: BookStore + BookKeeper + OwnerIndex + HolderReader + AccountStore + BudgetStore + Sync,
    C: Clock + Sync,
{
    let call = Call::new(event);
    call.answer(serve(store, clock, settings, &call)).await
}

async fn serve<S, C>(store: &S, clock: &C, settings: &Settings, call: &Call) -> Result<Reply, ApiError>
where
    S: BookStore + BookKeeper + OwnerIndex + HolderReader + AccountStore + BudgetStore + Sync,
    C: Clock + Sync,
{
    let Settings { default_region, limits } = settings;
    let (method, path) = call.route();
    match (method, &path[..]) {
        ("POST", ["address_book"]) => {
            let caller = call.caller()?;
            let home = caller.home(*default_region);
            let request = UploadRequest::read(&call.json()?, &home)?;
            request.check_size(limits)?;
            let allowance = Allowance { payer: caller.payer(), limits, clock };
            let uploaded = upload(store, &allowance, &caller.user, &request.scope, &request.upload, &home).await?;
            Ok(Reply::ok(&UploadResponse::new(request, &uploaded)))
        }
        ("DELETE", ["address_book"]) => {
            wipe(store, &call.caller()?.user, &call.scope()?).await?;
            Ok(Reply::empty())
        }
        _ => Err(no_route()),
    }
}
