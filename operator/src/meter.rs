//! What the work of a command takes of DynamoDB.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use local::units::{self, Kind};
use serde::Serialize;

/// The units that DynamoDB says requests took. It doesn't say it of those that it refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Units {
    pub read: f64,
    pub write: f64,
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (read, write) = (self.read.ceil(), self.write.ceil());
        write!(f, "DynamoDB units: {read:.0} read, {write:.0} written")
    }
}

/// Adds up the units of all clients that it is put on.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<Units>>);

impl Meter {
    /// Returns the units until now.
    #[must_use]
    pub fn units(&self) -> Units {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a client whose requests are counted, and which else is the same.
    pub(crate) fn on(&self, client: &Client) -> Client {
        Client::from_conf(client.config().to_builder().interceptor(self.clone()).build())
    }
}

/// Returns which kind of units the operation takes. One that takes none can't be asked for them.
fn kind(settings: &ConfigBag) -> Option<Kind> {
    units::kind(settings.load::<Metadata>()?.name())
}

#[dyn_dispatch_hint]
impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    // Before signing, which covers the body.
    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if kind(settings).is_some() {
            units::ask(context.request_mut());
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(kind) = kind(settings) else { return Ok(()) };
        let consumed = units::consumed(context.response().body().bytes().unwrap_or_default());
        let taken: f64 = consumed.iter().map(|one| one.units).sum();
        let mut units = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match kind {
            Kind::Read => units.read += taken,
            Kind::Write => units.write += taken,
        }
        Ok(())
    }
}
