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
    /// All tables.
    pub const ALL: [Self; 7] = [
        Self::AddressBooks,
        Self::ContactOwners,
        Self::Users,
        Self::Subscriptions,
        Self::Claims,
        Self::Budgets,
        Self::Sessions,
    ];

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

/// Something for each table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByTable<T> {
    /// Books, by user and scope.
    pub address_books: T,
    /// Hints, by phone: which books may hold it.
    pub contact_owners: T,
    /// Users, by phone, by subject and by public id.
    pub users: T,
    /// Subscriptions, by user, and of who each push token belongs to.
    pub subscriptions: T,
    /// Claims on pushes that were sent or are being sent, by recipient.
    pub claims: T,
    /// How many new numbers each payer has added recently.
    pub budgets: T,
    /// Application sessions that have become a user's, and ended sessions.
    pub sessions: T,
}

impl<T> ByTable<T> {
    /// Makes something for each table.
    pub fn from_fn(make: impl Fn(Table) -> T) -> Self {
        Self {
            address_books: make(Table::AddressBooks),
            contact_owners: make(Table::ContactOwners),
            users: make(Table::Users),
            subscriptions: make(Table::Subscriptions),
            claims: make(Table::Claims),
            budgets: make(Table::Budgets),
            sessions: make(Table::Sessions),
        }
    }

    /// Returns what is `table`'s.
    #[must_use]
    pub fn of(&self, table: Table) -> &T {
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

    /// Returns what is `table`'s, to be changed.
    pub fn of_mut(&mut self, table: Table) -> &mut T {
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

    /// Returns each table with what is its.
    #[must_use]
    pub fn each(&self) -> [(Table, &T); 7] {
        Table::ALL.map(|table| (table, self.of(table)))
    }
}

/// The names of the tables of one deployment.
pub type Tables = ByTable<String>;

impl Tables {
    /// Returns the name of `table` in this deployment.
    #[must_use]
    pub fn name(&self, table: Table) -> &str {
        self.of(table)
    }

    /// Returns the same tables, with another name for `table`.
    #[must_use]
    pub fn with(mut self, table: Table, name: &str) -> Self {
        name.clone_into(self.of_mut(table));
        self
    }
}
