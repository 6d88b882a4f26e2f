//! What came of a copy.

use serde::Serialize;

use crate::tables::ByTable;

/// What came of copying one table. A book counts as one, however many items it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// What the source has.
    pub items: u64,
    /// What was written, or would be in a dry run. The rest was the same already.
    pub written: u64,
    /// What the source doesn't have any more, and the target doesn't have now either.
    pub deleted: u64,
    /// What can't be carried over.
    pub left: u64,
    /// What can't be read, and wasn't copied.
    pub unreadable: u64,
}

/// What came of copying all tables. Of ContactOwners, only the hints of the books that were written are
/// counted.
pub type RekeyReport = ByTable<Copied>;
