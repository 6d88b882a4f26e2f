//! `GET /address_book`.

use serde::Serialize;

use model::{Book, Entry, hide_debug};

/// A contact as it was uploaded.
#[derive(Serialize)]
pub struct ContactResponse<'a> {
    name: &'a str,
    phone: &'a str,
}

hide_debug!(ContactResponse<'_>);

impl<'a> From<&'a Entry> for ContactResponse<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self { name: entry.contact.name.as_str(), phone: entry.contact.spelling.as_str() }
    }
}

/// Returns the contacts of a book, which are sent as a bare array.
#[must_use]
pub fn contacts(book: &Book) -> Vec<ContactResponse<'_>> {
    book.entries().iter().map(ContactResponse::from).collect()
}
