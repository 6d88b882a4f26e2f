//! What is wrong with a line, said without anything of what the line says.

use std::fmt;

use protocol::{AccountError, JoinError, UploadError};
use serde::Serialize;
use serde_json::error::Category;
use store::StoreError;

/// Why a line, or a part of it, wasn't imported. It names fields and places, and quotes no value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Mistake(String);

impl Mistake {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<serde_json::Error> for Mistake {
    /// Says what is wrong, and at which column. The parser's own words often quote the value.
    fn from(error: serde_json::Error) -> Self {
        let column = error.column();
        if error.classify() != Category::Data {
            return Self(format!("it isn't JSON at column {column}"));
        }
        let text = error.to_string();
        let names_field = ["unknown field", "missing field", "duplicate field"]
            .into_iter()
            .find(|kind| text.starts_with(kind));
        match (names_field, text.split('`').nth(1)) {
            (Some(kind), Some(name)) if is_plain(name) => {
                Self(format!("{kind} `{name}` at column {column}"))
            }
            (Some(kind), _) => Self(format!("{kind} at column {column}")),
            (None, _) => Self(format!("a value of the wrong type at column {column}")),
        }
    }
}

/// Returns whether a text looks like the name of a field, and not like a name or a number that ended
/// up in its place.
fn is_plain(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    (1..=30).contains(&name.len()) && name.bytes().all(is_letter)
}

macro_rules! from_errors {
    ($($error:ty),+) => {
        $(impl From<$error> for Mistake {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        })+
    };
}

// None of them quotes a value.
from_errors!(AccountError, JoinError, StoreError, UploadError);
