//! The embedded DynamoDB: `dynoxide`, called inside this process, and for others behind HTTP on a
//! loopback port.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::config::{BehaviorVersion, Region, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use store::{Keyring, Store};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::clock::LocalClock;
use crate::direct;
use crate::keys::generated_keyring;
use crate::meter::noting;
use crate::schema::{create_tables, tables};

/// Why the database didn't start.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("{path} can't be opened: {reason}")]
    Open {
        path: PathBuf,
        /// The database's own message.
        reason: String,
    },
    #[error("can't listen on {address}: {source}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("a table can't be created: {0}")]
    Schema(String),
    #[error("how far the clock was moved on can't be read: {0}")]
    Clock(String),
}

/// A running embedded DynamoDB.
#[derive(Debug)]
pub struct Database {
    address: SocketAddr,
    http: SharedHttpClient,
    keyring: Keyring,
    session_keys: Keyring,
    clock: LocalClock,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Database {
    /// Starts a database in memory, unsealed, on any free port.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn in_memory() -> Result<Self, DatabaseError> {
        Self::start(None, Ipv4Addr::LOCALHOST, 0, Keyring::default()).await
    }

    /// Starts a database over `data`, or in memory, on `port` of `host` (0 takes any free port),
    /// and creates all tables. Its stores are sealed by `keyring`.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn start(
        data: Option<&Path>,
        host: Ipv4Addr,
        port: u16,
        keyring: Keyring,
    ) -> Result<Self, DatabaseError> {
        let database = open(data)?;
        let listen =
            |source| DatabaseError::Listen { address: SocketAddr::from((host, port)), source };
        let listener = TcpListener::bind((host, port)).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let http = noting(direct::http_client(database.clone()));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let shutdown = async move {
                // A dropped sender stops it too.
                let _ = stopped.await;
            };
            if let Err(error) =
                dynoxide::server::serve_with_shutdown(listener, database, shutdown).await
            {
                tracing::error!(error, "the embedded DynamoDB failed");
            }
        });
        // Tables may be unsealed here. Tokens never are, since anybody could write them.
        let session_keys = Some(keyring.clone()).filter(Keyring::are_there);
        let session_keys = session_keys.unwrap_or_else(generated_keyring);
        let (clock, stop) = (LocalClock::default(), Some(stop));
        let database = Self { address, http, keyring, session_keys, clock, stop, serving };
        let client = database.client();
        create_tables(&client)
            .await
            .map_err(|error| DatabaseError::Schema(error.into_service_error().to_string()))?;
        let recalled = database.clock.recall(&client).await;
        recalled.map_err(|error| DatabaseError::Clock(error.to_string()))?;
        Ok(database)
    }

    /// Returns the address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns a client of it, which needs no socket.
    #[must_use]
    pub fn client(&self) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .allow_no_auth()
            .endpoint_url(self.url())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .http_client(self.http.clone());
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// Returns a store over it.
    #[must_use]
    pub fn store(&self) -> Store {
        self.store_through(self.client())
    }

    /// Returns a store over it that goes through `client`, which is one of its own.
    #[must_use]
    pub fn store_through(&self, client: aws_sdk_dynamodb::Client) -> Store {
        Store::new(client, tables(), self.keyring.clone(), self.clock.clone())
            .with_session_keys(self.session_keys.clone())
    }

    /// Returns the keys of its stores.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Returns the clock of its stores.
    #[must_use]
    pub fn clock(&self) -> &LocalClock {
        &self.clock
    }

    /// Returns a client of its streams.
    pub(crate) fn streams(&self) -> aws_sdk_dynamodbstreams::Client {
        let config = aws_sdk_dynamodbstreams::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .allow_no_auth()
            .endpoint_url(self.url())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .http_client(self.http.clone());
        aws_sdk_dynamodbstreams::Client::from_conf(config.build())
    }

    /// Stops it once its open requests are answered.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Err(error) = (&mut self.serving).await {
            tracing::error!(%error, "the embedded DynamoDB didn't stop cleanly");
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Opens the embedded DynamoDB over `data`, or in memory, without a socket and without tables.
///
/// # Errors
/// [`DatabaseError::Open`].
pub fn open(data: Option<&Path>) -> Result<dynoxide::Database, DatabaseError> {
    let location = location(data);
    let failed = |reason: String| DatabaseError::Open { path: PathBuf::from(&location), reason };
    let database = dynoxide::Database::new(&location).map_err(|error| failed(error.to_string()))?;
    index_stream(&location).map_err(|error| failed(error.to_string()))?;
    // This sets SQLite's `synchronous` to NORMAL: a crash of the process loses nothing, a power cut may
    // lose the last writes. FULL, its default, waits for the disk at each of them.
    database.disable_bulk_loading().map_err(|error| failed(error.to_string()))?;
    Ok(database)
}

/// Returns where the data is: a file, or memory under a name of its own, which several connections
/// of this process can share.
fn location(data: Option<&Path>) -> String {
    static STARTED: AtomicU64 = AtomicU64::new(0);
    match data {
        Some(path) => path.to_string_lossy().into_owned(),
        None => {
            let number = STARTED.fetch_add(1, Ordering::Relaxed);
            format!("file:address-book-{number}?mode=memory&cache=shared")
        }
    }
}

/// Gives the stream's records an index. Without it, every write to a streamed table looks through
/// all records that were ever written (dynoxide 3.2.0): 8 ms a write after 40,000 of them.
fn index_stream(location: &str) -> rusqlite::Result<()> {
    rusqlite::Connection::open(location)?.execute_batch(
        "CREATE INDEX IF NOT EXISTS local_stream_order
         ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
    )
}
