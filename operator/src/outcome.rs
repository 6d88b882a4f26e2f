//! What comes of a command, for people and for scripts.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;
use serde_json::json;

use crate::meter::{Meter, Units};
use crate::stack::OperatorError;

/// How a command ends, as its exit code. Wrong arguments are 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: it did what it was asked, and found nothing wrong.
    Done,
    /// 1: it did what it was asked, and something is wrong or was left undone.
    Found,
    /// 3: it couldn't be done.
    Failed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Found => 1,
            Exit::Failed => 3,
        })
    }
}

/// What a command tells at its end: its text for people, its fields for `--json`.
pub trait Outcome: Serialize + Display {
    /// Returns how the command ends.
    fn exit(&self) -> Exit;
}

/// An outcome with the units that it took.
#[derive(Serialize)]
struct Metered<'a, O> {
    #[serde(flatten)]
    outcome: &'a O,
    units: Units,
}

/// Prints an outcome with what the tables took, on the standard output, and an error on the other one.
pub(crate) fn tell(
    outcome: &Result<impl Outcome, OperatorError>,
    meter: &Meter,
    as_json: bool,
) -> ExitCode {
    let is_aside = outcome.is_err() && !as_json;
    tell_on(outcome, meter.units(), as_json, is_aside)
}

/// Prints an outcome on the standard error, because the other output is for what was asked for.
pub(crate) fn tell_aside(
    outcome: &Result<impl Outcome, OperatorError>,
    meter: &Meter,
    as_json: bool,
) -> ExitCode {
    tell_on(outcome, meter.units(), as_json, true)
}

fn tell_on(
    outcome: &Result<impl Outcome, OperatorError>,
    units: Units,
    as_json: bool,
    is_aside: bool,
) -> ExitCode {
    let (text, exit) = match outcome {
        Ok(outcome) if as_json => (json_text(&Metered { outcome, units }), outcome.exit()),
        Ok(outcome) => (format!("{outcome}\n{units}."), outcome.exit()),
        Err(error) if as_json => {
            (json_text(&json!({ "error": error.to_string(), "units": units })), Exit::Failed)
        }
        Err(error) => (error.to_string(), Exit::Failed),
    };
    // If it can't be printed, there is nowhere to say so.
    let _ = if is_aside {
        writeln!(std::io::stderr(), "{text}")
    } else {
        writeln!(std::io::stdout(), "{text}")
    };
    exit.into()
}

fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("its keys are texts")
}
