//! `cargo run`: the whole address book on this machine. See the crate `local`. `cargo run -- load`
//! fills it with a town. See the crate `town`.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;

/// A fifth of the local server's time was the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The address book of a messenger. Without a command: the whole address book on this machine, with
/// its API, an embedded DynamoDB, a push inbox and a page to look at
#[derive(Parser)]
#[command(name = "address-book", version, args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(flatten)]
    server: local::Args,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Operator(operator::Command),
    /// Fill a running server with a town of people, and check that nothing was lost
    Load(town::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let CommandLine { server, command } = CommandLine::parse();
    if std::env::var_os("RUST_LOG").is_some() {
        lambda::telemetry::init();
    }
    match command {
        None => match local::run(&server).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(&error, ExitCode::FAILURE),
        },
        Some(Command::Operator(command)) => operator::run(&command).await,
        Some(Command::Load(load)) => match town::run(&load, &mut std::io::stdout()).await {
            Ok(outcome) => outcome.into(),
            Err(error) => complain(&error, error.code()),
        },
    }
}

/// Prints an error and returns `code`. If the line can't be printed, there is nowhere to say so.
fn complain(error: &impl std::fmt::Display, code: ExitCode) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{error}");
    code
}
