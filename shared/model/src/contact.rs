//! Contacts: a name and a phone in somebody's book.

use std::str::FromStr;
use std::sync::Arc;

use numbering::Phone;

use crate::hide_debug;

/// Longest name, in Unicode scalar values: ConnectyCube's limit.
pub const MAX_NAME_CHARS: usize = 255;
/// Longest phone as written, in Unicode scalar values. 15 digits never need more decoration than
/// that.
pub const MAX_SPELLING_CHARS: usize = 255;

/// A contact's name: 1 to 255 characters, without whitespace at either end.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Arc<str>);

/// The text isn't a valid name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to {MAX_NAME_CHARS} characters")]
pub struct NameError;

impl Name {
    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let name = name.trim();
        match name.chars().take(MAX_NAME_CHARS + 1).count() {
            1..=MAX_NAME_CHARS => Ok(Self(name.into())),
            _ => Err(NameError),
        }
    }
}

hide_debug!(Name);

/// A phone as the book's owner wrote it. It is kept to be given back, and to be read again if the
/// home region changes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Spelling(Arc<str>);

impl Spelling {
    /// Returns the phone as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Spelling {
    fn from(raw: &str) -> Self {
        Self(raw.into())
    }
}

hide_debug!(Spelling);

/// A person in a book. Two contacts with the same [`Phone`] are the same contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The canonical phone, by which contacts and users are compared.
    pub phone: Phone,
    pub spelling: Spelling,
    /// The name that the book's owner gave the contact.
    pub name: Name,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_counted_in_characters() {
        for (name, kept) in [
            ("  Gordie Kann\u{A0}", Some("Gordie Kann")),
            ("\u{3000}", None),
            ("", None),
            ("a\0b", Some("a\0b")),
            (&"😀".repeat(255), Some("😀".repeat(255).as_str())),
            (&"😀".repeat(256), None),
        ] {
            assert_eq!(name.parse::<Name>().ok().as_ref().map(Name::as_str), kept, "{name:?}");
        }
    }
}
