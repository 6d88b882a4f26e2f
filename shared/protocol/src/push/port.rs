//! The port to the push service.

use model::{Channel, PublicId, PushEnvironment, Subscription, Udid, UserId, hide_debug};
use numbering::Phone;

/// A push about one joiner.
#[derive(Clone, PartialEq, Eq)]
pub struct Push {
    /// The text that the recipient reads.
    pub text: String,
    pub joiner: PublicId,
    /// The joiner's phone, by which the recipient knows them.
    pub phone: Phone,
}

// The text holds a name.
hide_debug!(Push);

/// How sending a push ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The push service took it.
    Sent,
    /// The device's endpoint is disabled or deleted. The subscription should be deleted too.
    Gone,
    /// The push service got too many pushes at once. Try again later.
    Throttled,
    /// The push service says that it failed, through no fault of the device. Try again later.
    Unavailable,
    /// The push service takes no pushes for the device's platform application, such as when its
    /// credentials ran out. No push to another device of that application gets through either.
    ApplicationDisabled,
    /// The push was sent to the push service, and no answer came. The device may have got it.
    Unanswered,
    /// The push service will never take this push.
    Refused,
}

/// Sends pushes.
pub trait Pusher: Sync {
    /// Sends `push` to the device of `subscription`, once: an implementation doesn't repeat it.
    fn push(
        &self,
        subscription: &Subscription,
        push: &Push,
    ) -> impl Future<Output = Delivery> + Send;
}

/// A push token, and the device that it belongs to.
#[derive(Clone, Copy)]
pub struct Token<'a> {
    /// The device's user.
    pub user: &'a UserId,
    pub device: &'a Udid,
    /// The push service that gave the token.
    pub channel: Channel,
    /// Where the token is valid.
    pub environment: PushEnvironment,
    /// The token itself. It is a secret.
    pub token: &'a str,
}

/// Why an endpoint wasn't registered or removed.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The deployment has no platform application for the channel.
    #[error("no platform application is configured for this channel")]
    NotConfigured,
    /// The push service refuses the token itself.
    #[error("the push service refuses the token")]
    BadToken,
    /// The push service failed. Try again later.
    #[error("the push service failed: {code}")]
    Unavailable {
        /// The push service's error code, or what went wrong if there is none.
        code: String,
    },
}

/// Registers and removes the push service's endpoints, one per token.
pub trait Endpoints: Sync {
    /// Returns the endpoint of a token. Creates it if there is none. May be repeated.
    fn register(
        &self,
        token: Token<'_>,
    ) -> impl Future<Output = Result<String, EndpointError>> + Send;

    /// Returns whether the subscription's endpoint is where a token of its channel and environment
    /// would be registered now. It asks nobody.
    fn is_current(&self, subscription: &Subscription) -> bool;

    /// Removes an endpoint. Succeeds if there is no such endpoint any more.
    fn remove(&self, endpoint: &str) -> impl Future<Output = Result<(), EndpointError>> + Send;
}

/// What the push service says of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointState {
    /// It takes pushes.
    Enabled,
    /// The push service has found that the device doesn't take pushes any more.
    Disabled,
    /// There is no such endpoint.
    Gone,
}

/// Asks the push service about endpoints.
pub trait EndpointStates: Sync {
    /// Returns what the push service says of an endpoint.
    fn state(
        &self,
        endpoint: &str,
    ) -> impl Future<Output = Result<EndpointState, EndpointError>> + Send;
}
