//! `POST /address_book`: contacts are created, edited, destroyed, or all replaced.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use shared::domain::Region;
use shared::http::{Call, Reply};
use shared::protocol::upload;
use shared::store::{AccountStore, BookStore, HolderReader, OwnerIndex};
use shared::wire::{ApiError, UploadRequest, UploadResponse};

/// Answers one request; `default_region` is the home region of callers whose token proves no number.
pub async fn handle<S>(store: &S, default_region: Region, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse
where
    S: BookStore + OwnerIndex + HolderReader + AccountStore + Sync,
{
    let call = Call::new(event);
    let result = serve(store, default_region, &call).await;
    call.respond(result)
}

async fn serve<S>(store: &S, default_region: Region, call: &Call) -> Result<Reply, ApiError>
where
    S: BookStore + OwnerIndex + HolderReader + AccountStore + Sync,
{
    call.check_route("POST", &["address_book"])?;
    let caller = call.caller()?;
    let home = caller.home(default_region);
    let request = UploadRequest::read(&call.json()?, &home)?;
    let uploaded = upload(store, &caller.user, &request.scope, &request.upload, &home).await?;
    Ok(Reply::ok(&UploadResponse::new(request, &uploaded)))
}
