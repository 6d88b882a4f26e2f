//! The commands of the people who run an address book: they look things up, check, repair and move.
//!
//! They work on the tables, by the caller's own rights, and go through the protocols: what they
//! change, they change by the same conditional writes as the functions do. So they may run while the
//! service does, unless a command says otherwise.

mod ask;
pub mod check;
pub mod explain;
pub mod find;
pub mod forget;
mod local_server;
mod meter;
mod outcome;
pub mod people;
mod place;
mod progress;
pub mod rekey;
pub mod restore;
mod secret;
mod settings;
mod span;
mod stack;
mod standstill;
mod tables;
mod update;
mod who;

use std::process::ExitCode;

use self::outcome::tell;
use self::people::tell_export;
use self::rekey::rekey;
use self::restore::restore;
pub use local_server::Trusted;
pub use meter::{Meter, Units};
pub use outcome::{Exit, Outcome};
pub use secret::Secret;
pub use stack::{OperatorError, Stack, StackArgs};
pub use who::{Person, Who, WhoError};

/// A command.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    Check(check::CheckArgs),
    Explain(explain::ExplainArgs),
    Find(find::FindArgs),
    Export(people::ExportArgs),
    Import(people::ImportArgs),
    Forget(forget::ForgetArgs),
    Rekey(rekey::RekeyArgs),
    Restore(restore::RestoreArgs),
}

/// Runs a command, and prints what came of it.
pub async fn run(command: &Command) -> ExitCode {
    let meter = &Meter::default();
    match command {
        Command::Check(args) => tell(&check::run(args, meter).await, meter, args.stack.json),
        Command::Explain(args) => tell(&explain::run(args, meter).await, meter, args.stack.json),
        Command::Find(args) => tell(&find::run(args, meter).await, meter, args.stack.json),
        Command::Export(args) => tell_export(&people::export(args, meter).await, meter, args),
        Command::Import(args) => tell(&people::import(args, meter).await, meter, args.stack.json),
        Command::Forget(args) => tell(&forget::run(args, meter).await, meter, args.stack.json),
        Command::Restore(args) => tell(&restore(args, meter).await, meter, args.stack.json),
        Command::Rekey(args) => tell(&rekey(args, meter).await, meter, args.stack.json),
    }
}
