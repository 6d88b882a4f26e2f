//! `restore`: puts the tables of a deployed stack back to a second of the last 35 days, in the stack
//! itself or in another one, and moves a stack into another one.
//!
//! All of them are one procedure, and a [`Course`] says which of its steps are taken. Each step looks
//! at what is there, and does what is missing. So a run that was cut off anywhere is started again
//! with the same words, and goes on.

mod course;
mod job;
mod plan;
mod recovery;
mod report;
mod steps;

use std::collections::BTreeMap;

pub use self::course::Course;
use self::job::Job;
pub use self::plan::{Plan, Step};
pub use self::report::Restored;
use crate::ask::is_confirmed;
use crate::meter::Meter;
use crate::stack::{OperatorError, StackArgs};

/// Put the books, the hints and the users of a deployed stack back to a second of the last 35 days
/// (--at), restore such a second into another stack (--at, --into), or move a stack into another one
/// (--move, --into). It shows what it will do and asks first. Started again with the same words, it
/// goes on where it was cut off
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    pub stack: StackArgs,
    /// The second, such as 2026-11-24T08:00:00Z
    #[arg(long, value_name = "TIME", required_unless_present_any = ["moves", "give_up"])]
    pub at: Option<String>,
    /// Stop writing in the stack for good, and restore all that it holds then into the other one
    #[arg(long = "move", conflicts_with = "at", requires = "into")]
    pub moves: bool,
    /// The other stack, which is deployed already and empty. It gets the stack's keys. With --at, the
    /// stack itself isn't touched
    #[arg(long, value_name = "NAME", requires = "stack")]
    pub into: Option<String>,
    /// The region of the other stack, if it isn't that of the stack
    #[arg(long, value_name = "REGION", requires = "into")]
    pub into_region: Option<String>,
    /// The profile of the AWS CLI with the credentials for the other stack, if it is in another account
    #[arg(long, value_name = "PROFILE", requires = "into")]
    pub into_profile: Option<String>,
    /// Give up a restore or a move that was cut off: start what it has stopped, and leave the tables
    /// as they are
    #[arg(long, requires = "stack", conflicts_with_all = ["at", "moves", "into"])]
    pub give_up: bool,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Restores as the arguments say. What the tables take is counted by `meter`.
///
/// # Errors
/// [`OperatorError`].
pub async fn restore(args: &RestoreArgs, meter: &Meter) -> Result<Restored, OperatorError> {
    let job = Job::open(args, meter).await?;
    let mut plan = Plan::of(&job).await?;
    if args.dry_run {
        return Ok(Restored { plan, is_dry: true, parameters: BTreeMap::new(), checked: None });
    }
    if !args.yes && !is_confirmed(&format!("{plan}\nGo on?")) {
        return Err(OperatorError::Declined);
    }
    if job.course == Course::GiveUp {
        steps::give_up(&job).await?;
        return Ok(Restored { plan, is_dry: false, parameters: BTreeMap::new(), checked: None });
    }
    let target = steps::stop(&job, &plan).await?;
    plan.at = Some(target.at_text());
    let parameters = steps::switch(&job, &plan, &target).await?;
    let checked = steps::repair(&job, &target).await?;
    Ok(Restored { plan, is_dry: false, parameters, checked: Some(checked) })
}
