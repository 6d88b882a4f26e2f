//! The tables and their names.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    AddressBooks,
    ContactOwners,
    Users,
    Subscriptions,
    Claims,
    Budgets,
    Sessions,
}

impl Table {
    /// Returns the names of the table's key attributes, which are texts: the partition key's, and the
    /// sort key's if there is one.
    #[must_use]
    pub fn key_names(self) -> &'static [&'static str] {
        match self {
            Self::AddressBooks => &["user_id", "book"],
            Self::ContactOwners => &["phone", "owner"],
            Self::Users => &["key"],
            Self::Subscriptions => &["pk", "sk"],
            Self::Claims => &["recipient", "claim"],
            Self::Budgets => &["payer"],
            Self::Sessions => &["session"],
        }
    }
}

/// Shows the table's name in documents and errors, which doesn't depend on the deployment.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The names of the tables of one deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tables {
    /// The table of books, by user and scope.
    pub address_books: String,
    /// The table of hints, by phone: which books may hold it.
    pub contact_owners: String,
    /// The table of users, by phone, by subject and by public id.
    pub users: String,
    /// The table of subscriptions, by user, and of who each push token belongs to.
    pub subscriptions: String,
    /// The table of claims on pushes that were sent or are being sent, by recipient.
    pub claims: String,
    /// The table of how many new numbers each payer has added recently.
    pub budgets: String,
    /// The table of application sessions that have become a user's, and of ended sessions.
    pub sessions: String,
}

impl Tables {
    /// Returns the name of `table` in this deployment.
    #[must_use]
    pub fn name(&self, table: Table) -> &str {
        match table {
            Table::AddressBooks => &self.address_books,
            Table::ContactOwners => &self.contact_owners,
            Table::Users => &self.users,
            Table::Subscriptions => &self.subscriptions,
            Table::Claims => &self.claims,
            Table::Budgets => &self.budgets,
            Table::Sessions => &self.sessions,
        }
    }

    /// Returns the same tables, with another name for `table`.
    #[must_use]
    pub fn with(mut self, table: Table, name: &str) -> Self {
        let field = match table {
            Table::AddressBooks => &mut self.address_books,
            Table::ContactOwners => &mut self.contact_owners,
            Table::Users => &mut self.users,
            Table::Subscriptions => &mut self.subscriptions,
            Table::Claims => &mut self.claims,
            Table::Budgets => &mut self.budgets,
            Table::Sessions => &mut self.sessions,
        };
        name.clone_into(field);
        self
    }
}
