//! The command line of the server.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgAction, ArgMatches, Command, FromArgMatches};
use session::{Application, Issuer, KeysAt, Trust};

/// What the command line asks of the server.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// Port of the API; 0 takes any free one
    #[arg(long, value_name = "N", default_value_t = 8080)]
    pub port: u16,
    /// Keep the data in FILE (otherwise it is in memory, and lost at the end)
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Keep names and numbers readable in the tables (otherwise they are sealed: with --data by the
    /// keys in FILE.keys, which is created if there is no FILE yet)
    #[arg(long)]
    pub unsealed: bool,
    /// Port of the embedded DynamoDB; 0 takes any free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub dynamodb_port: u16,
    /// Address of the embedded DynamoDB. Anybody who reaches it can use it, so choose one that only
    /// this machine and its containers reach
    #[arg(long, value_name = "IP", default_value_t = Ipv4Addr::LOCALHOST)]
    pub dynamodb_host: Ipv4Addr,
    #[command(flatten)]
    pub issuers: IssuerArgs,
    /// Ask this address about logins and passwords (otherwise every password is right, and the login
    /// is a user id, with a verified phone after a colon where wanted)
    #[arg(long, value_name = "URL")]
    pub identity_server: Option<String>,
    /// The claim of a token that gives a user their id
    #[arg(long, value_name = "NAME")]
    pub public_id_claim: Option<String>,
    /// How long a session lasts
    #[arg(long, value_name = "N", default_value_t = 24 * 60 * 60)]
    pub session_seconds: u64,
    /// Let web pages of this origin call the API, or of any with *; may be repeated
    #[arg(long, value_name = "ORIGIN")]
    pub cors: Vec<String>,
    /// Compare the key that an app's SDK sends (otherwise any is right)
    #[arg(long, value_name = "KEY")]
    pub auth_key: Option<String>,
    /// Check that the app's SDK has signed with this secret
    #[arg(long, value_name = "SECRET")]
    pub auth_secret: Option<String>,
}

impl Default for Args {
    fn default() -> Self {
        let command = <Self as clap::Args>::augment_args(Command::new("address-book"));
        let matches = command.get_matches_from(["address-book"]);
        Self::from_arg_matches(&matches).expect("every argument has a default")
    }
}

impl Args {
    /// Returns what an app's SDK has to send, if it is compared.
    pub(crate) fn application(&self) -> Application {
        Application { auth_key: self.auth_key.clone(), auth_secret: self.auth_secret.clone() }
    }
}

/// The issuers whose tokens sign people in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IssuerArgs(pub Vec<Issuer>);

/// The arguments that describe issuers, each list in the order of the command line.
#[derive(clap::Args)]
struct Flags {
    /// Let tokens of this OpenID issuer sign people in, besides a login with any password; may be
    /// repeated, and the next three belong to the issuer before them
    #[arg(long, value_name = "URL")]
    issuer: Vec<String>,
    /// The audience of its tokens, such as a Firebase project; may be repeated
    #[arg(long, value_name = "A")]
    audience: Vec<String>,
    /// Where its keys are, if its discovery document doesn't say or can't be reached
    #[arg(long, value_name = "URL")]
    keys: Vec<String>,
    /// Take its tokens unsigned, as the Firebase emulator makes them
    #[arg(long, num_args = 0, default_missing_value = "true", action = ArgAction::Append)]
    unsigned: Vec<bool>,
}

impl clap::Args for IssuerArgs {
    fn augment_args(command: Command) -> Command {
        Flags::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Flags::augment_args_for_update(command)
    }
}

impl FromArgMatches for IssuerArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let Flags { issuer, audience, keys, .. } = Flags::from_arg_matches(matches)?;
        let places = |name| matches.indices_of(name).into_iter().flatten();
        let begins: Vec<usize> = places("issuer").collect();
        let mut issuers: Vec<Issuer> = issuer
            .into_iter()
            .map(|name| Issuer {
                name,
                audiences: vec![],
                trust: Trust::Signature(KeysAt::Discovered),
            })
            .collect();
        // The issuer that was named last before this place.
        let of = |place: usize| match begins.partition_point(|begin| *begin < place) {
            0 => {
                let message = "--audience, --keys and --unsigned need an --issuer before them\n";
                Err(clap::Error::raw(ErrorKind::MissingRequiredArgument, message))
            }
            named => Ok(named - 1),
        };
        for (place, audience) in places("audience").zip(audience) {
            issuers[of(place)?].audiences.push(audience);
        }
        for (place, url) in places("keys").zip(keys) {
            issuers[of(place)?].trust = Trust::Signature(KeysAt::Url(url));
        }
        for place in places("unsigned") {
            issuers[of(place)?].trust = Trust::Unsigned;
        }
        Ok(Self(issuers))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Args, ErrorKind> {
        let command = <Args as clap::Args>::augment_args(Command::new("address-book"));
        let matches = command.try_get_matches_from([&["address-book"], arguments].concat());
        matches.and_then(|matches| Args::from_arg_matches(&matches)).map_err(|error| error.kind())
    }

    #[test]
    fn arguments_are_read() {
        assert_eq!(parse(&[]), Ok(Args::default()));
        let issuer = |name: &str, audiences: &[&str], trust| Issuer {
            name: name.to_owned(),
            audiences: audiences.iter().map(|audience| (*audience).to_owned()).collect(),
            trust,
        };
        let keys = Trust::Signature(KeysAt::Url("http://k".to_owned()));
        let args = Args {
            port: 9000,
            dynamodb_host: Ipv4Addr::new(172, 17, 0, 1),
            dynamodb_port: 8000,
            data: Some("book.db".into()),
            unsealed: true,
            issuers: IssuerArgs(vec![
                issuer("https://a", &["x", "z"], keys),
                issuer("https://b", &["y"], Trust::Unsigned),
                issuer("https://c", &["x"], Trust::Signature(KeysAt::Discovered)),
            ]),
            session_seconds: 5,
            cors: vec!["https://app.example".to_owned()],
            ..Args::default()
        };
        let line = "--port 9000 --data=book.db --dynamodb-port 8000 --dynamodb-host 172.17.0.1 \
                    --unsealed --issuer https://a --audience x --keys http://k --audience z \
                    --issuer https://b --unsigned --audience y --issuer https://c --audience x \
                    --session-seconds 5 --cors https://app.example";
        assert_eq!(parse(&line.split_whitespace().collect::<Vec<_>>()), Ok(args));
    }

    #[test]
    fn a_mistake_is_refused() {
        for (line, expected) in [
            ("--port x", ErrorKind::ValueValidation),
            ("--port", ErrorKind::InvalidValue),
            ("--prot 1", ErrorKind::UnknownArgument),
            ("x", ErrorKind::UnknownArgument),
            ("--port 65536", ErrorKind::ValueValidation),
            ("--dynamodb-host x", ErrorKind::ValueValidation),
            ("--audience x", ErrorKind::MissingRequiredArgument),
            ("--unsigned --issuer https://a", ErrorKind::MissingRequiredArgument),
        ] {
            let mistake = parse(&line.split_whitespace().collect::<Vec<_>>());
            assert_eq!(mistake, Err(expected), "{line}");
        }
    }
}
