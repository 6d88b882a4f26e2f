//! `import`: moves people in.

use std::fmt;
use std::fs::File;
use std::io::{self, LineWriter, Write};
use std::path::{Path, PathBuf};

use ::people::{Counts, Failure, Import, Imported, Step, Watch};
use indicatif::ProgressBar;
use model::SystemClock;
use numbering::Region;
use serde::Serialize;

use crate::meter::Meter;
use crate::outcome::{Exit, Outcome};
use crate::progress::{counter, measured};
use crate::stack::{OperatorError, Stack, StackArgs};

/// Move people in, with their accounts and books. Nobody is told of anybody, and nothing is charged.
/// Those who are there already stay as they are, so an import that was stopped is just started again
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct ImportArgs {
    #[command(flatten)]
    pub stack: StackArgs,
    /// JSON lines, a person each: see docs/PEOPLE.md
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Read and check everything, and say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Let accounts and books that are there become as FILE says
    #[arg(long)]
    pub overwrite: bool,
    /// Write what failed to this file (otherwise to the standard error), as JSON lines that quote
    /// nothing of FILE
    #[arg(long, value_name = "FILE")]
    pub failures: Option<PathBuf>,
    /// The region of books that say none, and whose owners have no number (otherwise that of the
    /// stack)
    #[arg(long, value_name = "REGION")]
    pub home_region: Option<Region>,
    /// How many people are worked on at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub at_once: u16,
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ImportOutcome(pub Imported);

pub(crate) async fn run(args: &ImportArgs, meter: &Meter) -> Result<ImportOutcome, OperatorError> {
    let stack = Stack::open(&args.stack, meter).await?;
    let import = Import {
        store: &stack.store,
        clock: &SystemClock,
        region: args.home_region.unwrap_or_else(|| stack.home_region()),
        at_once: usize::from(args.at_once),
        overwrites: args.overwrite,
        is_dry_run: args.dry_run,
    };
    let mut watch = Terminal::new(args.failures.as_deref())?;
    let imported = import.run(&args.file, &mut watch).await?;
    watch.end()?;
    Ok(ImportOutcome(imported))
}

/// Shows how far an import is, and writes what failed.
struct Terminal {
    bar: ProgressBar,
    failures: Option<(PathBuf, LineWriter<File>)>,
    /// The first failure of writing. The import goes on.
    broken: Option<io::Error>,
}

impl Terminal {
    fn new(failures: Option<&Path>) -> Result<Self, OperatorError> {
        let create = |path: &Path| {
            let file = File::create(path);
            let file = file.map_err(|source| OperatorError::file(path, source))?;
            Ok::<_, OperatorError>((path.to_owned(), LineWriter::new(file)))
        };
        let failures = failures.map(create).transpose()?;
        Ok(Self { bar: ProgressBar::hidden(), failures, broken: None })
    }

    fn end(mut self) -> Result<(), OperatorError> {
        self.bar.finish_and_clear();
        let Some((path, mut file)) = self.failures.take() else { return Ok(()) };
        let written = self.broken.map_or_else(|| file.flush(), Err);
        written.map_err(|source| OperatorError::file(&path, source))
    }
}

impl Watch for Terminal {
    fn begin(&mut self, step: Step, people: Option<u64>) {
        self.bar.finish_and_clear();
        let what = match step {
            Step::Read => "lines read",
            Step::Accounts => "accounts",
            Step::Books => "books of people",
        };
        self.bar = people.map_or_else(|| counter(what), |people| measured(what, people));
    }

    fn done_one(&mut self) {
        self.bar.inc(1);
    }

    fn failed(&mut self, failure: &Failure) {
        let line = serde_json::to_string(failure).expect("numbers and texts are JSON");
        let written = match &mut self.failures {
            Some((_, file)) => writeln!(file, "{line}"),
            // If it can't be printed, there is nowhere to say so.
            None => {
                self.bar.suspend(|| {
                    let _ = writeln!(io::stderr(), "{line}");
                });
                Ok(())
            }
        };
        self.broken = self.broken.take().or(written.err());
    }
}

impl Outcome for ImportOutcome {
    fn exit(&self) -> Exit {
        match self.0 {
            Imported { failed_lines: 0, contacts_left_out: 0, .. } => Exit::Done,
            _ => Exit::Found,
        }
    }
}

impl fmt::Display for ImportOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Imported { is_dry_run, lines, failed_lines, contacts_left_out, accounts, books } =
            self.0;
        if is_dry_run {
            writeln!(f, "Nothing was written. This would be done:")?;
        }
        writeln!(f, "{lines} people read, {failed_lines} of them not or not wholly imported")?;
        for (what, counts) in [("accounts", accounts), ("books", books)] {
            let Counts { created, changed, unchanged, kept } = counts;
            writeln!(
                f,
                "{what}: {created} created, {changed} changed, {unchanged} already there, \
                 {kept} there otherwise and let be"
            )?;
        }
        write!(f, "contacts left out: {contacts_left_out}")
    }
}
