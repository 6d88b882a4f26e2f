//! Subscriptions: the devices that get a user's pushes.

use std::fmt;
use std::str::FromStr;

use crate::scope::Udid;
use crate::user::{PublicId, UserId};

/// The text isn't the name of any variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such name")]
pub struct UnknownName;

/// Declares an enum whose variants have names on the wire and in the store.
macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[$variant_doc])* $variant,)+ }

        impl $type {
            /// Returns the name on the wire and in the store.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        impl FromStr for $type {
            type Err = UnknownName;

            fn from_str(name: &str) -> Result<Self, UnknownName> {
                match name { $($name => Ok(Self::$variant),)+ _ => Err(UnknownName) }
            }
        }
    };
}

named! {
    /// The push service that reaches a device.
    Channel {
        /// Apple Push Notification service.
        Apns = "apns",
        /// Apple's VoIP pushes, for calls. Never used for joins.
        ApnsVoip = "apns_voip",
        /// Firebase Cloud Messaging, under the name of its predecessor.
        Gcm = "gcm",
    }
}

named! {
    /// Which of a channel's two environments a token is valid in.
    PushEnvironment {
        /// Apps installed from a developer's machine; Apple's sandbox.
        Development = "development",
        /// Apps installed from a store.
        Production = "production",
    }
}

named! {
    /// What a device runs.
    Platform {
        /// iOS and iPadOS.
        Ios = "ios",
        Android = "android",
        /// A browser.
        Web = "web",
    }
}

/// A device that gets a user's pushes. A user has one subscription per device and channel.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Subscription {
    /// The id by which the app knows it. Unique among the user's subscriptions.
    pub id: PublicId,
    pub user: UserId,
    pub device: Udid,
    pub channel: Channel,
    pub platform: Platform,
    pub environment: PushEnvironment,
    /// The hash of its push token. The store knows the token only by this hash.
    pub token_hash: String,
    /// The ARN of its SNS endpoint.
    pub endpoint: String,
    /// When the device last subscribed, in milliseconds since 1970.
    pub subscribed_at_ms: u64,
}

/// Shows only the id and the channel, because anybody who has the endpoint can push to it.
impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("id", &self.id)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}
