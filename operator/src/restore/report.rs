//! What a restore tells at its end.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

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
        writeln!(f, "{} uses the tables of {}.", self.plan.stack, self.plan.at)?;
        if let Some(checked) = &self.checked {
            writeln!(f, "{checked}")?;
        }
        let parameters = self.parameters.iter().map(|(name, value)| format!("{name}={value}"));
        write!(
            f,
            "Write these parameters into samconfig.toml, or a later deployment may go back to the \
             old tables:\n{}",
            parameters.collect::<Vec<_>>().join(" ")
        )
    }
}
