//! `/subscriptions`: the devices to which a user's pushes go.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use shared::http::{Call, Reply, no_route, public_id};
use shared::protocol::{Clock, subscribe, unsubscribe};
use shared::push::Endpoints;
use shared::store::SubscriptionStore;
use shared::wire::{ApiError, read_subscription, subscription_items};

/// Answers one request.
pub async fn handle<S, E, C>(
    store: &S,
    endpoints: &E,
    clock: &C,
    event: ApiGatewayV2httpRequest,
) -> ApiGatewayV2httpResponse
where
    S: SubscriptionStore + Sync,
    E: Endpoints + Sync,
    C: Clock + Sync,
{
    let call = Call::new(event);
    call.answer(serve(store, endpoints, clock, &call)).await
}

async fn serve<S, E, C>(store: &S, endpoints: &E, clock: &C, call: &Call) -> Result<Reply, ApiError>
where
    S: SubscriptionStore + Sync,
    E: Endpoints + Sync,
    C: Clock + Sync,
{
    let (method, path) = call.route();
    match (method, &path[..]) {
        ("POST", ["subscriptions"]) => {
            let caller = call.caller()?;
            let request = read_subscription(&call.json()?)?;
            let subscription = subscribe(store, endpoints, clock, &caller.user, &request).await?;
            Ok(Reply::created(&subscription_items(&[subscription])))
        }
        ("GET", ["subscriptions"]) => {
            let subscriptions = store.subscriptions(&call.caller()?.user).await?;
            Ok(Reply::ok(&subscription_items(&subscriptions)))
        }
        ("DELETE", ["subscriptions", id]) => {
            let (caller, id) = (call.caller()?, public_id(id, "There is no such subscription.")?);
            unsubscribe(store, endpoints, clock, &caller.user, id).await?;
            Ok(Reply::empty())
        }
        _ => Err(no_route()),
    }
}
