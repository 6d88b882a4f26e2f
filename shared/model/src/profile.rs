//! Profiles: the truth about a user.

use numbering::Phone;
use serde::{Deserialize, Serialize};

use crate::hide_debug;
use crate::user::{Flags, PublicId, UserId};

/// All that is known about a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The id by which apps know the user.
    pub id: PublicId,
    /// The id by which the identity provider knows the user.
    pub user: UserId,
    /// Raised by one with every write.
    pub version: u64,
    /// The user's phone, and the epoch in which they have it.
    pub phone: Option<(Phone, u64)>,
    pub flags: Flags,
    /// Milliseconds since 1970.
    pub created_at_ms: u64,
    /// Milliseconds since 1970.
    pub updated_at_ms: u64,
    pub details: Details,
}

/// A text field of [`Details`]: its name in the ConnectyCube API, and access to the field.
pub type TextField = (&'static str, fn(&mut Details) -> &mut Option<String>);
/// An integer field of [`Details`]: its name in the ConnectyCube API, and access to the field.
pub type IntegerField = (&'static str, fn(&mut Details) -> &mut Option<i64>);

/// Declares [`Details`]. To add a field to profiles, add its name here.
macro_rules! details {
    (texts: $($text:ident),+; integers: $($integer:ident),+;) => {
        /// The fields of a profile that mean nothing to this software. It keeps them for the app,
        /// under the names that the ConnectyCube API documents.
        #[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Details {
            $(#[serde(skip_serializing_if = "Option::is_none")]
            pub $text: Option<String>,)+
            $(#[serde(skip_serializing_if = "Option::is_none")]
            pub $integer: Option<i64>,)+
        }

        impl Details {
            pub const TEXTS: &[TextField] =
                &[$((stringify!($text), |details| &mut details.$text),)+];
            pub const INTEGERS: &[IntegerField] =
                &[$((stringify!($integer), |details| &mut details.$integer),)+];
        }
    };
}

details! {
    texts:
        full_name, login, email, website, avatar, custom_data, user_tags, facebook_id, twitter_id,
        external_id;
    integers:
        external_user_id, blob_id, timezone;
}

hide_debug!(Details);

impl Details {
    /// Replaces each field that `patch` has.
    pub fn update(&mut self, mut patch: Self) {
        for (_, field) in Self::TEXTS {
            if let Some(new) = field(&mut patch).take() {
                *field(self) = Some(new);
            }
        }
        for (_, field) in Self::INTEGERS {
            if let Some(new) = field(&mut patch).take() {
                *field(self) = Some(new);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_changes_the_fields_that_it_has_and_no_others() {
        let text = |text: &str| Some(text.to_owned());
        let mut details =
            Details { full_name: text("Alice"), timezone: Some(1), ..Details::default() };
        details.update(Details {
            full_name: text("Alice A."),
            blob_id: Some(7),
            ..Details::default()
        });
        let expected = Details {
            full_name: text("Alice A."),
            blob_id: Some(7),
            timezone: Some(1),
            ..Details::default()
        };
        assert!(details == expected);
    }
}
