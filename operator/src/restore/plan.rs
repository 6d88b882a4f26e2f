//! What a restore will do, shown before it is done.

use std::fmt;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use serde::Serialize;
use store::Tables;

use super::TOGETHER;
use crate::stack::{Deployed, OperatorError, Stack};
use crate::{standstill, tables};

/// A step, and whether it is done already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    pub what: String,
    pub is_done: bool,
}

/// All steps of a restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    pub stack: String,
    pub at: String,
    pub steps: Vec<Step>,
    /// Whether the stack uses the restored tables already.
    pub is_in_use: bool,
}

impl Plan {
    /// Looks at what is there, and at what can be restored.
    pub(super) async fn of(
        stack: &Stack,
        deployed: &Deployed,
        next: &Tables,
        at: &DateTime,
    ) -> Result<Self, OperatorError> {
        let is_in_use = stack.tables.users == next.users;
        let is_still = standstill::is_still(deployed).await?;
        let mut steps = vec![Step {
            what: "stop all that writes: uploads, sign-ups, sign-ins and subscriptions are \
                   answered 5xx, joins and pushes wait"
                .to_owned(),
            is_done: is_still || is_in_use,
        }];
        for table in TOGETHER {
            let (from, to) = (stack.tables.name(table), next.name(table));
            let is_done = is_in_use || tables::described(&stack.dynamodb, to).await?.is_some();
            if !is_done {
                recoverable(&stack.dynamodb, from, at).await?;
            }
            let what = if is_in_use {
                format!("restore {table} into {to}")
            } else {
                format!(
                    "restore {from} into {to}, with its stream, expiry, recovery and protection"
                )
            };
            steps.push(Step { what, is_done });
        }
        for (what, is_done) in [
            ("raise the counter of ids, so that none is given twice", is_in_use),
            ("update the stack with the restored tables, and with nothing else", is_in_use),
            ("start what was stopped", is_in_use && !is_still),
            ("repair what was on its way at that second", false),
        ] {
            steps.push(Step { what: what.to_owned(), is_done });
        }
        let at = at.fmt(DateTimeFormat::DateTime);
        let at = at.map_err(|_| OperatorError::BadTime(String::new()))?;
        Ok(Self { stack: deployed.name.clone(), at, steps, is_in_use })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Restoring {} to {}:", self.stack, self.at)?;
        for (number, Step { what, is_done }) in self.steps.iter().enumerate() {
            let done = if *is_done { " (done already)" } else { "" };
            writeln!(f, "{}. {what}{done}", number + 1)?;
        }
        write!(f, "What was written since then is lost. AWS's restore takes from minutes to hours.")
    }
}

/// Fails if a table can't be restored to this second.
async fn recoverable(
    client: &aws_sdk_dynamodb::Client,
    name: &str,
    at: &DateTime,
) -> Result<(), OperatorError> {
    let asked = client.describe_continuous_backups().table_name(name).send().await;
    let backups =
        asked.map_err(|error| tables::failed("DescribeContinuousBackups", name, &error))?;
    let recovery = backups
        .continuous_backups_description
        .and_then(|backups| backups.point_in_time_recovery_description);
    let Some(recovery) = recovery else { return Ok(()) };
    let text = |at: &DateTime| at.fmt(DateTimeFormat::DateTime).unwrap_or_default();
    let outside = |earliest: Option<DateTime>, latest: Option<DateTime>| {
        earliest.is_some_and(|earliest| *at < earliest) || latest.is_some_and(|latest| *at > latest)
    };
    let (earliest, latest) =
        (recovery.earliest_restorable_date_time, recovery.latest_restorable_date_time);
    if outside(earliest, latest) {
        return Err(OperatorError::OutOfReach {
            table: name.to_owned(),
            at: text(at),
            earliest: earliest.as_ref().map(text).unwrap_or_default(),
            latest: latest.as_ref().map(text).unwrap_or_default(),
        });
    }
    Ok(())
}
