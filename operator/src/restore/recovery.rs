//! Point-in-time recovery: which seconds of a table can be restored.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::DateTime;

use super::job::text;
use crate::stack::OperatorError;
use crate::tables::failed;

/// How long to wait before it is asked again what can be restored. It is about five minutes behind.
const PAUSE: Duration = Duration::from_secs(5);

/// The seconds that can be restored.
struct Reach {
    earliest: Option<DateTime>,
    latest: Option<DateTime>,
}

/// Returns what can be restored of a table.
async fn reach(client: &Client, name: &str) -> Result<Reach, OperatorError> {
    let asked = client.describe_continuous_backups().table_name(name).send().await;
    let backups = asked.map_err(|error| failed("DescribeContinuousBackups", name, &error))?;
    let recovery = backups
        .continuous_backups_description
        .and_then(|backups| backups.point_in_time_recovery_description);
    Ok(Reach {
        earliest: recovery.as_ref().and_then(|recovery| recovery.earliest_restorable_date_time),
        latest: recovery.as_ref().and_then(|recovery| recovery.latest_restorable_date_time),
    })
}

/// Fails if a table has no recovery.
pub(super) async fn ensure_on(client: &Client, name: &str) -> Result<(), OperatorError> {
    let Reach { latest, .. } = reach(client, name).await?;
    latest.map(drop).ok_or_else(|| OperatorError::RecoveryOff(name.to_owned()))
}

/// Fails if a table can't be restored to this second.
pub(super) async fn ensure_reaches(
    client: &Client,
    name: &str,
    at: &DateTime,
) -> Result<(), OperatorError> {
    let Reach { earliest, latest } = reach(client, name).await?;
    if earliest.is_some_and(|earliest| *at < earliest) || latest.is_some_and(|latest| *at > latest)
    {
        return Err(OperatorError::OutOfReach {
            table: name.to_owned(),
            at: text(at),
            earliest: earliest.as_ref().map(text).unwrap_or_default(),
            latest: latest.as_ref().map(text).unwrap_or_default(),
        });
    }
    Ok(())
}

/// Waits until a table can be restored to this second.
pub(super) async fn reached(
    client: &Client,
    name: &str,
    at: &DateTime,
) -> Result<(), OperatorError> {
    while reach(client, name).await?.latest.is_some_and(|latest| latest < *at) {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
