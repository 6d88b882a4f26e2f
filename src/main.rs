//! `cargo run`: the whole address book on this machine. See the crate `local`.

use std::io::Write;
use std::process::ExitCode;

use local::{Args, ArgsError};

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::parse(std::env::args_os().skip(1)) {
        Ok(args) => args,
        Err(asked @ (ArgsError::Help | ArgsError::Version)) => {
            return tell(&mut std::io::stdout(), &asked, ExitCode::SUCCESS);
        }
        Err(error) => return tell(&mut std::io::stderr(), &error, ExitCode::from(2)),
    };
    if std::env::var_os("RUST_LOG").is_some() {
        lambda::telemetry::init();
    }
    match local::run(&args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => tell(&mut std::io::stderr(), &error, ExitCode::FAILURE),
    }
}

/// Prints a line and returns `code`. If the line can't be printed, there is nowhere to say so.
fn tell(to: &mut impl Write, what: &impl std::fmt::Display, code: ExitCode) -> ExitCode {
    let _ = writeln!(to, "{what}");
    code
}
