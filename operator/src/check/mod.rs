//! `check`: looks at everything that is stored, and says what is not as it has to be.
//!
//! The tables are scanned in parallel. A scan shows different items at different moments, so what
//! looks wrong in it is read again, strongly consistent, after a pause in which messages that were on
//! their way arrive. What is still wrong then is reported.

mod census;
mod doubt;
mod report;

use std::collections::HashSet;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use store::StoreError;

use self::census::Census;
pub use self::doubt::Doubt;
pub use self::report::{CheckReport, Finding, Kind};
use crate::meter::Meter;
use crate::progress::counter;
use crate::stack::{OperatorError, Stack, StackArgs};

/// How many books are read at once.
const BOOKS_AT_ONCE: usize = 16;

/// Look at everything that is stored, and say what is not as it has to be. It may run while the
/// service does
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub stack: StackArgs,
    /// Put right what can be put right, by the protocols' own conditional writes. Nobody is told of
    /// anybody by it
    #[arg(long)]
    pub repair: bool,
    /// In how many parts each table is scanned at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub segments: u16,
    /// How many seconds what looks wrong may take to come right by itself
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub settle_seconds: u64,
}

pub(crate) async fn run(args: &CheckArgs, meter: &Meter) -> Result<CheckReport, OperatorError> {
    let stack = Stack::open(&args.stack, meter).await?;
    let settle = Duration::from_secs(args.settle_seconds);
    Ok(check(&stack.store, args.segments, settle, args.repair).await?)
}

/// Looks at everything that is stored, and repairs what it can if it is to.
///
/// # Errors
/// [`StoreError`] if a table can't be read. What can't be read of a single item is a finding.
pub async fn check(
    store: &store::Store,
    segments: u16,
    settle: Duration,
    repairs: bool,
) -> Result<CheckReport, StoreError> {
    let bar = counter("items looked at");
    let Census { mut report, doubts } = Census::take(store, segments, &bar).await?;
    bar.finish_and_clear();
    if doubts.is_empty() {
        return Ok(report);
    }
    tokio::time::sleep(settle).await;
    let confirmed = stream::iter(doubts.into_iter().collect::<HashSet<_>>())
        .map(|doubt| doubt.confirmed(store))
        .buffer_unordered(BOOKS_AT_ONCE)
        .try_collect::<Vec<_>>()
        .await?;
    let confirmed: Vec<_> = confirmed.into_iter().flatten().collect();
    if repairs {
        for wrong in &confirmed {
            wrong.repair(store).await?;
        }
    }
    for wrong in confirmed {
        let is_repaired = repairs && wrong.doubt.clone().confirmed(store).await?.is_none();
        report
            .findings
            .extend(wrong.findings.into_iter().map(|finding| Finding { is_repaired, ..finding }));
    }
    report.findings.sort();
    Ok(report)
}
