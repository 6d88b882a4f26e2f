//! A book as it is stored, and what its head tells of it.

use std::collections::HashSet;

use model::{Book, Scope, UserId};
use numbering::Phone;

use super::layout::Layout;
use crate::keys::plain_book;
use crate::phone_keys::hashed;

/// Whether a book is open, and in which generation of its user's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// No upload has opened the book yet, or none since it was wiped or expired.
    Unopened,
    /// The book belongs to its user's account of this generation.
    Open {
        /// The account's generation when the book was opened.
        generation: u64,
    },
    /// The account of this generation was deleted, and the book with it.
    Deleted {
        /// The generation that was deleted.
        generation: u64,
    },
}

impl Life {
    /// Returns whether the book is open.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open { .. })
    }
}

/// What the head of a book tells without its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookHead {
    /// Raised by one with every write. If there is no item, it is the clock's milliseconds, which is
    /// more than any version that the book had before.
    pub version: u64,
    /// Whether there is an item.
    pub is_stored: bool,
    pub life: Life,
    /// When an open book expires unless it is used before, in seconds since 1970. If it is absent
    /// when the book is written, the deployment's time to live counts from now, if there is one.
    pub expires_at: Option<u64>,
    /// When an open book of a device was last used, in seconds since 1970. It may be a day late. If
    /// it is absent when the book is written, the book is used now.
    pub used_at: Option<u64>,
    /// The tag of the book's base, if it has one.
    pub(super) base: Option<u64>,
}

impl BookHead {
    /// Returns the tag of the book's base, if it has one.
    #[must_use]
    pub fn base(&self) -> Option<u64> {
        self.base
    }

    /// Returns a text that stands for the contacts and matches that the book has: no other state of
    /// this book, and no book of another user or device, has the same one. A book that isn't open is
    /// empty, whatever its version.
    #[must_use]
    pub fn revision(&self, user: &UserId, scope: &Scope) -> String {
        let version = self.life.is_open().then(|| self.version.to_string());
        hashed(&[user.as_str(), &plain_book(scope), &version.unwrap_or_default()])
    }

    /// Returns whether the book's time is over, so that DynamoDB may have deleted its base.
    pub(super) fn is_over(&self, now_seconds: u64) -> bool {
        self.expires_at.is_some_and(|at| at <= now_seconds)
    }

    /// Returns the head of the same book after its time is over.
    pub(super) fn expired(self) -> Self {
        Self { is_stored: self.is_stored, ..Self::absent(self.version) }
    }

    /// Returns the head of a book that has no item, which begins at `version`.
    pub(super) fn absent(version: u64) -> Self {
        Self {
            version,
            is_stored: false,
            life: Life::Unopened,
            expires_at: None,
            used_at: None,
            base: None,
        }
    }
}

/// A book as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBook {
    /// See [`BookHead::version`].
    pub version: u64,
    /// Whether there is an item.
    pub is_stored: bool,
    pub life: Life,
    /// The contacts and matches. Empty unless the book is open.
    pub book: Book,
    /// The mark of the upload that wrote the contacts. An upload that didn't get the answer to its
    /// write recognises its own work by it.
    pub uploaded_by: Option<u32>,
    /// In a tombstone, the contacts whose hints may not be deleted yet.
    pub leaving: Book,
    /// See [`BookHead::expires_at`].
    pub expires_at: Option<u64>,
    /// See [`BookHead::used_at`].
    pub used_at: Option<u64>,
    /// How the book is stored, as it was seen. What is written goes by it.
    pub layout: Layout,
}

impl StoredBook {
    /// Returns a book without contacts.
    pub(super) fn empty(head: BookHead) -> Self {
        let BookHead { version, is_stored, life, expires_at, used_at, base: _ } = head;
        Self {
            version,
            is_stored,
            life,
            book: Book::default(),
            uploaded_by: None,
            leaving: Book::default(),
            expires_at,
            used_at,
            layout: Layout::default(),
        }
    }

    /// Returns what the head of the book tells.
    #[must_use]
    pub fn head(&self) -> BookHead {
        let Self { version, is_stored, life, expires_at, used_at, ref layout, .. } = *self;
        BookHead { version, is_stored, life, expires_at, used_at, base: layout.tag() }
    }

    /// Returns the book without the contact of `phone`, whether it stays or leaves. Once this is
    /// written, neither of the book's items holds the phone, while a contact that an upload removes
    /// may stay in the base until the next fold.
    #[must_use]
    pub fn without(&self, phone: Phone) -> Self {
        let phones = HashSet::from([phone]);
        Self {
            book: self.book.clone().without(&phones),
            leaving: self.leaving.clone().without(&phones),
            layout: self.layout.without(phone),
            ..self.clone()
        }
    }

    /// Returns the contacts, whether they stay or leave.
    pub(super) fn contents(&self) -> &Book {
        if self.life.is_open() { &self.book } else { &self.leaving }
    }
}
