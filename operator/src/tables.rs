//! The tables themselves: making them, and giving them what a copy or a restore leaves out.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    OnDemandThroughput, PointInTimeRecoverySpecification, StreamSpecification, StreamViewType,
    TableDescription, TableStatus, TimeToLiveSpecification,
};
use local::keyed;
use store::{Table, Tables};

use crate::stack::OperatorError;

/// How long to wait before a table is looked at again.
const PAUSE: Duration = Duration::from_millis(500);
/// The attribute by which DynamoDB deletes items.
const EXPIRY: &str = "expires_at";

/// Whether a table has a stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Streaming {
    On,
    Off,
}

/// Returns the names of tables that belong to a stack and aren't its own.
pub(crate) fn named(stack: &str, suffix: &str) -> Tables {
    Tables::from_fn(|table| format!("{stack}-{table}-{suffix}"))
}

/// Returns the stack's parameters that make it use these tables.
pub(crate) fn restored_parameters(tables: &Tables, stream: Option<&str>) -> Vec<(String, String)> {
    let names = tables.each().map(|(table, name)| (format!("Restored{table}"), name.to_owned()));
    let stream = stream.map(|arn| ("RestoredUsersStreamArn".to_owned(), arn.to_owned()));
    names.into_iter().chain(stream).collect()
}

/// Describes a table, or returns nothing if there is none.
pub(crate) async fn described(
    client: &Client,
    name: &str,
) -> Result<Option<TableDescription>, OperatorError> {
    match client.describe_table().table_name(name).send().await {
        Ok(answer) => Ok(answer.table),
        Err(error) if code(&error) == "ResourceNotFoundException" => Ok(None),
        Err(error) => Err(failed("DescribeTable", name, &error)),
    }
}

/// Returns whether all of these tables exist.
pub(crate) async fn are_there(client: &Client, tables: &Tables) -> Result<bool, OperatorError> {
    for (_, name) in tables.each() {
        if described(client, name).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns the stream of a table, if it has one.
pub(crate) async fn stream_of(
    client: &Client,
    name: &str,
) -> Result<Option<String>, OperatorError> {
    let table = described(client, name).await?;
    Ok(table.filter(is_streamed).and_then(|table| table.latest_stream_arn))
}

/// Makes the tables that don't exist yet. `limits` are the most read and write units a second, if the
/// stack has such limits.
pub(crate) async fn create(
    client: &Client,
    tables: &Tables,
    limits: Option<OnDemandThroughput>,
) -> Result<(), OperatorError> {
    for (table, name) in tables.each() {
        if described(client, name).await?.is_none() {
            let create =
                client.create_table().table_name(name).set_on_demand_throughput(limits.clone());
            let create = keyed(create, table.key_names());
            create.send().await.map_err(|error| failed("CreateTable", name, &error))?;
        }
        active(client, name).await?;
    }
    Ok(())
}

/// Returns the limits that a stack's parameters set for its tables.
pub(crate) fn limits(parameters: &BTreeMap<String, String>) -> Option<OnDemandThroughput> {
    let units = |name: &str| {
        parameters.get(name).and_then(|units| units.parse::<i64>().ok()).filter(|units| *units > 0)
    };
    let (reads, writes) = (units("MaxReadRequestUnits"), units("MaxWriteRequestUnits"));
    let limits = OnDemandThroughput::builder()
        .set_max_read_request_units(reads)
        .set_max_write_request_units(writes);
    (reads.is_some() || writes.is_some()).then(|| limits.build())
}

/// Waits until a table can be changed.
pub(crate) async fn active(client: &Client, name: &str) -> Result<TableDescription, OperatorError> {
    loop {
        let table = described(client, name).await?;
        let table = table.ok_or_else(|| OperatorError::NoTable(name.to_owned()))?;
        if matches!(table.table_status, None | Some(TableStatus::Active)) {
            return Ok(table);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn is_streamed(table: &TableDescription) -> bool {
    table.stream_specification.as_ref().is_some_and(|stream| stream.stream_enabled)
}

/// Turns the stream of a table on or off. A stream that is turned on has no records of the past.
pub(crate) async fn set_stream(
    client: &Client,
    name: &str,
    streaming: Streaming,
) -> Result<(), OperatorError> {
    let table = active(client, name).await?;
    let is_on = streaming == Streaming::On;
    if is_streamed(&table) == is_on {
        return Ok(());
    }
    let view = is_on.then_some(StreamViewType::NewAndOldImages);
    let stream = StreamSpecification::builder().stream_enabled(is_on).set_stream_view_type(view);
    let stream = stream.build().expect("enabled is set");
    let update = client.update_table().table_name(name).stream_specification(stream);
    update.send().await.map_err(|error| failed("UpdateTable", name, &error))?;
    active(client, name).await.map(drop)
}

/// Gives a table of a deployed stack its expiry, its recovery and its protection. What it has already
/// is left as it is.
pub(crate) async fn complete(
    client: &Client,
    table: Table,
    name: &str,
) -> Result<(), OperatorError> {
    active(client, name).await?;
    if !matches!(table, Table::ContactOwners | Table::Subscriptions) {
        expire(client, name).await?;
    }
    recover(client, name).await?;
    let seen = active(client, name).await?;
    if seen.deletion_protection_enabled != Some(true) {
        let update = client.update_table().table_name(name).deletion_protection_enabled(true);
        update.send().await.map_err(|error| failed("UpdateTable", name, &error))?;
        active(client, name).await?;
    }
    Ok(())
}

async fn expire(client: &Client, name: &str) -> Result<(), OperatorError> {
    let seen = client.describe_time_to_live().table_name(name).send().await;
    let seen = seen.map_err(|error| failed("DescribeTimeToLive", name, &error))?;
    let seen = seen.time_to_live_description.and_then(|ttl| ttl.attribute_name);
    if seen.as_deref() == Some(EXPIRY) {
        return Ok(());
    }
    let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name(EXPIRY);
    let update = client
        .update_time_to_live()
        .table_name(name)
        .time_to_live_specification(ttl.build().expect("both are set"));
    update.send().await.map_err(|error| failed("UpdateTimeToLive", name, &error)).map(drop)
}

async fn recover(client: &Client, name: &str) -> Result<(), OperatorError> {
    let on = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true);
    let on = on.build().expect("it is set");
    loop {
        let update = client
            .update_continuous_backups()
            .table_name(name)
            .point_in_time_recovery_specification(on.clone());
        match update.send().await {
            Ok(_) => return Ok(()),
            // A new table's backups take a moment to begin.
            Err(error) if code(&error) == "ContinuousBackupsUnavailableException" => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(failed("UpdateContinuousBackups", name, &error)),
        }
    }
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> &str {
    error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default()
}

pub(crate) fn failed<E: ProvideErrorMetadata, R>(
    operation: &'static str,
    of: &str,
    error: &SdkError<E, R>,
) -> OperatorError {
    let service = error.as_service_error();
    let reason = match service.and_then(|error| error.message().or(error.code())) {
        Some(reason) => reason.to_owned(),
        None => "no answer, or none that can be read".to_owned(),
    };
    OperatorError::Call { operation, of: of.to_owned(), reason }
}
