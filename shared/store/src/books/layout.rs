//! Layout: what of a book is in its head, and what in its base.
//!
//! A change of a few contacts writes the head alone, with all changes since the base. A *fold* writes
//! a new base, and a head without changes. It costs twice the size of both, because it is a
//! transaction. So we add up the bytes of changes in all heads since the base was written, and fold
//! when the sum reaches the cost of a fold. If every change takes `s` bytes, the head then has
//! √(2 × fold × `s`) bytes of changes, which is the cheapest time.

use std::sync::Arc;

use model::{Book, Entry};
use numbering::Phone;

use crate::packed::{Packed, pack_changes};

/// Most bytes of changes, so that a head stays below the 4 KB of one read unit.
pub(crate) const MAX_CHANGES_BYTES: usize = 3_500;
/// Most contacts in changes. More take too many bytes, so it isn't worth packing them to find out.
const MAX_CHANGED_CONTACTS: usize = 300;
/// Bytes that a fold writes besides the base's contacts: the head, and half a unit of rounding up.
const FOLD_FIXED_BYTES: usize = 1_536;
/// A transaction costs twice the units of its writes.
const TRANSACTION_FACTOR: usize = 2;

/// How a book is stored. Protocols don't look into it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    base: Option<Arc<Base>>,
    /// What was packed into the head.
    packed: Packed,
    /// Whether the base holds something that the next write may not leave there.
    is_to_fold: bool,
}

/// A base as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Base {
    /// The version of the book that was written with it.
    pub tag: u64,
    pub entries: Vec<Entry>,
    /// How many bytes of contacts and matches are stored.
    pub stored_bytes: usize,
    pub expires_at: Option<u64>,
}

/// When a book that is written expires, and when it was used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub expires_at: Option<u64>,
    /// The earliest time at which it may expire instead.
    pub expires_after: u64,
    pub used_at: Option<u64>,
}

/// What is written of a book.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written<'a> {
    /// The tag of the base that the book has then.
    pub base: Option<u64>,
    /// What makes the book out of that base. Absent for an empty book.
    pub changes: Option<Vec<u8>>,
    /// What is written as the new base.
    pub new_base: Option<&'a Book>,
    pub expires_at: Option<u64>,
}

impl Layout {
    pub(super) fn new(base: Option<Base>, packed: Packed) -> Self {
        Self { base: base.map(Arc::new), packed, is_to_fold: false }
    }

    /// Returns the same layout. If the base holds `phone`, what is written by it has a new base.
    pub(super) fn without(&self, phone: Phone) -> Self {
        let entries = self.base.iter().flat_map(|base| &base.entries);
        let is_in_base = entries.into_iter().any(|entry| entry.contact.phone == phone);
        Self { is_to_fold: self.is_to_fold || is_in_base, ..self.clone() }
    }

    /// Returns the tag of the base, if there is one.
    pub(super) fn tag(&self) -> Option<u64> {
        self.base.as_ref().map(|base| base.tag)
    }

    /// Decides how `contents` are written as `version` of a book that has this layout. The changes
    /// in a head may have `most_bytes`.
    pub(super) fn written<'a>(
        &self,
        version: u64,
        contents: &'a Book,
        times: &Times,
        most_bytes: usize,
    ) -> Written<'a> {
        let entries = contents.entries();
        if entries.is_empty() {
            let expires_at = times.expires_at;
            return Written { base: None, changes: None, new_base: None, expires_at };
        }
        if let Some(expires_at) = self.expiry(times)
            && let Some(changes) = self.changes(entries, most_bytes)
        {
            return Written {
                base: self.tag(),
                changes: Some(changes),
                new_base: None,
                expires_at,
            };
        }
        Written {
            base: Some(version),
            changes: pack_changes(&[], &[], &Packed::default(), 0),
            new_base: Some(contents),
            expires_at: times.expires_at,
        }
    }

    /// Returns the changes that make `entries` out of the base, unless a fold is worth it.
    fn changes(&self, entries: &[Entry], most_bytes: usize) -> Option<Vec<u8>> {
        if self.is_to_fold {
            return None;
        }
        let (base, base_bytes) =
            self.base.as_ref().map_or((&[][..], 0), |base| (&base.entries, base.stored_bytes));
        let changes = pack_changes(base, entries, &self.packed, MAX_CHANGED_CONTACTS)?;
        let stored_bytes = if base.is_empty() { changes.len() } else { base_bytes };
        let fold_bytes = TRANSACTION_FACTOR * (stored_bytes + FOLD_FIXED_BYTES);
        let is_worth_it = self.packed.written_bytes + changes.len() >= fold_bytes;
        (changes.len() <= most_bytes && !is_worth_it).then_some(changes)
    }

    /// Returns when a head expires that is written without its base: together with it, so that
    /// neither outlives the other. Returns nothing if the base has to be written for that.
    fn expiry(&self, times: &Times) -> Option<Option<u64>> {
        let Some(base) = &self.base else { return Some(times.expires_at) };
        let is_soon_enough = base.expires_at.is_some_and(|at| at >= times.expires_after)
            && base.expires_at < times.expires_at;
        (base.expires_at == times.expires_at || is_soon_enough).then_some(base.expires_at)
    }
}
