//! Pushes: their texts, the port to the push service, and its implementation for SNS.

mod message;
mod port;
mod sns;
mod template;

pub use self::message::FcmStyle;
pub use self::port::{
    Delivery, EndpointError, EndpointState, EndpointStates, Endpoints, Push, Pusher, Token,
};
pub use self::sns::{Applications, Sns};
pub use self::template::{Template, TemplateError};
