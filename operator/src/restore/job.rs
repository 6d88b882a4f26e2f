//! The two stacks of a restore, and the second to which it restores.

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use aws_sdk_dynamodb::types::Select;
use store::{Table, Tables};

use super::RestoreArgs;
use super::course::Course;
use crate::meter::Meter;
use crate::place::Place;
use crate::stack::{OperatorError, Stack};
use crate::standstill::LONGEST_REQUEST;
use crate::tables::{self, failed};

/// From where to where is restored, and what for.
pub(super) struct Job {
    pub course: Course,
    pub from: Stack,
    /// The stack that gets the tables. In place it is the same one.
    pub into: Stack,
    /// The second of the arguments. A move finds its own.
    at: Option<DateTime>,
}

/// What is restored: the second, and the tables as they are named afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub at: DateTime,
    /// All tables of the stack that gets them. Those that aren't restored stay as they are.
    pub tables: Tables,
}

impl Job {
    /// Finds the stacks that the arguments name.
    pub async fn open(args: &RestoreArgs, meter: &Meter) -> Result<Self, OperatorError> {
        let course = Course::of(args);
        let from = Stack::open_at_rest(&args.stack, meter).await?;
        from.in_aws()?;
        let into = match &args.into {
            Some(name) => {
                let (region, profile) = (args.into_region.clone(), args.into_profile.clone());
                Stack::open_in(name, &Place { region, profile }, meter).await?
            }
            None => from.clone(),
        };
        if course.is_elsewhere() && from.in_aws()?.id == into.in_aws()?.id {
            return Err(OperatorError::IntoItself);
        }
        let at = args.at.as_ref().map(|at| {
            DateTime::from_str(at, DateTimeFormat::DateTime)
                .map_err(|_| OperatorError::BadTime(at.clone()))
        });
        Ok(Self { course, from, into, at: at.transpose()? })
    }

    /// Returns what is restored, once it is known: a move restores what there is when the stack has
    /// been `still` for as long as the longest request takes.
    pub fn target(&self, still: Option<DateTime>) -> Result<Option<Target>, OperatorError> {
        let at = if self.course == Course::Move {
            let after = i64::try_from(LONGEST_REQUEST.as_secs()).expect("it is short");
            still.map(|since| DateTime::from_secs(since.secs() + 1 + after))
        } else {
            self.at
        };
        let Some(at) = at else { return Ok(None) };
        let restored = tables::named(&self.into.in_aws()?.name, &suffix(&text(&at)));
        let tables = self.course.tables().iter().fold(self.into.tables.clone(), |tables, table| {
            tables.with(*table, restored.name(*table))
        });
        Ok(Some(Target { at, tables }))
    }

    /// Fails if the other stack can't get the tables: somebody has written into it, or only one of the
    /// two is sealed. Its own tables are left behind, and what other keys sealed would be lost.
    pub async fn ensure_fits(&self) -> Result<(), OperatorError> {
        if !self.course.is_elsewhere() {
            return Ok(());
        }
        let into = &self.into.in_aws()?.name;
        let seal = self.from.secret.is_some();
        if seal != self.into.secret.is_some() {
            return Err(OperatorError::OtherSealing { into: into.clone(), seal });
        }
        for table in [Table::AddressBooks, Table::ContactOwners, Table::Users] {
            let name = self.into.tables.name(table);
            let scan = self.into.dynamodb.scan().table_name(name).limit(1).select(Select::Count);
            let items = scan.consistent_read(true).send().await;
            if items.map_err(|error| failed("Scan", name, &error))?.count > 0 {
                return Err(OperatorError::NotEmpty { table, stack: into.clone() });
            }
        }
        Ok(())
    }
}

impl Target {
    /// Returns the second as people write it.
    pub fn at_text(&self) -> String {
        text(&self.at)
    }
}

/// Returns a second as people write it.
pub(super) fn text(at: &DateTime) -> String {
    at.fmt(DateTimeFormat::DateTime).unwrap_or_default()
}

/// Returns what the names of the tables end in that are restored to this second.
fn suffix(at: &str) -> String {
    let digits = |c: &char| c.is_ascii_alphanumeric() || *c == '.';
    format!("restored-{}", at.chars().filter(digits).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_tables_of_its_own_whose_names_dynamodb_takes() {
        for (at, expected) in [
            ("2026-11-24T08:00:00Z", "restored-20261124T080000Z"),
            ("2026-11-24T08:00:00.5Z", "restored-20261124T080000.5Z"),
        ] {
            assert_eq!(suffix(at), expected);
        }
    }
}
