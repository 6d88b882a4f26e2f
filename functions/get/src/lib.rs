//! `GET /address_book`: the contacts of a book, as they were uploaded.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use shared::http::{Call, Reply};
use shared::protocol::read_book;
use shared::store::BookKeeper;
use shared::wire::{ApiError, contacts};

/// Answers one request.
pub async fn handle<S: BookKeeper + Sync>(store: &S, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
    let call = Call::new(event);
    call.answer(serve(store, &call)).await
}

async fn serve<S: BookKeeper + Sync>(store: &S, call: &Call) -> Result<Reply, ApiError> {
    call.check_route("GET", &["address_book"])?;
    let caller = call.caller()?;
    let book = read_book(store, &caller.user, &call.scope()?).await?;
    Ok(Reply::ok(&contacts(&book)))
}
