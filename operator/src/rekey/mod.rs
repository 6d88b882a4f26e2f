//! `rekey`: copies the tables under other keys, or from sealed to unsealed and back.
//!
//! A first run copies the books and their hints while the service runs. The last one, with `--finish`,
//! copies what has changed since and all else, while nobody writes. Every run may be cut off and
//! started again.

mod keys;
mod report;
mod switch;
mod target;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use store::{Rekey, RekeyReport, Table};

use self::keys::NewKeys;
pub use self::report::Rekeyed;
use self::target::{Source, Target};
use crate::ask::is_confirmed;
use crate::check::check;
use crate::meter::Meter;
use crate::progress::counter;
use crate::stack::{OperatorError, StackArgs};

/// Copy the tables under other keys, or from sealed to unsealed and back. Without --finish it copies
/// the books and their hints, and the service may run
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct RekeyArgs {
    #[command(flatten)]
    pub stack: StackArgs,
    /// The file of a local server that is stopped, with its keys in FILE.keys unless it is unsealed
    #[arg(long, value_name = "FILE", conflicts_with = "stack")]
    pub data: Option<PathBuf>,
    /// The file with the new keys, or `none` for tables that aren't sealed. If there is no such file,
    /// it is made, with a new key beside the old ones. By default, a local file's new keys are beside it
    #[arg(long, value_name = "FILE|none", required_unless_present = "to")]
    pub to_keys: Option<String>,
    /// Copy a deployed stack's tables into tables named STACK-TABLE-SUFFIX, which are made if they
    /// aren't there
    #[arg(long, value_name = "SUFFIX", requires = "stack", required_unless_present = "to")]
    pub to_tables: Option<String>,
    /// Copy a local server's tables into this file, for its --data
    #[arg(long, value_name = "FILE", conflicts_with_all = ["stack", "to_tables"])]
    pub to: Option<PathBuf>,
    /// Copy everything that differs, and make the copy ready to be used. Nobody may write meanwhile: a
    /// deployed stack is stopped, gets the new tables and keys, and is started again; stop a local
    /// server first
    #[arg(long)]
    pub finish: bool,
    /// Don't ask before a deployed stack is stopped
    #[arg(long)]
    pub yes: bool,
    /// Write nothing, and count what would be written
    #[arg(long)]
    pub dry_run: bool,
    /// Check the copy afterwards, as the command `check` does
    #[arg(long, requires = "finish", conflicts_with = "dry_run")]
    pub verify: bool,
    /// In how many parts each table is scanned at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub segments: u16,
}

/// Copies the tables as the arguments say. What they take is counted by `meter`.
///
/// # Errors
/// [`OperatorError`].
pub async fn rekey(args: &RekeyArgs, meter: &Meter) -> Result<Rekeyed, OperatorError> {
    let source = Source::open(args, meter).await?;
    let deployed = source.deployed.as_ref().filter(|_| args.finish && !args.dry_run);
    if let Some(deployed) = deployed
        && source.is_switched(args)
    {
        // A run before this one was cut off after the stack had got the tables.
        switch::start(deployed, &NewKeys::of(args, None, true)?).await?;
        return Ok(Rekeyed::of_former_run());
    }
    let keys = NewKeys::of(args, source.secret.as_ref(), false)?;
    if let Some(deployed) = deployed {
        if !args.yes && !is_confirmed(&format!("{}\nGo on?", switch::QUESTION)) {
            return Err(OperatorError::Declined);
        }
        switch::stop(deployed).await?;
    }
    let target = Target::open(args, &source, &keys, meter).await?;
    let report = copied(args, &source, &target).await?;
    let checked = if args.verify {
        Some(check(&target.store, args.segments, Duration::ZERO, false).await?)
    } else {
        None
    };
    let parameters = match deployed {
        Some(deployed) => switch::switch(deployed, &target.client, &target.tables, &keys).await?,
        None => BTreeMap::new(),
    };
    let next = target.next_step(args, &keys, &parameters);
    target.close().await;
    source.close().await;
    Ok(Rekeyed { report, is_dry: args.dry_run, is_finished: args.finish, next, checked })
}

async fn copied(
    args: &RekeyArgs,
    source: &Source,
    target: &Target,
) -> Result<RekeyReport, OperatorError> {
    let bar = counter("items looked at");
    let progress = |_: Table, items: u64| bar.inc(items);
    let copy = Rekey::new(&source.store, &target.store, &progress).in_segments(args.segments);
    let copy = if args.dry_run { copy.dry() } else { copy };
    if !args.finish {
        return Ok(copy.books().await?);
    }
    if args.dry_run {
        return Ok(copy.finish().await?);
    }
    target.stop_stream().await?;
    let report = copy.finish().await?;
    target.complete().await?;
    bar.finish_and_clear();
    Ok(report)
}
