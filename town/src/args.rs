//! The command line of `load`.

use std::path::PathBuf;

/// What the command line asks of a load.
#[derive(Clone, Debug, PartialEq, clap::Args)]
pub struct Args {
    /// Address of the server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// Fill a server that isn't on this machine
    #[arg(long)]
    pub anywhere: bool,
    /// How many people live in the town
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(2..=50_000))]
    pub people: u32,
    /// How many contacts they have, in the mean
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub contacts: u32,
    /// How many of 100 contacts live elsewhere, and never join
    #[arg(long, value_name = "PERCENT", default_value_t = 90, value_parser = clap::value_parser!(u32).range(0..=95))]
    pub outside: u32,
    /// How many days the town's people take to sign up
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub days: u32,
    /// How many of 100 people who have the app start it on a day
    #[arg(long, value_name = "PERCENT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub starts: u32,
    /// Make the same town and the same days again (otherwise by chance; the report says which)
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How many people use their apps at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub at_once: u32,
    /// Begin nothing new after this time; what was done is still checked
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_440))]
    pub minutes: u32,
    /// How long to wait at the end for matches and pushes while none come
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub settle: u32,
    /// Sign people in by the lines of FILE, each {"phone":"+1…","session":{…}} with the body of
    /// POST /session (otherwise by logins that only a local server takes)
    #[arg(long, value_name = "FILE")]
    pub sign_in: Option<PathBuf>,
    /// Delete all accounts at the end, after the check
    #[arg(long)]
    pub leave: bool,
    /// Write report.html and report.json into FOLDER
    #[arg(long, value_name = "FOLDER", default_value = "town-report")]
    pub report: PathBuf,
    /// Print the report as JSON, and not the summary
    #[arg(long)]
    pub json: bool,
}

impl Default for Args {
    fn default() -> Self {
        use clap::{Args as _, FromArgMatches as _};

        let command = Self::augment_args(clap::Command::new("load"));
        let matches = command.get_matches_from(["load"]);
        Self::from_arg_matches(&matches).expect("every argument has a default")
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Args, clap::error::ErrorKind> {
        let command = Args::augment_args(clap::Command::new("load"));
        let matches = command.try_get_matches_from([&["load"], arguments].concat());
        matches
            .map(|matches| Args::from_arg_matches(&matches).expect("they match"))
            .map_err(|e| e.kind())
    }

    #[test]
    fn arguments_are_read() {
        assert_eq!(parse(&[]), Ok(Args::default()));
        let args = Args { people: 40, contacts: 12, seed: Some(7), json: true, ..Args::default() };
        assert_eq!(parse(&["--people", "40", "--contacts=12", "--seed", "7", "--json"]), Ok(args));
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for arguments in [
            ["--people", "1"],
            ["--people", "50001"],
            ["--contacts", "0"],
            ["--outside", "96"],
            ["--starts", "101"],
            ["--at-once", "0"],
            ["--minutes", "0"],
            ["--days", "x"],
        ] {
            let error = parse(&arguments).expect_err(arguments[0]);
            assert_eq!(error, clap::error::ErrorKind::ValueValidation, "{arguments:?}");
        }
    }
}
