//! `GET /address_book/registered_users`: the contacts of a book who are users.

use api::{ApiError, Call, Endpoint, Reply, compact, compact_items, full_items};
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use protocol::{BookRead, read_book, read_book_unless_known};
use store::{BookKeeper, ProfileReader};

const TOO_LARGE: &str =
    "There are too many registered users for their full profiles; ask with compact=1.";

/// Answers one request. The compact form takes one read, and the full one takes another for each
/// hundred users. If the client has the answer already, the compact form takes a read of the book's
/// head.
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
    let (user, scope, known) = (call.user()?, call.scope()?, call.known_revisions());
    if compact(&call.query()?)? {
        let BookRead { revision, book } =
            read_book_unless_known(store, &user, &scope, &known).await?;
        return Ok(Reply::of_revision(revision, book.as_ref().map(compact_items).as_ref()));
    }
    let book = read_book(store, &user, &scope).await?;
    let ids: Vec<_> = book.entries().iter().filter_map(|entry| entry.matched).collect();
    let profiles = store.profiles(&ids).await?;
    let reply = Reply::ok(&full_items(&book, &profiles));
    if !reply.fits() {
        return Err(ApiError::unacceptable("compact", TOO_LARGE));
    }
    // The profiles have revisions of their own, so the answer has to be made to be compared.
    Ok(reply.unless_known(&known))
}
