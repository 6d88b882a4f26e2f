//! `GET /address_book/registered_users`: the contacts of a book who are users.

use api::{ApiError, Call, Endpoint, Reply, compact, compact_items, full_items};
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use protocol::read_book;
use store::{BookKeeper, ProfileReader};

const TOO_LARGE: &str =
    "There are too many registered users for their full profiles; ask with compact=1.";

/// Answers one request. The compact form takes one read, and the full one takes another for each
/// hundred users.
pub async fn handle<S>(store: &S, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse
where
    S: BookKeeper + ProfileReader,
{
    let call = Call::new(event);
    call.answer(serve(store, &call)).await
}

async fn serve<S: BookKeeper + ProfileReader>(store: &S, call: &Call) -> Result<Reply, ApiError> {
    let (Endpoint::ReadRegisteredUsers, _) = call.endpoint()? else {
        return Err(ApiError::no_route());
    };
    let user = call.user()?;
    let compact = compact(&call.query()?)?;
    let book = read_book(store, &user, &call.scope()?).await?;
    if compact {
        return Ok(Reply::ok(&compact_items(&book)));
    }
    let ids: Vec<_> = book.entries().iter().filter_map(|entry| entry.matched).collect();
    let profiles = store.profiles(&ids).await?;
    let reply = Reply::ok(&full_items(&book, &profiles));
    if reply.fits() { Ok(reply) } else { Err(ApiError::unacceptable("compact", TOO_LARGE)) }
}
