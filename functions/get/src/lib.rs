//! `GET /address_book`: the contacts of a book, as they were uploaded.

use api::{ApiError, Call, Endpoint, Reply, contacts};
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use protocol::{BookRead, read_book_unless_known};
use store::{BookKeeper, SessionStore};

/// Answers one request.
pub async fn handle<S: BookKeeper + SessionStore>(
    store: &S,
    event: ApiGatewayV2httpRequest,
) -> ApiGatewayV2httpResponse {
    let call = Call::new(event);
    call.answer(serve(store, &call)).await
}

async fn serve<S: BookKeeper + SessionStore>(store: &S, call: &Call) -> Result<Reply, ApiError> {
    let (Endpoint::ReadBook, _) = call.endpoint()? else { return Err(ApiError::no_route()) };
    let user = call.reading_user(store).await?;
    let (scope, known) = (call.scope()?, call.known_revisions());
    let BookRead { revision, book } = read_book_unless_known(store, &user, &scope, &known).await?;
    Ok(Reply::of_revision(revision, book.as_ref().map(contacts).as_ref()))
}
