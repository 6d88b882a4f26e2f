//! The command line of the server.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgAction, ArgMatches, Command, FromArgMatches};
use session::{Application, Issuer, KeysAt, Trust};

use crate::faults::Fault;
use crate::tls::Certificate;

/// What the command line asks of the server.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// Port of the API; 0 takes any free one
    #[arg(long, value_name = "N", default_value_t = 8080)]
    pub port: u16,
    /// Address of the API. At another than this machine's own, others in the network reach it: that
    /// takes --tls, or an issuer or an identity server that says who people are, or --anybody
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub host: IpAddr,
    /// Let anybody in the network who reaches --host sign in as anybody
    #[arg(long)]
    pub anybody: bool,
    /// Serve over TLS, with the certificate and the private key in FILE (PEM), which is made if there
    /// is none. Without FILE a certificate is made that is lost at the end
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "", value_parser = certificate)]
    pub tls: Option<Certificate>,
    /// Keep the data in FILE (otherwise it is in memory, and lost at the end)
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Move the people of FILE in at the start, as the command `import` does: see docs/PEOPLE.md
    #[arg(long, value_name = "FILE")]
    pub seed: Option<PathBuf>,
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
    /// Break requests on purpose: `[METHOD /path=]EFFECT[@SHARE]`, whose effect is a status, a delay such
    /// as 2000ms, or drop; such as 'POST /address_book=503@0.5'; may be repeated
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<Fault>,
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

fn certificate(file: &str) -> Result<Certificate, Infallible> {
    Ok(if file.is_empty() { Certificate::Made } else { Certificate::File(file.into()) })
}

impl Args {
    /// Returns whether others in the network may reach the API as it was asked for.
    pub(crate) fn may_be_reached(&self) -> bool {
        self.host.is_loopback() || self.anybody || self.tls.is_some() || self.knows_people()
    }

    /// Returns whether a user id is a token, and every password is right. If somebody else says who
    /// people are, that isn't so for others in the network.
    pub(crate) fn takes_any_user(&self) -> bool {
        self.host.is_loopback() || self.anybody || !self.knows_people()
    }

    /// Returns whether somebody says who people are.
    fn knows_people(&self) -> bool {
        !self.issuers.0.is_empty() || self.identity_server.is_some()
    }

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
            host: [192, 168, 1, 5].into(),
            tls: Some(Certificate::File("tls.pem".into())),
            fault: vec!["503@0.5".parse().expect("a fault"), "drop".parse().expect("a fault")],
            ..Args::default()
        };
        let line = "--port 9000 --data=book.db --dynamodb-port 8000 --dynamodb-host 172.17.0.1 \
                    --unsealed --issuer https://a --audience x --keys http://k --audience z \
                    --issuer https://b --unsigned --audience y --issuer https://c --audience x \
                    --session-seconds 5 --cors https://app.example --host 192.168.1.5 --tls=tls.pem \
                    --fault 503@0.5 --fault drop";
        assert_eq!(parse(&line.split_whitespace().collect::<Vec<_>>()), Ok(args));
    }

    #[test]
    fn others_in_the_network_reach_it_on_purpose_alone() {
        for (line, may_be_reached, takes_any_user) in [
            ("", true, true),
            ("--identity-server https://a", true, true),
            ("--host 0.0.0.0", false, true),
            ("--host 192.168.1.5 --anybody", true, true),
            ("--host 192.168.1.5 --tls", true, true),
            ("--host ::1", true, true),
            ("--host 192.168.1.5 --issuer https://a", true, false),
            ("--host 192.168.1.5 --tls --identity-server https://a", true, false),
            ("--host 192.168.1.5 --issuer https://a --anybody", true, true),
        ] {
            let args = parse(&line.split_whitespace().collect::<Vec<_>>()).expect(line);
            assert_eq!(args.may_be_reached(), may_be_reached, "{line}");
            assert_eq!(args.takes_any_user(), takes_any_user, "{line}");
        }
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
            ("--fault 200", ErrorKind::ValueValidation),
            ("--fault 200", ErrorKind::ValueValidation),
            ("--audience x", ErrorKind::MissingRequiredArgument),
            ("--unsigned --issuer https://a", ErrorKind::MissingRequiredArgument),
        ] {
            let mistake = parse(&line.split_whitespace().collect::<Vec<_>>());
            assert_eq!(mistake, Err(expected), "{line}");
        }
    }
}
