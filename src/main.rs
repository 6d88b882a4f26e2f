//! `cargo run`: the whole address book on this machine. See the crate `local`.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
}

#[tokio::main]
async fn main() -> ExitCode {
    let CommandLine { server, command } = CommandLine::parse();
    if std::env::var_os("RUST_LOG").is_some() {
        lambda::telemetry::init();
    }
    if let Some(Command::Operator(command)) = &command {
        return operator::run(command).await;
    }
    match local::run(&server).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If the line can't be printed, there is nowhere to say so.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}
