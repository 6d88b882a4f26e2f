//! What a copy tells at its end.

use std::fmt;

use serde::Serialize;
use store::{Copied, RekeyReport, Table};

use crate::check::CheckReport;
use crate::outcome::{Exit, Outcome};

/// What came of a copy.
#[derive(Clone, Debug, Serialize)]
pub struct Rekeyed {
    #[serde(flatten)]
    pub report: RekeyReport,
    pub is_dry: bool,
    pub is_finished: bool,
    /// What to do next, for a person.
    pub next: String,
    /// What the check of the copy found, if it was checked.
    pub checked: Option<CheckReport>,
}

impl Rekeyed {
    /// Returns the outcome of a run that had only to start the stack.
    pub(super) fn of_former_run() -> Self {
        let next = "The stack uses these tables already, and is started.".to_owned();
        let report = RekeyReport::default();
        Self { report, is_dry: false, is_finished: true, next, checked: None }
    }
}

impl Outcome for Rekeyed {
    fn exit(&self) -> Exit {
        let unreadable = self.report.each().iter().any(|(_, copied)| copied.unreadable > 0);
        match &self.checked {
            _ if unreadable => Exit::Found,
            Some(checked) => checked.exit(),
            None => Exit::Done,
        }
    }
}

impl fmt::Display for Rekeyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = if self.is_dry { "would be written" } else { "written" };
        for (table, copied) in self.report.each() {
            let Copied { items, written: count, deleted, left, unreadable } = copied;
            if !self.is_finished && !matches!(table, Table::AddressBooks | Table::ContactOwners) {
                continue;
            }
            write!(f, "{table}: {items} looked at, {count} {written}, {deleted} deleted")?;
            if *left > 0 {
                write!(f, ", {left} left behind")?;
            }
            if *unreadable > 0 {
                write!(f, ", {unreadable} can't be read and were not copied")?;
            }
            writeln!(f)?;
        }
        if let Some(checked) = &self.checked {
            writeln!(f, "The copy was checked:\n{checked}")?;
        }
        write!(f, "{}", self.next)
    }
}
