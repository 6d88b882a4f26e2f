//! The command line.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use session::{Application, Issuer, KeysAt, Trust};

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
    /// The issuers whose tokens sign people in.
    pub issuers: Vec<Issuer>,
    /// The address of the app's own identity server. Without one, anybody signs in as anybody.
    pub identity_server: Option<String>,
    /// The claim of a token that gives a user their public id.
    pub public_id_claim: Option<String>,
    /// The origins of web pages that may call the API from elsewhere.
    pub cors: Vec<String>,
    /// What an app's SDK has to send, if it is compared.
    pub application: Application,
    /// How long a session lasts.
    pub session_seconds: u64,
}

impl Default for Args {
    fn default() -> Self {
        let dynamodb_host = Ipv4Addr::LOCALHOST;
        Self {
            port: 8080,
            dynamodb_host,
            dynamodb_port: 0,
            data: None,
            unsealed: false,
            issuers: vec![],
            identity_server: None,
            public_id_claim: None,
            cors: vec![],
            application: Application::default(),
            session_seconds: 24 * 60 * 60,
        }
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
                    [--issuer URL --audience A [--keys URL | --unsigned]]… [--identity-server URL]
                    [--public-id-claim NAME] [--session-seconds N] [--cors ORIGIN]…
                    [--auth-key KEY] [--auth-secret SECRET]

  --port N            port of the API on 127.0.0.1 (8080; 0 takes any free one)
  --data FILE         keep the data in FILE (otherwise it is in memory, and lost at the end)
  --unsealed          keep names and numbers readable in the tables (otherwise they are sealed: with
                      --data by the keys in FILE.keys, which is created if there is no FILE yet)
  --dynamodb-port N   port of the embedded DynamoDB (any free one)
  --dynamodb-host IP  address of the embedded DynamoDB (127.0.0.1). Anybody who reaches it can use it, so
                      choose one that only this machine and its containers reach
  --issuer URL        let tokens of this OpenID issuer sign people in, besides a login with any password;
                      may be repeated, and the next three belong to the issuer before them
  --audience A        the audience of its tokens, such as a Firebase project; may be repeated
  --keys URL          where its keys are, if its discovery document doesn't say or can't be reached
  --unsigned          take its tokens unsigned, as the Firebase emulator makes them
  --identity-server URL   ask this address about logins and passwords (otherwise every password is right,
                      and the login is a user id, with a verified phone after a colon where wanted)
  --public-id-claim NAME  the claim of a token that gives a user their id
  --session-seconds N     how long a session lasts (86400)
  --cors ORIGIN           let web pages of this origin call the API, or of any with *; may be repeated
  --auth-key KEY          compare the key that an app's SDK sends (otherwise any is right)
  --auth-secret SECRET    check that the app's SDK has signed with this secret
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
                Long("issuer") => args.issuers.push(Issuer {
                    name: parser.value()?.string()?,
                    audiences: vec![],
                    trust: Trust::Signature(KeysAt::Discovered),
                }),
                Long(of_issuer @ ("audience" | "keys" | "unsigned")) => {
                    let of_issuer = of_issuer.to_owned();
                    let issuer = args.issuers.last_mut();
                    let issuer = issuer.ok_or(lexopt::Error::MissingValue {
                        option: Some("--issuer".to_owned()),
                    })?;
                    match of_issuer.as_str() {
                        "audience" => issuer.audiences.push(parser.value()?.string()?),
                        "keys" => {
                            let url = parser.value()?.string()?;
                            issuer.trust = Trust::Signature(KeysAt::Url(url));
                        }
                        _ => issuer.trust = Trust::Unsigned,
                    }
                }
                Long("identity-server") => args.identity_server = Some(parser.value()?.string()?),
                Long("public-id-claim") => args.public_id_claim = Some(parser.value()?.string()?),
                Long("cors") => args.cors.push(parser.value()?.string()?),
                Long("auth-key") => args.application.auth_key = Some(parser.value()?.string()?),
                Long("auth-secret") => {
                    args.application.auth_secret = Some(parser.value()?.string()?);
                }
                Long("session-seconds") => args.session_seconds = parser.value()?.parse()?,
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
        let issuer = |name: &str, audience: &str, trust| Issuer {
            name: name.to_owned(),
            audiences: vec![audience.to_owned()],
            trust,
        };
        let args = Args {
            port: 9000,
            dynamodb_host,
            dynamodb_port: 8000,
            data,
            unsealed: true,
            issuers: vec![
                issuer("https://a", "x", Trust::Signature(KeysAt::Url("http://k".to_owned()))),
                issuer("https://b", "y", Trust::Unsigned),
            ],
            session_seconds: 5,
            cors: vec!["https://app.example".to_owned()],
            ..Args::default()
        };
        let database = ["--dynamodb-port", "8000", "--dynamodb-host", "172.17.0.1", "--unsealed"];
        let sessions = [
            "--issuer",
            "https://a",
            "--audience",
            "x",
            "--keys",
            "http://k",
            "--issuer",
            "https://b",
            "--unsigned",
            "--audience",
            "y",
            "--session-seconds",
            "5",
            "--cors",
            "https://app.example",
        ];
        assert_eq!(
            parse(&[&["--port", "9000", "--data=book.db"], &database[..], &sessions].concat()),
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
            &["--audience", "x"],
        ] {
            let error = parse(arguments).expect_err("a mistake");
            assert!(error.ends_with(USAGE) && error.len() > USAGE.len(), "{arguments:?}");
        }
        assert_eq!(parse(&["--help"]), Err(USAGE.to_owned()));
        let version = concat!("address-book ", env!("CARGO_PKG_VERSION"));
        assert_eq!(parse(&["--version"]), Err(version.to_owned()));
    }
}
