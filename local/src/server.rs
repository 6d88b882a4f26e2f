//! The running server: its parts, started and stopped together.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use model::{Budget, Issuers, Limits, SystemClock};
use protocol::{Notifier, Renewal};
use serde_json::json;
use session::{ClaimRules, Fetch, IdentityServer, Providers, TrustedIssuers};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::args::Args;
use crate::banner::banner;
use crate::clock::LocalClock;
use crate::database::{Database, DatabaseError};
use crate::faults::Faults;
use crate::functions::HttpFunctions;
use crate::gateway::{self, Gateway};
use crate::inbox::Inbox;
use crate::journal::Journal;
use crate::keys::{KeyFileError, ServerKeys};
use crate::passwords::LocalPasswords;
use crate::queue::{ChannelQueue, deliver};
use crate::schema::tables;
use crate::seed::{SeedError, seed};
use crate::stream::StreamReader;
use crate::tls::{self, TlsError};
use crate::tools::Tools;

/// The home region of callers whose token has no phone, as in `template.yaml`.
pub const HOME_REGION: &str = "US";
/// The text of a push, as in `template.yaml`.
const PUSH_TEMPLATE: &str = "%s is here now. Say hello!";

/// New numbers for users whose token proves no phone. In AWS there are none unless a parameter says
/// so, but here a token such as `alice` is the first that anybody tries.
pub const PHONELESS_NUMBERS: u32 = 2_000;

/// Why the server didn't start, or why it failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Keyring(#[from] KeyFileError),
    #[error(
        "can't listen on {address}: {source} (--port sets another port, --host another address)"
    )]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error(
        "others in the network would reach this server at --host {0} and could sign in as anybody: \
         add --tls, or --issuer or --identity-server, or --anybody if that is what you want"
    )]
    Open(IpAddr),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the stream of Users can't be read: {0}")]
    Stream(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The socket, the signals or the terminal failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    database: Database,
    journal: Journal,
    handle: Handle<SocketAddr>,
    serving: JoinHandle<std::io::Result<()>>,
    background: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts all parts.
    ///
    /// # Errors
    /// [`RunError`].
    pub async fn start(args: &Args) -> Result<Self, RunError> {
        if !args.may_be_reached() {
            return Err(RunError::Open(args.host));
        }
        let address = SocketAddr::new(args.host, args.port);
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| RunError::Listen { address, source })?;
        let address = listener.local_addr()?;
        let tls = args.tls.as_ref().map(|certificate| tls::config(certificate, args.host));
        let tls = tls.transpose()?;
        let ServerKeys { keyring, secret } = ServerKeys::of(args)?;
        let database =
            Database::start(args.data.as_deref(), args.dynamodb_host, args.dynamodb_port, keyring)
                .await?;
        let clock = database.clock().clone();
        let journal = Journal::new(clock.clone(), database.keyring().clone());
        let inbox = Inbox::noting(journal.clone());
        let (queue, messages) = ChannelQueue::new(database.keyring().clone());
        let changed = Arc::new(Notify::new());
        let reader =
            StreamReader::new(&database, queue.clone(), Arc::clone(&changed), journal.clone())
                .await
                .map_err(RunError::Stream)?;
        let notifier = Notifier {
            pusher: inbox.clone(),
            template: Some(PUSH_TEMPLATE.parse().expect("the template has one %s")),
            clock: clock.clone(),
        };
        let background = vec![
            tokio::spawn(reader.run()),
            tokio::spawn(deliver(messages, database.store(), queue, notifier, journal.clone())),
        ];
        if let Some(file) = &args.seed {
            seed(&database.store(), file).await?;
        }
        let default_region = HOME_REGION.parse().expect("a region is two capitals");
        let phoneless_budget = Budget::of_ten_days(PHONELESS_NUMBERS);
        let limits = Limits { phoneless_budget, ..Limits::default() };
        let sessions = session::Settings {
            users: users::Settings {
                default_region,
                trust_body_phone: false,
                issuers: Issuers::default(),
                holder_changes: limits.holder_changes,
                public_id_claim: args.public_id_claim.clone(),
            },
            session_ms: args.session_seconds * 1000,
            application: args.application(),
        };
        let providers = providers(args, &sessions.users, &clock);
        let tools = Tools {
            inbox: inbox.clone(),
            journal: journal.clone(),
            database: database.client(),
            store: database.store(),
            stack: json!({ "dynamodb": database.url(), "tables": tables(), "keys": secret }).into(),
            clock: clock.clone(),
            faults: Faults::new(&args.fault),
            changed: Arc::clone(&changed),
        };
        let functions = HttpFunctions {
            store: database.store(),
            push: inbox,
            clock,
            uploads: upload::Settings { default_region, issuers: Issuers::default(), limits },
            sessions,
            providers: Arc::new(providers),
            renewal: Renewal::default(),
        };
        let router = Router::new().fallback(gateway::answer).with_state(Gateway {
            functions,
            changed,
            tools,
            host: args.host,
            takes_any_user: args.takes_any_user(),
            cors: args.cors.clone().into(),
        });
        let (handle, listener) = (Handle::new(), listener.into_std()?);
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let serving = match tls {
            Some(tls) => {
                let tls = RustlsConfig::from_config(Arc::new(tls));
                let server = axum_server::from_tcp_rustls(listener, tls)?.handle(handle.clone());
                tokio::spawn(server.serve(service))
            }
            None => {
                let server = axum_server::from_tcp(listener)?.handle(handle.clone());
                tokio::spawn(server.serve(service))
            }
        };
        Ok(Self { address, database, journal, handle, serving, background })
    }

    /// Returns the address that the API listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Stops all parts once the open requests are answered. What the queue still holds is read from
    /// the stream again at the next start.
    ///
    /// # Errors
    /// [`RunError::Io`] if serving had failed.
    pub async fn stop(self) -> Result<(), RunError> {
        self.handle.graceful_shutdown(None);
        self.journal.close();
        let served = self.serving.await;
        for task in &self.background {
            task.abort();
        }
        self.database.stop().await;
        served.map_err(std::io::Error::other)??;
        Ok(())
    }
}

/// Returns who knows the people who sign in.
///
/// The issuers' tokens are checked by the machine's clock, since their issuers know no other.
fn providers(
    args: &Args,
    users: &users::Settings,
    clock: &LocalClock,
) -> Providers<SystemClock, LocalPasswords> {
    let (rules, fetch) = (ClaimRules::from(users), Fetch::default());
    let server = args.identity_server.clone();
    let passwords = match server {
        Some(url) => {
            let server = IdentityServer::new(url, rules.clone(), fetch.clone());
            LocalPasswords::Server(server, clock.clone())
        }
        None if args.takes_any_user() => LocalPasswords::Any(clock.clone()),
        None => LocalPasswords::Nobody,
    };
    let issuers = TrustedIssuers::new(args.issuers.0.clone(), rules, fetch, SystemClock);
    Providers { issuers, passwords }
}

/// Runs the server until Ctrl-C or SIGTERM.
///
/// # Errors
/// [`RunError`].
pub async fn run(args: &Args) -> Result<(), RunError> {
    let server = Server::start(args).await?;
    let data = args.data.as_ref().map_or("in memory".to_owned(), |path| path.display().to_string());
    let lines = banner(server.address(), args.tls.is_some(), server.database().address(), &data);
    writeln!(std::io::stdout(), "{lines}")?;
    interrupted().await?;
    server.stop().await
}

async fn interrupted() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupt = tokio::signal::ctrl_c() => interrupt,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
