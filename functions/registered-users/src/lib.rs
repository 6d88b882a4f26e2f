//! `GET /address_book/registered_users`: the contacts of a book who are users. `GET /users/{id}` and
//! its likes: the profile of one of them, or the caller's own.

mod people;

use api::{ApiError, Call, Endpoint, PeopleQuery, Reply, compact, compact_items, full_items};
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use model::UserId;
use protocol::{BookRead, PeopleStore, read_book, read_book_unless_known};
use serde_json::Value;
use store::{BookKeeper, ProfileReader, SessionStore};

const TOO_LARGE: &str =
    "There are too many registered users for their full profiles; ask with compact=1.";

/// Answers one request.
pub async fn handle<S>(store: &S, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse
where
    S: PeopleStore + BookKeeper + SessionStore,
{
    let call = Call::new(event);
    call.answer(serve(store, &call)).await
}

async fn serve<S>(store: &S, call: &Call) -> Result<Reply, ApiError>
where
    S: PeopleStore + BookKeeper + SessionStore,
{
    let (endpoint, id) = call.endpoint()?;
    let user = call.reading_user(store).await?;
    match endpoint {
        Endpoint::ReadRegisteredUsers => registered(store, call, &user).await,
        Endpoint::ReadUser => people::person(store, &user, &PeopleQuery::of_id(id)).await,
        Endpoint::FindUsers => {
            people::people(store, &user, &PeopleQuery::read(&call.query()?)?).await
        }
        Endpoint::FindUserByPhone => {
            let query = call.query()?;
            let phone = query.get("phone").and_then(Value::as_str).unwrap_or_default();
            people::person(store, &user, &PeopleQuery::of_phone(phone)).await
        }
        Endpoint::FindUserByExternalId => {
            people::person(store, &user, &PeopleQuery::of_external_id(id)).await
        }
        _ => Err(ApiError::no_route()),
    }
}

/// Answers with the registered users of a book. The compact form takes one read, and the full one
/// takes another for each hundred users. If the client has the answer already, the compact form
/// takes a read of the book's head.
async fn registered<S>(store: &S, call: &Call, user: &UserId) -> Result<Reply, ApiError>
where
    S: BookKeeper + ProfileReader,
{
    let (scope, known) = (call.scope()?, call.known_revisions());
    if compact(&call.query()?)? {
        let BookRead { revision, book } =
            read_book_unless_known(store, user, &scope, &known).await?;
        return Ok(Reply::of_revision(revision, book.as_ref().map(compact_items).as_ref()));
    }
    let book = read_book(store, user, &scope).await?;
    let ids: Vec<_> = book.entries().iter().filter_map(|entry| entry.matched).collect();
    let profiles = store.profiles(&ids).await?;
    let reply = Reply::ok(&full_items(&book, &profiles));
    if !reply.fits() {
        return Err(ApiError::unacceptable("compact", TOO_LARGE));
    }
    // The profiles have revisions of their own, so the answer has to be made to be compared.
    Ok(reply.unless_known(&known))
}
