//! `GET /address_book`.

use serde::Serialize;

use crate::domain::{Book, Entry};

/// A contact as it was uploaded.
#[derive(Serialize)]
pub struct ContactResponse<'a> {
    name: &'a str,
    phone: &'a str,
}

/// Hidden: it is all personal.
impl std::fmt::Debug for ContactResponse<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ContactResponse(…)")
    }
}

impl<'a> From<&'a Entry> for ContactResponse<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self { name: entry.contact.name.as_str(), phone: entry.contact.spelling.as_str() }
    }
}

/// The contacts of a book, to be sent as a bare array.
#[must_use]
pub fn contacts(book: &Book) -> Vec<ContactResponse<'_>> {
    book.entries().iter().map(ContactResponse::from).collect()
}
