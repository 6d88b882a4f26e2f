//! The tables and their names.

use std::fmt;

/// A table of this software.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    AddressBooks,
    ContactOwners,
    Users,
    Subscriptions,
    Claims,
    Budgets,
}

/// The name by which documents and errors know the table, whatever a deployment calls it.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The names of the tables of one deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Books, by user and scope.
    pub address_books: String,
    /// Who has a phone in which book.
    pub contact_owners: String,
    /// Users, by phone, by subject and by public id.
    pub users: String,
    /// Devices to push to.
    pub subscriptions: String,
    /// Pushes that were sent or are being sent.
    pub claims: String,
    /// How many new numbers people have added of late.
    pub budgets: String,
}

impl Tables {
    /// The name of `table` in this deployment.
    #[must_use]
    pub fn name(&self, table: Table) -> &str {
        match table {
            Table::AddressBooks => &self.address_books,
            Table::ContactOwners => &self.contact_owners,
            Table::Users => &self.users,
            Table::Subscriptions => &self.subscriptions,
            Table::Claims => &self.claims,
            Table::Budgets => &self.budgets,
        }
    }
}
