//! All functions over one store, invoked as Lambda invokes them.

use std::sync::Arc;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use cognito_sign_up::{PostConfirmation, SignUpError};
use local::HttpFunctions;
use model::Clock;
use protocol::push::{Endpoints, Pusher};
use protocol::queue::{BookQueue, FailedRecords, PushQueue};
use protocol::{JoinQueues, JoinReport, Notifier, PushReport, Renewal};
use serde_json::{Value, json};
use store::{Keyring, Store};

use crate::{cognito_settings, providers, session_settings, upload_settings, user_settings};

/// The time after which join-push begins no more books: its timeout (`template.yaml`) less its
/// reserve.
const JOIN_PUSH_MS: u64 = 60_000 - join_push::RESERVE_MS;
/// The time after which push begins no more devices, likewise.
const PUSH_MS: u64 = 50_000 - push::RESERVE_MS;

/// The functions, and the services that they use.
#[derive(Clone)]
pub struct Functions<P, Q, C> {
    pub store: Store,
    /// The keys that seal the store and the queue.
    pub keys: Keyring,
    /// The push service, which also has the devices' endpoints.
    pub push: P,
    pub queue: Q,
    pub clock: C,
}

impl<P, Q, C> Functions<P, Q, C>
where
    P: Pusher + Endpoints + Clone,
    Q: BookQueue + PushQueue + FailedRecords + Clone,
    C: Clock + Clone,
{
    /// Invokes the function to which the template routes this request.
    pub async fn http(&self, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let Self { store, push, clock, .. } = self.clone();
        let (uploads, sessions) = (upload_settings(), session_settings());
        let (providers, renewal) = (Arc::new(providers()), Renewal::default());
        HttpFunctions { store, push, clock, uploads, sessions, providers, renewal }
            .answer(event)
            .await
    }

    /// Makes a direct request, as an app's own systems do.
    pub async fn direct(&self, event: Value) -> Result<users::Answer, users::InvocationError> {
        let settings = user_settings();
        Box::pin(users::invoke(&self.store, &self.push, &self.clock, &settings, event)).await
    }

    /// Passes records of the stream on. Returns the sequence number from which they have to come
    /// again, if any.
    pub async fn joins(&self, records: &[Value]) -> Option<String> {
        let event = serde_json::from_value(json!({ "Records": records })).expect("an event");
        let response = joins::handle(&self.keys, &self.queue, &self.queue, event).await;
        response.batch_item_failures.into_iter().next().and_then(|failure| failure.item_identifier)
    }

    /// Delivers a message about books. Returns whether the function finished it, and what was done.
    pub async fn join_push(&self, body: &str) -> (bool, JoinReport) {
        let Self { store, keys, queue, clock, .. } = self;
        let queues = JoinQueues { fan_out: queue.clone(), pushes: Some(queue.clone()) };
        let deadline_ms = clock.now_ms() + JOIN_PUSH_MS;
        let handled = join_push::handle(store, keys, &queues, clock, message(body), deadline_ms);
        let (response, report) = Box::pin(handled).await;
        (response.batch_item_failures.is_empty(), report)
    }

    /// Delivers a message about a push. Returns whether the function finished it, and what was done.
    pub async fn push(&self, body: &str) -> (bool, PushReport) {
        let notifier = Notifier {
            pusher: self.push.clone(),
            template: Some("%s is here".parse().expect("a template")),
            clock: self.clock.clone(),
        };
        let deadline_ms = self.clock.now_ms() + PUSH_MS;
        let handled = push::handle(&self.store, &self.keys, &notifier, message(body), deadline_ms);
        let (response, report) = Box::pin(handled).await;
        (response.batch_item_failures.is_empty(), report)
    }

    /// Reports a confirmed account, as Cognito does.
    pub async fn cognito(&self, event: PostConfirmation) -> Result<PostConfirmation, SignUpError> {
        Box::pin(cognito_sign_up::handle(&self.store, &self.clock, &cognito_settings(), event))
            .await
    }
}

/// Returns the event with which Lambda delivers a message.
fn message(body: &str) -> aws_lambda_events::sqs::SqsEvent {
    let record = json!({"messageId": "message", "body": body});
    serde_json::from_value(json!({ "Records": [record] })).expect("an event")
}
