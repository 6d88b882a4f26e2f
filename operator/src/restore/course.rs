//! What a restore is for.

use serde::Serialize;
use store::Table;

use super::RestoreArgs;

/// The tables that are restored to the same second. One of them alone would break the invariants.
const TOGETHER: [Table; 3] = [Table::AddressBooks, Table::ContactOwners, Table::Users];
/// The tables that another stack gets. Subscriptions refers to endpoints of its own region.
const ELSEWHERE: [Table; 6] = [
    Table::AddressBooks,
    Table::ContactOwners,
    Table::Users,
    Table::Claims,
    Table::Budgets,
    Table::Sessions,
];

/// What a restore is for, which says which of its steps are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// The stack itself goes back to a second.
    InPlace,
    /// Another stack gets what the stack held at a second. The stack runs on.
    Copy,
    /// Another stack gets what the stack holds when nobody writes any more.
    Move,
    /// What a restore or a move stopped is started again.
    GiveUp,
}

impl Course {
    pub(super) fn of(args: &RestoreArgs) -> Self {
        match args {
            RestoreArgs { give_up: true, .. } => Self::GiveUp,
            RestoreArgs { moves: true, .. } => Self::Move,
            RestoreArgs { into: Some(_), .. } => Self::Copy,
            _ => Self::InPlace,
        }
    }

    /// Returns whether another stack gets the tables.
    pub(super) fn is_elsewhere(self) -> bool {
        matches!(self, Self::Copy | Self::Move)
    }

    /// Returns the tables that are restored.
    pub(super) fn tables(self) -> &'static [Table] {
        match self {
            Self::InPlace => &TOGETHER,
            Self::Copy | Self::Move => &ELSEWHERE,
            Self::GiveUp => &[],
        }
    }
}
