//! What a push service has to do.

use model::{Channel, PublicId, PushEnvironment, Subscription, Udid, UserId, hide_debug};
use numbering::Phone;

/// One push about one joiner.
#[derive(Clone, PartialEq, Eq)]
pub struct Push {
    /// The text that the person reads.
    pub text: String,
    /// Who joined.
    pub joiner: PublicId,
    /// The joiner's phone, by which the recipient knows them.
    pub phone: Phone,
}

// The text holds a name.
hide_debug!(Push);

/// What came of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The push service took it.
    Sent,
    /// The device's endpoint is disabled or gone; the subscription should go too.
    Gone,
    /// Too many at once: try again later.
    Throttled,
    /// No answer, or not the device's fault: try again later. It may have been sent all the same.
    Unavailable,
    /// The push service will never take it.
    Refused,
}

/// Sends pushes.
pub trait Pusher: Sync {
    /// Sends `push` to the device of `subscription`.
    fn push(
        &self,
        subscription: &Subscription,
        push: &Push,
    ) -> impl Future<Output = Delivery> + Send;
}

/// A push token and the device that it belongs to.
#[derive(Clone, Copy)]
pub struct Token<'a> {
    /// Whose device.
    pub user: &'a UserId,
    /// The device.
    pub device: &'a Udid,
    /// The service that gave the token.
    pub channel: Channel,
    /// Where it is valid.
    pub environment: PushEnvironment,
    /// The token itself, a secret.
    pub token: &'a str,
}

/// Why a token got no endpoint.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The deployment has no platform application for the channel.
    #[error("no platform application is configured for this channel")]
    NotConfigured,
    /// The push service refuses the token itself.
    #[error("the push service refuses the token")]
    BadToken,
    /// The push service failed; try again later.
    #[error("the push service failed: {code}")]
    Unavailable {
        /// Its error code.
        code: String,
    },
}

/// Keeps the push service's endpoints, one per token.
pub trait Endpoints: Sync {
    /// The endpoint of a token, made if there is none; may be repeated.
    fn register(
        &self,
        token: Token<'_>,
    ) -> impl Future<Output = Result<String, EndpointError>> + Send;

    /// Removes an endpoint; one that is gone already is removed.
    fn remove(&self, endpoint: &str) -> impl Future<Output = Result<(), EndpointError>> + Send;
}
