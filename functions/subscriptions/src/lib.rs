//! `/subscriptions`: the devices that get a user's pushes.

use api::{ApiError, Call, Endpoint, Reply, public_id, read_subscription, subscription_items};
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use model::Clock;
use protocol::push::Endpoints;
use protocol::{Renewal, keep_subscribed, unsubscribe};
use store::{AccountStore, SessionStore, SubscriptionStore};

/// Answers one request.
pub async fn handle<S, E, C>(
    store: &S,
    endpoints: &E,
    clock: &C,
    renewal: Renewal,
    event: ApiGatewayV2httpRequest,
) -> ApiGatewayV2httpResponse
where
    S: SubscriptionStore + SessionStore + AccountStore,
    E: Endpoints,
    C: Clock,
{
    let call = Call::new(event);
    call.answer(serve(store, endpoints, clock, renewal, &call)).await
}

async fn serve<S, E, C>(
    store: &S,
    endpoints: &E,
    clock: &C,
    renewal: Renewal,
    call: &Call,
) -> Result<Reply, ApiError>
where
    S: SubscriptionStore + SessionStore + AccountStore,
    E: Endpoints,
    C: Clock,
{
    match call.endpoint()? {
        (Endpoint::Subscribe, _) => {
            let user = call.writing_user(store).await?;
            let request = read_subscription(&call.fields()?)?;
            let kept = keep_subscribed(store, endpoints, clock, renewal, &user, &request).await?;
            Ok(Reply::created(&subscription_items(&[kept])))
        }
        (Endpoint::ReadSubscriptions, _) => {
            let subscriptions = store.subscriptions(&call.reading_user(store).await?).await?;
            Ok(Reply::ok(&subscription_items(&subscriptions)))
        }
        (Endpoint::Unsubscribe, id) => {
            let user = call.writing_user(store).await?;
            let id = public_id(id, "There is no such subscription.")?;
            unsubscribe(store, endpoints, clock, &user, id).await?;
            Ok(Reply::empty())
        }
        _ => Err(ApiError::no_route()),
    }
}
