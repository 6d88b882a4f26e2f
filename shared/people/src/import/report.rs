//! What an import tells, while it works and at its end.

use serde::Serialize;

use crate::mistake::Mistake;
use crate::person::LeftOut;

/// What an import does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It reads and checks all lines.
    Read,
    Accounts,
    Books,
}

/// Watches an import.
pub trait Watch {
    /// A step begins, which works on so many people, if that is known.
    fn begin(&mut self, step: Step, people: Option<u64>);

    /// The step is done with one more person.
    fn done_one(&mut self);

    /// A line, or a part of it, wasn't imported.
    fn failed(&mut self, failure: &Failure);
}

/// What wasn't imported, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The line of the file. The first one is 1.
    pub line: u64,
    /// The place of the book in the line, if it was a book. The first one is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub book: Option<usize>,
    /// The place of the contact in the book, if it was a contact. The first one is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<usize>,
    pub reason: Mistake,
}

impl Failure {
    pub(super) fn of_line(line: u64, reason: Mistake) -> Self {
        Self { line, book: None, contact: None, reason }
    }

    pub(super) fn of_contact(line: u64, left_out: LeftOut) -> Self {
        let LeftOut { book, contact, mistake } = left_out;
        Self { line, book: Some(book), contact: Some(contact), reason: mistake }
    }
}

/// What came of an account or a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    Created,
    /// It was there, and was overwritten.
    Changed,
    /// It was there as the line says.
    Unchanged,
    /// It was there otherwise than the line says, or its user has left, and it was let be.
    Kept,
}

/// How many accounts or books came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub created: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub kept: u64,
}

impl Counts {
    pub(super) fn add(&mut self, came: Option<Came>) {
        *match came {
            None => return,
            Some(Came::Created) => &mut self.created,
            Some(Came::Changed) => &mut self.changed,
            Some(Came::Unchanged) => &mut self.unchanged,
            Some(Came::Kept) => &mut self.kept,
        } += 1;
    }
}

/// What an import did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    pub is_dry_run: bool,
    pub lines: u64,
    /// Lines of which something failed. The rest of such a line may have been imported.
    pub failed_lines: u64,
    /// Contacts that make no sense, or that their book has no room for.
    pub contacts_left_out: u64,
    pub accounts: Counts,
    pub books: Counts,
}
