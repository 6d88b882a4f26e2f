//! Subscriptions: the devices to which a user's pushes go.

use std::fmt;
use std::str::FromStr;

use crate::scope::Udid;
use crate::user::{PublicId, UserId};

/// A text is none of the names that a type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such name")]
pub struct UnknownName;

/// Declares an enum whose variants have names on the wire and in the store.
macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type { $($(#[$variant_doc])* $variant,)+ }

        impl $type {
            /// The name on the wire.
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
    /// Through which service a device is reached.
    Channel {
        /// Apple's push notifications.
        Apns = "apns",
        /// Apple's pushes for calls; never used for joins.
        ApnsVoip = "apns_voip",
        /// Firebase Cloud Messaging, by the name of its forerunner.
        Gcm = "gcm",
    }
}

named! {
    /// Which of a channel's two worlds a token belongs to.
    PushEnvironment {
        /// Apps from a developer's machine; Apple's sandbox.
        Development = "development",
        /// Apps from a store.
        Production = "production",
    }
}

named! {
    /// What a device runs.
    Platform {
        /// iOS and iPadOS.
        Ios = "ios",
        /// Android.
        Android = "android",
    }
}

/// A device that gets a user's pushes. A user has one per device and channel.
#[derive(Clone, PartialEq, Eq)]
pub struct Subscription {
    /// By which the app knows it; unique among the user's.
    pub id: PublicId,
    /// Whose device.
    pub user: UserId,
    /// The device.
    pub device: Udid,
    /// How it is reached.
    pub channel: Channel,
    /// What it runs.
    pub platform: Platform,
    /// Where its token is valid.
    pub environment: PushEnvironment,
    /// The hash of its token, by which the store knows it.
    pub token_hash: String,
    /// The push service's name for it: an SNS endpoint.
    pub endpoint: String,
    /// When it was last subscribed, in milliseconds since 1970.
    pub subscribed_at_ms: u64,
}

/// Hidden but for what it is of: whoever has the endpoint can push to it.
impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("id", &self.id)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}
