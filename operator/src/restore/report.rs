//! What a restore tells at its end.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::course::Course;
use super::plan::Plan;
use crate::check::CheckReport;
use crate::outcome::{Exit, Outcome};

/// What came of a restore.
#[derive(Clone, Debug, Serialize)]
pub struct Restored {
    /// What was to be done.
    pub plan: Plan,
    pub is_dry: bool,
    /// The parameters that the stack has got, for the configuration of later deployments.
    pub parameters: BTreeMap<String, String>,
    /// What was found and repaired afterwards.
    pub checked: Option<CheckReport>,
}

impl Outcome for Restored {
    fn exit(&self) -> Exit {
        let is_whole =
            |checked: &CheckReport| checked.findings.iter().all(|finding| finding.is_repaired);
        if self.checked.as_ref().is_none_or(is_whole) { Exit::Done } else { Exit::Found }
    }
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_dry {
            return write!(f, "{}\nNothing was done.", self.plan);
        }
        let Plan { stack, into, .. } = &self.plan;
        let at = self.plan.at.as_deref().unwrap_or_default();
        match self.plan.course {
            Course::GiveUp => return write!(f, "{stack} is started."),
            Course::InPlace => writeln!(f, "{stack} uses the tables of {at}.")?,
            Course::Copy => writeln!(f, "{into} holds what {stack} held at {at}.")?,
            Course::Move => writeln!(
                f,
                "{into} holds all that {stack} held when nobody wrote any more, at {at}. {stack} stays \
                 as it is: it can be read, and writes are answered 5xx."
            )?,
        }
        if let Some(checked) = &self.checked {
            writeln!(f, "{checked}")?;
        }
        let parameters = self.parameters.iter().map(|(name, value)| format!("{name}={value}"));
        write!(
            f,
            "Write these parameters into samconfig.toml, or a later deployment may go back to the \
             tables before:\n{}",
            parameters.collect::<Vec<_>>().join(" ")
        )
    }
}
