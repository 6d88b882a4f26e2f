//! What a restore will do, shown before it is done.

use std::fmt;

use serde::Serialize;

use super::course::Course;
use super::job::{Job, Target};
use super::recovery;
use crate::stack::OperatorError;
use crate::{standstill, tables};

/// What AWS's restore leaves out.
const WITH: &str = ", with its expiry, recovery, protection and stream";
const TIME: &str = "AWS's restore takes from minutes to hours.";

/// A step, and whether it is done already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    pub what: String,
    pub is_done: bool,
}

/// All steps of a restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    pub course: Course,
    pub stack: String,
    /// The stack that gets the tables, with its region if that is another one. In place it is the
    /// stack itself.
    pub into: String,
    /// The second. A move knows it once nobody writes.
    pub at: Option<String>,
    pub steps: Vec<Step>,
    /// Whether the stack that gets them uses the restored tables already.
    pub is_in_use: bool,
}

impl Plan {
    /// Looks at what is there, and at what can be restored.
    pub(super) async fn of(job: &Job) -> Result<Self, OperatorError> {
        let (from, into) = (job.from.in_aws()?, job.into.in_aws()?);
        let still = standstill::since(from).await?;
        let target = job.target(still)?;
        let is_in_use =
            target.as_ref().is_some_and(|target| job.into.tables.users == target.tables.users);
        let mut plan = Self {
            course: job.course,
            stack: from.name.clone(),
            into: if into.region() == from.region() {
                into.name.clone()
            } else {
                format!("{} in {}", into.name, into.region())
            },
            at: target.as_ref().map(Target::at_text),
            steps: vec![],
            is_in_use,
        };
        if job.course == Course::GiveUp {
            plan.step("start what was stopped", false);
            return Ok(plan);
        }
        if !is_in_use {
            job.ensure_fits().await?;
        }
        plan.steps_before(job, still.is_some());
        plan.tables(job, target.as_ref()).await?;
        plan.steps_after(still.is_some());
        Ok(plan)
    }

    fn step(&mut self, what: impl Into<String>, is_done: bool) {
        self.steps.push(Step { what: what.into(), is_done });
    }

    fn steps_before(&mut self, job: &Job, is_still: bool) {
        if job.course.is_elsewhere() && job.from.secret.is_some() {
            let what = format!("give {} the keys of {}", self.into, self.stack);
            self.step(what, job.from.secret == job.into.secret);
        }
        let stop = format!(
            "stop all that writes in {}: uploads, sign-ups, sign-ins and subscriptions are answered 5xx",
            self.stack
        );
        match job.course {
            Course::InPlace => {
                let what = format!("{stop}, joins and pushes wait");
                self.step(what, is_still || self.is_in_use);
            }
            Course::Move => {
                self.step(
                    format!("{stop}. Wait until no join and no push is on its way"),
                    is_still,
                );
                let what = "wait until AWS can restore the second from which on nobody writes, some \
                            six minutes";
                self.step(what, self.is_in_use);
            }
            Course::Copy | Course::GiveUp => {}
        }
    }

    async fn tables(&mut self, job: &Job, target: Option<&Target>) -> Result<(), OperatorError> {
        for table in job.course.tables() {
            let from = job.from.tables.name(*table);
            let to = target.map(|target| target.tables.name(*table));
            let is_there = match to {
                Some(to) => tables::described(&job.into.dynamodb, to).await?.is_some(),
                None => false,
            };
            match target {
                _ if is_there => {}
                Some(Target { at, .. }) if job.course != Course::Move => {
                    recovery::ensure_reaches(&job.from.dynamodb, from, at).await?;
                }
                // A move waits for its second.
                _ => recovery::ensure_on(&job.from.dynamodb, from).await?,
            }
            let to = to.unwrap_or("a table named after that second");
            let from = if self.is_in_use { table.to_string() } else { from.to_owned() };
            self.step(format!("restore {from} into {to}{WITH}"), is_there);
        }
        Ok(())
    }

    fn steps_after(&mut self, is_still: bool) {
        let is_in_use = self.is_in_use;
        self.step("raise the counter of ids, so that none is given twice", is_in_use);
        if self.course != Course::Move {
            self.step("mark the numbers that were forgotten since then", is_in_use);
        }
        if self.course.is_elsewhere() {
            self.step("copy the marks of users who want no pushes", is_in_use);
        }
        let what = format!("update {} with the restored tables, and with nothing else", self.into);
        self.step(what, is_in_use);
        match self.course {
            Course::InPlace => {
                self.step("start what was stopped", is_in_use && !is_still);
                self.step("repair what was on its way at that second", false);
            }
            Course::Copy => self.step("repair what was on its way at that second", false),
            Course::Move => self.step("check everything, and repair what can be", false),
            Course::GiveUp => {}
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stack, into, .. } = self;
        let at = self.at.as_deref().unwrap_or_default();
        match self.course {
            Course::InPlace => writeln!(f, "Restoring {stack} to {at}:")?,
            Course::Copy => writeln!(f, "Restoring {stack} as it was at {at} into {into}:")?,
            Course::Move => writeln!(f, "Moving {stack} into {into}:")?,
            Course::GiveUp => writeln!(f, "Giving up the restore or the move of {stack}:")?,
        }
        for (number, Step { what, is_done }) in self.steps.iter().enumerate() {
            let done = if *is_done { " (done already)" } else { "" };
            writeln!(f, "{}. {what}{done}", number + 1)?;
        }
        match self.course {
            Course::InPlace => write!(f, "What was written since then is lost. {TIME}"),
            Course::Copy => write!(f, "{stack} runs on, and isn't changed. {TIME}"),
            Course::Move => {
                write!(f, "{stack} isn't started again. Nothing in it is deleted. {TIME}")
            }
            Course::GiveUp => write!(f, "No table is changed, and restored tables stay."),
        }
    }
}
