//! The functions behind API Gateway, each invoked for its routes.

use std::sync::Arc;

use api::{Function, find};
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use model::{Clock, SystemClock};
use protocol::Renewal;
use protocol::push::{Endpoints, Pusher};
use session::Providers;
use store::Store;

use crate::passwords::LocalPasswords;

/// The functions, and what they need.
#[derive(Clone, Debug)]
pub struct HttpFunctions<P, C> {
    pub store: Store,
    /// Sends pushes and keeps their endpoints.
    pub push: P,
    pub clock: C,
    pub uploads: upload::Settings,
    /// The settings of sessions, and of users.
    pub sessions: session::Settings,
    pub providers: Arc<Providers<SystemClock, LocalPasswords>>,
    pub renewal: Renewal,
}

impl<P: Pusher + Endpoints, C: Clock> HttpFunctions<P, C> {
    /// Invokes the function to which the template routes the request.
    pub async fn answer(&self, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let Self { store, push, clock, uploads, sessions, providers, renewal } = self;
        let method = event.request_context.http.method.as_str();
        let path = event.raw_path.as_deref().unwrap_or_default();
        match find(method, path).map(|(route, _)| route.function) {
            Some(Function::Get) => get::handle(store, event).await,
            Some(Function::RegisteredUsers) => registered_users::handle(store, event).await,
            Some(Function::Users) => {
                Box::pin(users::handle(store, push, clock, &sessions.users, event)).await
            }
            Some(Function::Subscriptions) => {
                Box::pin(subscriptions::handle(store, push, clock, *renewal, event)).await
            }
            Some(Function::Session) => {
                Box::pin(session::handle(store, clock, sessions, providers, event)).await.0
            }
            // An unknown path is 404, and every function can answer that.
            Some(Function::Upload) | None => {
                Box::pin(upload::handle(store, clock, uploads, event)).await
            }
        }
    }
}
