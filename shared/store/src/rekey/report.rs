//! What came of a copy.

use serde::Serialize;

use crate::tables::Table;

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

/// What came of copying all tables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RekeyReport {
    /// Books, each with its head and its base.
    pub address_books: Copied,
    /// Hints of the books that were written.
    pub contact_owners: Copied,
    pub users: Copied,
    pub subscriptions: Copied,
    pub claims: Copied,
    pub budgets: Copied,
    pub sessions: Copied,
}

impl RekeyReport {
    pub(super) fn of(&mut self, table: Table) -> &mut Copied {
        match table {
            Table::AddressBooks => &mut self.address_books,
            Table::ContactOwners => &mut self.contact_owners,
            Table::Users => &mut self.users,
            Table::Subscriptions => &mut self.subscriptions,
            Table::Claims => &mut self.claims,
            Table::Budgets => &mut self.budgets,
            Table::Sessions => &mut self.sessions,
        }
    }

    /// Returns the counts of each table, in the order in which they are told.
    #[must_use]
    pub fn tables(&self) -> [(Table, &Copied); 7] {
        [
            (Table::AddressBooks, &self.address_books),
            (Table::ContactOwners, &self.contact_owners),
            (Table::Users, &self.users),
            (Table::Subscriptions, &self.subscriptions),
            (Table::Claims, &self.claims),
            (Table::Budgets, &self.budgets),
            (Table::Sessions, &self.sessions),
        ]
    }
}
