//! The commands of whoever runs an address book: they look things up, check, repair and move.
//!
//! They work on the tables, by the caller's own rights, and go through the protocols: what they
//! change, they change by the same conditional writes as the functions do. So they may run while the
//! service does, unless a command says otherwise.

pub mod check;
mod outcome;
mod progress;
mod stack;

use std::process::ExitCode;

pub use outcome::{Exit, Outcome};
pub use stack::{OperatorError, Stack, StackArgs};

/// A command.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    Check(check::CheckArgs),
}

/// Runs a command, and prints what came of it.
pub async fn run(command: &Command) -> ExitCode {
    match command {
        Command::Check(args) => outcome::tell(&check::run(args).await, args.stack.json),
    }
}
