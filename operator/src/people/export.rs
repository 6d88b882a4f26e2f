//! `export`: writes people out.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;

use ::people::{Named, Roll, find, roll};
use futures::StreamExt;
use serde::Serialize;
use store::{Store, StoreError};

use super::private_file::PrivateFile;
use crate::meter::Meter;
use crate::outcome::{self, Exit, Outcome};
use crate::progress::{counter, measured};
use crate::stack::{OperatorError, Stack, StackArgs};
use crate::who::Who;

/// Write people out as JSON lines, which `import` reads: all of them, or some
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct ExportArgs {
    #[command(flatten)]
    pub stack: StackArgs,
    /// Only this person: +16505550123, id:212 or subject:SUBJECT; may be repeated
    #[arg(long, value_name = "PERSON")]
    pub only: Vec<Who>,
    /// Write to this file, which only its owner can read (otherwise to the standard output)
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Replace the file if there is one
    #[arg(long, requires = "to")]
    pub overwrite: bool,
    /// How many people are read at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub at_once: u16,
    /// In how many parts each table is scanned at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub segments: u16,
}

/// What an export wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    pub people: u64,
    /// Items and people that can't be read, and are left out.
    pub unreadable: u64,
    /// Which of the people who were asked for aren't there. The first one is 1.
    pub missing: Vec<usize>,
}

pub(crate) async fn run(args: &ExportArgs, meter: &Meter) -> Result<Exported, OperatorError> {
    let stack = Stack::open(&args.stack, meter).await?;
    let Some(path) = &args.to else {
        let mut out = BufWriter::new(io::stdout().lock());
        return write(&stack, args, &mut out).await;
    };
    let failed = |source| OperatorError::file(path, source);
    let mut file = PrivateFile::begin(path, args.overwrite).map_err(failed)?;
    let mut out = BufWriter::new(&mut file.file);
    let exported = write(&stack, args, &mut out).await?;
    drop(out);
    file.finish().map_err(failed)?;
    Ok(exported)
}

async fn write(
    stack: &Stack,
    args: &ExportArgs,
    out: &mut impl Write,
) -> Result<Exported, OperatorError> {
    let store = &stack.store;
    let (roll, missing) = if args.only.is_empty() {
        let bar = counter("items looked at");
        let roll = roll(store, args.segments, || bar.inc(1)).await?;
        bar.finish_and_clear();
        (roll, vec![])
    } else {
        let named = args.only.iter().map(|who| named(stack, who));
        find(store, &named.collect::<Result<Vec<_>, _>>()?).await?
    };
    let missing = missing.into_iter().map(|place| place + 1).collect();
    let mut exported = Exported { unreadable: roll.unreadable, missing, ..Exported::default() };
    write_lines(store, &roll, usize::from(args.at_once), out, &mut exported).await?;
    Ok(exported)
}

fn named(stack: &Stack, who: &Who) -> Result<Named, OperatorError> {
    Ok(match who {
        Who::Phone(spelling) => Named::Phone(stack.phone(spelling)?),
        Who::Id(id) => Named::Id(*id),
        Who::Subject(user) => Named::User(user.clone()),
    })
}

async fn write_lines(
    store: &Store,
    roll: &Roll,
    at_once: usize,
    out: &mut impl Write,
    exported: &mut Exported,
) -> Result<(), OperatorError> {
    let bar = measured("people", roll.len() as u64);
    let mut lines = pin!(::people::export(store, roll, at_once));
    while let Some(line) = lines.next().await {
        bar.inc(1);
        match line {
            Ok(Some(line)) => {
                writeln!(out, "{line}").map_err(OperatorError::Output)?;
                exported.people += 1;
            }
            Ok(None) => {}
            Err(StoreError::Corrupt { .. }) => exported.unreadable += 1,
            Err(error) => return Err(error.into()),
        }
    }
    out.flush().map_err(OperatorError::Output)?;
    bar.finish_and_clear();
    Ok(())
}

/// Prints what an export wrote. If the lines are on the standard output, it goes to the other one.
pub(crate) fn tell(
    exported: &Result<Exported, OperatorError>,
    meter: &Meter,
    args: &ExportArgs,
) -> ExitCode {
    match args.to {
        Some(_) => outcome::tell(exported, meter, args.stack.json),
        None => outcome::tell_aside(exported, meter, args.stack.json),
    }
}

impl Outcome for Exported {
    fn exit(&self) -> Exit {
        match self {
            Self { unreadable: 0, missing, .. } if missing.is_empty() => Exit::Done,
            _ => Exit::Found,
        }
    }
}

impl fmt::Display for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { people, unreadable, missing } = self;
        write!(f, "{people} people written, {unreadable} items unreadable and left out")?;
        for place in missing {
            write!(f, "\n--only number {place} is nobody")?;
        }
        Ok(())
    }
}
