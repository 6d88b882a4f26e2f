//! The command line.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::PathBuf;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Args {
    /// The port of the API; 0 takes any free one.
    pub port: u16,
    /// The address of the embedded DynamoDB. For containers, it is that of this machine's own
    /// bridge.
    pub dynamodb_host: Ipv4Addr,
    /// The port of the embedded DynamoDB; 0 takes any free one.
    pub dynamodb_port: u16,
    /// The file that keeps the data. Without one, the data is in memory.
    pub data: Option<PathBuf>,
    /// Whether names and numbers are stored unsealed.
    pub unsealed: bool,
}

impl Default for Args {
    fn default() -> Self {
        let dynamodb_host = Ipv4Addr::LOCALHOST;
        Self { port: 8080, dynamodb_host, dynamodb_port: 0, data: None, unsealed: false }
    }
}

/// Why the command line doesn't start a server.
#[derive(Debug, thiserror::Error)]
pub enum ArgsError {
    #[error("{}", USAGE)]
    Help,
    #[error("address-book {}", env!("CARGO_PKG_VERSION"))]
    Version,
    #[error("{0}\n\n{USAGE}")]
    Invalid(#[from] lexopt::Error),
}

const USAGE: &str = "\
The address book on one machine: the API, an embedded DynamoDB and a push inbox.

Usage: cargo run -- [--port N] [--data FILE] [--unsealed] [--dynamodb-port N] [--dynamodb-host IP]

  --port N            port of the API on 127.0.0.1 (8080; 0 takes any free one)
  --data FILE         keep the data in FILE (otherwise it is in memory, and lost at the end)
  --unsealed          keep names and numbers readable in the tables (otherwise they are sealed: with
                      --data by the keys in FILE.keys, which is created if there is no FILE yet)
  --dynamodb-port N   port of the embedded DynamoDB (any free one)
  --dynamodb-host IP  address of the embedded DynamoDB (127.0.0.1). Anybody who reaches it can use it, so
                      choose one that only this machine and its containers reach
  --version           print the version and stop";

impl Args {
    /// Reads the arguments after the program's name.
    ///
    /// # Errors
    /// [`ArgsError`], whose text is what to print.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, ArgsError> {
        use lexopt::prelude::*;

        let mut args = Self::default();
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("port") => args.port = parser.value()?.parse()?,
                Long("dynamodb-port") => args.dynamodb_port = parser.value()?.parse()?,
                Long("dynamodb-host") => args.dynamodb_host = parser.value()?.parse()?,
                Long("data") => args.data = Some(parser.value()?.into()),
                Long("unsealed") => args.unsealed = true,
                Short('h') | Long("help") => return Err(ArgsError::Help),
                Short('V') | Long("version") => return Err(ArgsError::Version),
                _ => return Err(argument.unexpected().into()),
            }
        }
        Ok(args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Args, String> {
        Args::parse(arguments.iter().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn arguments_are_read() {
        assert_eq!(parse(&[]), Ok(Args::default()));
        let dynamodb_host = Ipv4Addr::new(172, 17, 0, 1);
        let data = Some("book.db".into());
        let args = Args { port: 9000, dynamodb_host, dynamodb_port: 8000, data, unsealed: true };
        let database = ["--dynamodb-port", "8000", "--dynamodb-host", "172.17.0.1", "--unsealed"];
        assert_eq!(
            parse(&[&["--port", "9000", "--data=book.db"], &database[..]].concat()),
            Ok(args)
        );
    }

    #[test]
    fn a_mistake_is_answered_with_the_usage() {
        for arguments in [
            &["--port", "x"][..],
            &["--port"],
            &["--prot", "1"],
            &["x"],
            &["--port", "65536"],
            &["--dynamodb-host", "x"],
        ] {
            let error = parse(arguments).expect_err("a mistake");
            assert!(error.ends_with(USAGE) && error.len() > USAGE.len(), "{arguments:?}");
        }
        assert_eq!(parse(&["--help"]), Err(USAGE.to_owned()));
        let version = concat!("address-book ", env!("CARGO_PKG_VERSION"));
        assert_eq!(parse(&["--version"]), Err(version.to_owned()));
    }
}
