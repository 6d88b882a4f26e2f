//! `GET /address_book`: the contacts of a book, as they were uploaded.

use api::{ApiError, Call, Endpoint, Reply, contacts};
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use protocol::read_book;
use store::BookKeeper;

/// Answers one request.
pub async fn handle<S: BookKeeper>(
    store: &S,
    event: ApiGatewayV2httpRequest,
) -> ApiGatewayV2httpResponse {
    let call = Call::new(event);
    call.answer(serve(store, &call)).await
}

async fn serve<S: BookKeeper>(store: &S, call: &Call) -> Result<Reply, ApiError> {
    let (Endpoint::ReadBook, _) = call.endpoint()? else { return Err(ApiError::no_route()) };
    let book = read_book(store, &call.user()?, &call.scope()?).await?;
    Ok(Reply::ok(&contacts(&book)))
}
