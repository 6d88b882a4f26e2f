//! `restore`: puts a deployed stack's books, hints and users back to a second of the last 35 days.
//!
//! Each step looks at what is there, and does what is missing. So a restore that was cut off anywhere
//! is started again with the same `--at`, and goes on.

mod plan;
mod report;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use store::{Store, Table, Tables};

use self::plan::Plan;
pub use self::report::Restored;
use crate::ask::is_confirmed;
use crate::check::check;
use crate::stack::{Deployed, OperatorError, Stack, StackArgs};
use crate::standstill::Held;
use crate::tables::{self, Streaming};
use crate::{standstill, update};

/// The tables that are restored to the same second. One of them alone would break the invariants.
pub(crate) const TOGETHER: [Table; 3] = [Table::AddressBooks, Table::ContactOwners, Table::Users];
/// How long what looks wrong after the start may take to come right by itself.
const SETTLE: Duration = Duration::from_secs(5);

/// Put the books, the hints and the users of a deployed stack back to a second of the last 35 days.
/// It shows what it will do and asks first. Started again with the same --at, it goes on where it
/// was cut off
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    pub stack: StackArgs,
    /// The second, such as 2026-11-24T08:00:00Z
    #[arg(long, value_name = "TIME")]
    pub at: String,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Restores as the arguments say.
///
/// # Errors
/// [`OperatorError`].
pub async fn restore(args: &RestoreArgs) -> Result<Restored, OperatorError> {
    let stack = Stack::open_at_rest(&args.stack).await?;
    let Some(deployed) = &stack.deployed else { return Err(OperatorError::NoRecovery) };
    let at = DateTime::from_str(&args.at, DateTimeFormat::DateTime)
        .map_err(|_| OperatorError::BadTime(args.at.clone()))?;
    let next = tables::named(&deployed.name, &suffix(&args.at));
    let plan = Plan::of(&stack, deployed, &next, &at).await?;
    if args.dry_run {
        return Ok(Restored { plan, is_dry: true, parameters: BTreeMap::new(), checked: None });
    }
    if !args.yes && !is_confirmed(&format!("{plan}\nGo on?")) {
        return Err(OperatorError::Declined);
    }
    let parameters = carry_out(&stack, deployed, &next, &plan, &at).await?;
    // What was on its way at that second.
    let store = Store::new(
        stack.dynamodb.clone(),
        Tables {
            address_books: next.address_books,
            contact_owners: next.contact_owners,
            users: next.users,
            ..stack.tables.clone()
        },
        stack.keyring.clone(),
        model::SystemClock,
    );
    let checked = check(&store, 4, SETTLE, true).await?;
    Ok(Restored { plan, is_dry: false, parameters, checked: Some(checked) })
}

/// Does all steps but the last. Returns the parameters that the stack has got.
async fn carry_out(
    stack: &Stack,
    deployed: &Deployed,
    next: &Tables,
    plan: &Plan,
    at: &DateTime,
) -> Result<BTreeMap<String, String>, OperatorError> {
    let client = &stack.dynamodb;
    if !plan.is_in_use {
        standstill::begin(deployed, Held::Writers).await?;
        for table in TOGETHER {
            begin_restore(client, stack.tables.name(table), next.name(table), at).await?;
        }
        for table in TOGETHER {
            tables::active(client, next.name(table)).await?;
            if table == Table::Users {
                tables::set_stream(client, next.name(table), Streaming::On).await?;
            }
            tables::complete(client, table, next.name(table)).await?;
        }
        // Ids that were drawn after that second would be given again, and apps remember them.
        let restored = Store::new(
            client.clone(),
            Tables { users: next.users.clone(), ..stack.tables.clone() },
            stack.keyring.clone(),
            model::SystemClock,
        );
        restored.raise_drawn_ids_to(stack.store.drawn_ids().await?).await?;
    }
    let stream = tables::stream_of(client, &next.users).await?;
    let parameters: BTreeMap<String, String> = tables::restored_parameters(next, stream.as_deref())
        .into_iter()
        .filter(|(name, _)| {
            name == "RestoredUsersStreamArn"
                || TOGETHER.iter().any(|table| *name == format!("Restored{table}"))
        })
        .collect();
    if !plan.is_in_use {
        update::update(deployed, &parameters).await?;
    }
    // The event source of the stream is another one now.
    standstill::end(&deployed.again().await?, Held::Writers).await?;
    Ok(parameters)
}

/// Begins to restore a table, unless that was done before.
async fn begin_restore(
    client: &aws_sdk_dynamodb::Client,
    from: &str,
    to: &str,
    at: &DateTime,
) -> Result<(), OperatorError> {
    if tables::described(client, to).await?.is_some() {
        return Ok(());
    }
    let begun = client
        .restore_table_to_point_in_time()
        .source_table_name(from)
        .target_table_name(to)
        .restore_date_time(*at)
        .send()
        .await;
    begun.map_err(|error| tables::failed("RestoreTableToPointInTime", from, &error)).map(drop)
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
