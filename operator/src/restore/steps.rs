//! The steps of a restore. Each looks at what is there, and does what is missing.

use std::collections::BTreeMap;
use std::time::Duration;

use store::{Store, Table};

use super::course::Course;
use super::job::{Job, Target};
use super::plan::Plan;
use super::recovery;
use crate::check::{CheckReport, check};
use crate::stack::OperatorError;
use crate::standstill::Held;
use crate::tables::{self, Streaming};
use crate::{standstill, update};

/// How long what looks wrong after the start may take to come right by itself.
const SETTLE: Duration = Duration::from_secs(5);
/// In how many parts a table is scanned at once.
const SEGMENTS: u16 = 4;

/// Gives the other stack the keys, stops what has to be still, and returns what is to be restored.
pub(super) async fn stop(job: &Job, plan: &Plan) -> Result<Target, OperatorError> {
    let from = job.from.in_aws()?;
    if !plan.is_in_use {
        // First of all, so that nothing begins there with keys of its own while this is going on.
        job.ensure_fits().await?;
        if let Some(keys) = &job.from.secret
            && job.into.secret.as_ref() != Some(keys)
        {
            keys.give(job.into.in_aws()?).await?;
        }
        match job.course {
            Course::InPlace => standstill::begin(from, Held::Writers).await?,
            Course::Move => standstill::begin_drained(from, Held::Writers).await?,
            Course::Copy | Course::GiveUp => {}
        }
    }
    let target = job.target(standstill::since(from).await?)?;
    target.ok_or_else(|| OperatorError::NotStill(from.name.clone()))
}

/// Restores the tables, and makes the stack use them. Returns the parameters that the stack has got.
pub(super) async fn switch(
    job: &Job,
    plan: &Plan,
    target: &Target,
) -> Result<BTreeMap<String, String>, OperatorError> {
    let into = job.into.in_aws()?;
    if !plan.is_in_use {
        restore_tables(job, target).await?;
        let restored = store(job, target);
        // Ids that were drawn after that second would be given again, and apps remember them.
        restored.raise_drawn_ids_to(job.from.store.drawn_ids().await?).await?;
        if job.course != Course::Move {
            // The repair deletes them from the books, which hold again what was forgotten since.
            restored.copy_marks(&job.from.store, SEGMENTS).await?;
        }
        if job.course.is_elsewhere() {
            // Before the stack is used: a mark that somebody removes there must not come back.
            restored.copy_muted(&job.from.store, SEGMENTS).await?;
        }
    }
    let stream = tables::stream_of(&job.into.dynamodb, &target.tables.users).await?;
    let restored = tables::restored_parameters(&target.tables, stream.as_deref());
    let parameters: BTreeMap<String, String> = restored
        .into_iter()
        .filter(|(name, _)| {
            name == "RestoredUsersStreamArn"
                || job.course.tables().iter().any(|table| *name == format!("Restored{table}"))
        })
        .collect();
    if !plan.is_in_use {
        // Hours may have passed.
        job.ensure_fits().await?;
        update::update(into, &parameters).await?;
    }
    if job.course == Course::InPlace {
        // The event source of the stream is another one now.
        standstill::end(&into.again().await?, Held::Writers).await?;
    }
    Ok(parameters)
}

/// Finds and repairs what was on its way at that second.
pub(super) async fn repair(job: &Job, target: &Target) -> Result<CheckReport, OperatorError> {
    Ok(check(&store(job, target), SEGMENTS, SETTLE, true).await?)
}

/// Starts what was stopped.
pub(super) async fn give_up(job: &Job) -> Result<(), OperatorError> {
    standstill::end(job.from.in_aws()?, Held::Writers).await
}

/// Returns a store over the restored tables. They are sealed by the keys of the stack that they are of.
fn store(job: &Job, target: &Target) -> Store {
    job.into.store_over(target.tables.clone(), job.from.keyring.clone())
}

async fn restore_tables(job: &Job, target: &Target) -> Result<(), OperatorError> {
    let client = &job.into.dynamodb;
    let missing = missing(job, target).await?;
    if !missing.is_empty() && job.from.in_aws()?.account() != job.into.in_aws()?.account() {
        let names = missing.iter().map(|table| target.tables.name(*table));
        let tables = names.collect::<Vec<_>>().join(", ");
        return Err(OperatorError::OtherAccount { at: target.at_text(), tables });
    }
    for table in missing {
        begin_restore(job, target, table).await?;
    }
    for table in job.course.tables() {
        let name = target.tables.name(*table);
        tables::active(client, name).await?;
        if *table == Table::Users {
            tables::set_stream(client, name, Streaming::On).await?;
        }
        tables::complete(client, *table, name).await?;
    }
    Ok(())
}

/// Returns the tables whose restore hasn't begun.
async fn missing(job: &Job, target: &Target) -> Result<Vec<Table>, OperatorError> {
    let mut missing = vec![];
    for table in job.course.tables() {
        if tables::described(&job.into.dynamodb, target.tables.name(*table)).await?.is_none() {
            missing.push(*table);
        }
    }
    Ok(missing)
}

/// Begins to restore a table. AWS restores into the region that is asked, from any other, if the source
/// is named by its ARN: "You can restore the table to the same AWS Region or to a different Region",
/// docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.Tutorial.html.
async fn begin_restore(job: &Job, target: &Target, table: Table) -> Result<(), OperatorError> {
    let from = job.from.tables.name(table);
    if job.course == Course::Move {
        recovery::reached(&job.from.dynamodb, from, &target.at).await?;
    }
    let begun = job
        .into
        .dynamodb
        .restore_table_to_point_in_time()
        .source_table_arn(job.from.in_aws()?.table_arn(from))
        .target_table_name(target.tables.name(table))
        .restore_date_time(target.at)
        .send()
        .await;
    begun.map_err(|error| tables::failed("RestoreTableToPointInTime", from, &error)).map(drop)
}
