//! The operations that every design is measured in.

use super::Cost;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    FirstUpload,
    SameUpload,
    NewContact,
    ChangedName,
    RemovedContact,
    HalfReplaced,
    Get,
    RegisteredFull,
    RegisteredCompact,
    NothingNew,
    SameSubscription,
    JoinOfBook,
    NewContactAndLook,
    JoinOfBookAndLook,
}

impl Operation {
    /// All operations, in the order of the tables.
    pub const ALL: [Self; 14] = [
        Self::FirstUpload,
        Self::SameUpload,
        Self::NewContact,
        Self::ChangedName,
        Self::RemovedContact,
        Self::HalfReplaced,
        Self::Get,
        Self::RegisteredFull,
        Self::RegisteredCompact,
        Self::NothingNew,
        Self::SameSubscription,
        Self::JoinOfBook,
        Self::NewContactAndLook,
        Self::JoinOfBookAndLook,
    ];
    /// The changes of one contact.
    pub const CHANGES: [Self; 3] = [Self::NewContact, Self::ChangedName, Self::RemovedContact];
    /// The request for the registered users that the sums and the comparison count with.
    pub const LOOK: Self = Self::RegisteredCompact;

    pub fn name(self) -> &'static str {
        match self {
            Self::FirstUpload => "first upload",
            Self::SameUpload => "same upload again",
            Self::NewContact => "one new contact",
            Self::ChangedName => "one changed name",
            Self::RemovedContact => "one removed",
            Self::HalfReplaced => "replaced by a book half the same",
            Self::Get => "get",
            Self::RegisteredFull => "registered users, full",
            Self::RegisteredCompact => "registered users, compact",
            Self::NothingNew => "a read that finds nothing new (304)",
            Self::SameSubscription => "subscriptions, the same again",
            Self::JoinOfBook => "a user joins, for each book that holds them",
            Self::NewContactAndLook => "one new contact, and one look at who is registered",
            Self::JoinOfBookAndLook => "a user joins, and the book's owner looks once",
        }
    }

    /// Returns the mark of the footnote that explains the operation, or nothing.
    pub fn footnote(self) -> &'static str {
        match self {
            Self::NewContact | Self::ChangedName | Self::RemovedContact => " [1]",
            Self::JoinOfBook => " [2]",
            Self::SameSubscription => " [3]",
            _ => "",
        }
    }

    /// Returns the cost of an operation that is a write and the look that it is for, out of the
    /// costs of these. A design may have the look without the write. Returns nothing for all other
    /// operations.
    pub fn sum(self, of: impl Fn(Self) -> Option<Cost>) -> Option<Cost> {
        let write = match self {
            Self::NewContactAndLook => Self::NewContact,
            Self::JoinOfBookAndLook => Self::JoinOfBook,
            _ => return None,
        };
        Some(of(write).unwrap_or_default() + of(Self::LOOK)?)
    }
}
