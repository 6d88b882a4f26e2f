//! Writes to `/address_book`: POST creates, edits and destroys contacts, or replaces all of them,
//! and DELETE deletes a whole book.

use api::{ApiError, Call, Endpoint, Reply, UploadRequest, UploadResponse};
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use model::{Clock, Issuers, Limits};
use numbering::Region;
use protocol::{Allowance, UploadStore, WipeStore, upload, wipe};
use store::SessionStore;

/// What a deployment decides about uploads.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The home region of callers whose token proves no number.
    pub default_region: Region,
    /// Whose tokens hold only verified phones.
    pub issuers: Issuers,
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
    S: UploadStore + WipeStore + SessionStore,
    C: Clock,
{
    let call = Call::new(event);
    call.answer(serve(store, clock, settings, &call)).await
}

async fn serve<S, C>(
    store: &S,
    clock: &C,
    settings: &Settings,
    call: &Call,
) -> Result<Reply, ApiError>
where
    S: UploadStore + WipeStore + SessionStore,
    C: Clock,
{
    let Settings { default_region, issuers, limits } = settings;
    match call.endpoint()? {
        (Endpoint::Upload, _) => {
            let caller = call.writer(store, issuers).await?;
            let home = caller.home(*default_region);
            let request = UploadRequest::read(&call.fields()?, &home, limits)?;
            let allowance = Allowance { payer: caller.payer(), limits, clock };
            let uploaded =
                upload(store, &allowance, &caller.user, &request.scope, &request.upload, &home)
                    .await?;
            Ok(Reply::ok(&UploadResponse::new(request, &uploaded)))
        }
        (Endpoint::WipeBook, _) => {
            let user = call.writing_user(store).await?;
            wipe(store, &user, &call.scope()?).await?;
            Ok(Reply::empty())
        }
        _ => Err(ApiError::no_route()),
    }
}
