//! What a process does from its start to its first event.

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use aws_types::SdkConfig;
pub use lambda_runtime::{Context, Error};
use lambda_runtime::{LambdaEvent, service_fn};
use model::{Issuers, Limits, SystemClock};
use numbering::Region;
use protocol::push::Sns;
use protocol::queue::SqsQueue;
use protocol::{JoinQueues, Notifier, Renewal};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{Keyring, Store, Table};

use crate::config::{self, ConfigError, ProcessEnvironment, SignIn};
use crate::metrics::{self, HttpReport};
use crate::{aws, telemetry};

/// What every function starts with.
#[derive(Debug)]
pub struct Boot {
    sdk: SdkConfig,
    pub keyring: Keyring,
    pub store: Store,
    pub clock: SystemClock,
}

impl Boot {
    /// Starts logging, reads the environment and fetches the keys.
    ///
    /// # Errors
    /// Fails if a variable or the secret can't be used, and names it.
    pub async fn start() -> Result<Self, Error> {
        telemetry::init();
        let sdk = aws::sdk_config(&ProcessEnvironment)?;
        let keyring = aws::keyring(&sdk, &ProcessEnvironment).await?;
        let store = aws::store(&sdk, &ProcessEnvironment, keyring.clone())?;
        Ok(Self { sdk, keyring, store, clock: SystemClock })
    }

    /// Does `work`, and then prints how many public ids are left, if this process has drawn some
    /// since the last call.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn counting_ids<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Error>
    where
        Error: From<E>,
    {
        let done = work.await;
        if let Some(left) = self.store.take_ids_left().await {
            metrics::emit_ids_left(left, self.store.table_name(Table::Users));
        }
        Ok(done?)
    }

    /// Returns a client of SNS for the deployment's platform applications.
    ///
    /// # Errors
    /// [`ConfigError`] with the variable's name.
    pub fn sns(&self) -> Result<Sns, ConfigError> {
        aws::sns(&self.sdk, &ProcessEnvironment)
    }

    /// Returns the notifier, which sends pushes about joiners.
    ///
    /// # Errors
    /// [`ConfigError`] with the variable's name.
    pub fn notifier(&self) -> Result<Notifier<Sns>, ConfigError> {
        let template = config::push_template(&ProcessEnvironment)?;
        Ok(Notifier { pusher: self.sns()?, template, clock: SystemClock })
    }

    /// Returns the queue of joins.
    ///
    /// # Errors
    /// [`ConfigError`] with the variable's name.
    pub fn joins_queue(&self) -> Result<SqsQueue, ConfigError> {
        self.queue(config::joins_queue_url(&ProcessEnvironment)?)
    }

    /// Returns the queues to which joins send messages: the parts of joins that concern very many
    /// books, and the pushes, if they are on.
    ///
    /// # Errors
    /// [`ConfigError`] with the variable's name.
    pub fn join_queues(&self) -> Result<JoinQueues<SqsQueue, SqsQueue>, ConfigError> {
        let fan_out = self.queue(config::fan_out_queue_url(&ProcessEnvironment)?)?;
        let pushes = self.queue(config::pushes_queue_url(&ProcessEnvironment)?)?;
        let on = config::push_on_join(&ProcessEnvironment)?;
        Ok(JoinQueues { fan_out, pushes: on.then_some(pushes) })
    }

    /// Returns the queue of failed records, which the stream's function can't turn into messages.
    ///
    /// # Errors
    /// [`ConfigError`] with the variable's name.
    pub fn failed_records(&self) -> Result<SqsQueue, ConfigError> {
        self.queue(config::failed_records_queue_url(&ProcessEnvironment)?)
    }

    /// Returns the home region of callers whose token proves no number.
    ///
    /// # Errors
    /// [`ConfigError`] with the variable's name.
    pub fn home_region(&self) -> Result<Region, ConfigError> {
        config::home_region(&ProcessEnvironment)
    }

    /// Returns the limits on what each user may have.
    ///
    /// # Errors
    /// [`ConfigError`] with the variable's name.
    pub fn limits(&self) -> Result<Limits, ConfigError> {
        config::limits(&ProcessEnvironment)
    }

    /// Returns after what time a subscription is registered again.
    ///
    /// # Errors
    /// [`ConfigError`] with the variable's name.
    pub fn renewal(&self) -> Result<Renewal, ConfigError> {
        config::renewal(&ProcessEnvironment)
    }

    /// Returns whether the phone in a body counts if the token has none.
    ///
    /// # Errors
    /// [`ConfigError`] with the variable's name.
    pub fn trust_body_phone(&self) -> Result<bool, ConfigError> {
        config::trust_body_phone(&ProcessEnvironment)
    }

    /// Returns whose tokens hold only verified phones.
    #[must_use]
    pub fn issuers(&self) -> Issuers {
        config::phone_proving_issuers(&ProcessEnvironment)
    }

    /// Returns how people sign in.
    ///
    /// # Errors
    /// [`ConfigError`] with the variable's name.
    pub fn sign_in(&self) -> Result<SignIn, ConfigError> {
        config::sign_in(&ProcessEnvironment)
    }

    /// Returns the key and the secret that an app's SDK has to have, if they are compared.
    #[must_use]
    pub fn application(&self) -> (Option<String>, Option<String>) {
        config::application(&ProcessEnvironment)
    }

    /// Returns the claim of a token that gives a user their public id, if there is one.
    #[must_use]
    pub fn public_id_claim(&self) -> Option<String> {
        config::public_id_claim(&ProcessEnvironment)
    }

    /// Returns whether name and mail address are copied from Cognito.
    ///
    /// # Errors
    /// [`ConfigError`] with the variable's name.
    pub fn copy_cognito_profile(&self) -> Result<bool, ConfigError> {
        config::copy_cognito_profile(&ProcessEnvironment)
    }

    fn queue(&self, url: String) -> Result<SqsQueue, ConfigError> {
        Ok(SqsQueue::new(aws_sdk_sqs::Client::new(&self.sdk), url, self.keyring.clone()))
    }
}

/// An answer to a request of the API.
pub trait HttpAnswer {
    /// Returns the status, unless the request didn't come through the API.
    fn status(&self) -> Option<i64>;
}

impl HttpAnswer for ApiGatewayV2httpResponse {
    fn status(&self) -> Option<i64> {
        Some(self.status_code)
    }
}

/// Serves requests of the API as [`run`] does, and counts those that are refused with 401.
///
/// # Errors
/// Those of [`run`].
pub async fn run_http<E, A, F>(serve: impl Fn(E, Context) -> F) -> Result<(), Error>
where
    E: DeserializeOwned,
    A: Serialize + HttpAnswer,
    F: Future<Output = Result<A, Error>>,
{
    let serve = &serve;
    run(|event, context: Context| async move {
        let function = context.env_config.function_name.clone();
        let answer = serve(event, context).await?;
        let unauthorized = usize::from(answer.status() == Some(401));
        metrics::emit(&HttpReport { unauthorized }, &function);
        Ok(answer)
    })
    .await
}

/// Serves events until Lambda stops the process.
///
/// # Errors
/// Fails if Lambda's runtime can't be reached.
pub async fn run<E, A, F>(serve: impl Fn(E, Context) -> F) -> Result<(), Error>
where
    E: DeserializeOwned,
    A: Serialize,
    F: Future<Output = Result<A, Error>>,
{
    // Boxed, because otherwise the compiler would follow a whole protocol to lay out one future.
    let serve = |LambdaEvent { payload, context }| Box::pin(serve(payload, context));
    lambda_runtime::run(service_fn(serve)).await
}
