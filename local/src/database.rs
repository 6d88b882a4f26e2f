//! The embedded DynamoDB: `dynoxide` behind HTTP on a loopback port.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use shared::store::{Keys, Store};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::schema::{create_tables, tables};

/// What kept the database from starting.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The data file can't be opened.
    #[error("{path} can't be opened: {reason}")]
    Open {
        /// The file.
        path: PathBuf,
        /// The database's own words.
        reason: String,
    },
    /// The port can't be had.
    #[error("{address} can't be listened on: {source}")]
    Listen {
        /// The address and port.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A table can't be made.
    #[error("a table can't be created: {0}")]
    Schema(String),
}

/// A running embedded DynamoDB.
#[derive(Debug)]
pub struct Database {
    address: SocketAddr,
    http: SharedHttpClient,
    keys: Keys,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Database {
    /// Starts a database in memory, unsealed, on any free port.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn in_memory() -> Result<Self, DatabaseError> {
        Self::start(None, Ipv4Addr::LOCALHOST, 0, Keys::default()).await
    }

    /// Starts a database over `data`, or in memory, on `port` of `host` (0 takes any free one), with all
    /// tables; the stores over it are sealed by `keys`.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn start(data: Option<&Path>, host: Ipv4Addr, port: u16, keys: Keys) -> Result<Self, DatabaseError> {
        let database = open(data)?;
        let listen = |source| DatabaseError::Listen { address: SocketAddr::from((host, port)), source };
        let listener = TcpListener::bind((host, port)).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let shutdown = async move {
                // A dropped sender stops it too.
                let _ = stopped.await;
            };
            if let Err(error) = dynoxide::server::serve_with_shutdown(listener, database, shutdown).await {
                tracing::error!(error, "the embedded DynamoDB failed");
            }
        });
        let http = aws_smithy_http_client::Builder::new().build_http();
        let database = Self { address, http, keys, stop: Some(stop), serving };
        create_tables(&database.client())
            .await
            .map_err(|error| DatabaseError::Schema(error.into_service_error().to_string()))?;
        Ok(database)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client of it.
    #[must_use]
    pub fn client(&self) -> aws_sdk_dynamodb::Client {
        self.client_over(self.http.clone())
    }

    /// A client that speaks to it through `http`, which may watch, hold up or break what passes.
    #[must_use]
    pub fn client_over(&self, http: SharedHttpClient) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(credentials())
            .endpoint_url(self.url())
            .http_client(http)
            .build();
        aws_sdk_dynamodb::Client::from_conf(config)
    }

    /// The HTTP client that reaches it.
    #[must_use]
    pub fn http(&self) -> SharedHttpClient {
        self.http.clone()
    }

    /// The store over it.
    #[must_use]
    pub fn store(&self) -> Store {
        Store::new(self.client(), tables(), self.keys.clone())
    }

    /// The keys of its stores.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// A client of its streams.
    pub(crate) fn streams(&self) -> aws_sdk_dynamodbstreams::Client {
        let config = aws_sdk_dynamodbstreams::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(credentials())
            .endpoint_url(self.url())
            .http_client(self.http.clone())
            .build();
        aws_sdk_dynamodbstreams::Client::from_conf(config)
    }

    /// Stops it once its open requests are answered.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Err(error) = (&mut self.serving).await {
            tracing::error!(%error, "the embedded DynamoDB stopped badly");
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn credentials() -> Credentials {
    Credentials::new("local", "local", None, None, "local")
}

/// The embedded DynamoDB over `data`, or in memory, without a socket and without tables.
///
/// # Errors
/// [`DatabaseError::Open`].
pub fn open(data: Option<&Path>) -> Result<dynoxide::Database, DatabaseError> {
    let location = location(data);
    let failed = |reason: String| DatabaseError::Open { path: PathBuf::from(&location), reason };
    let database = dynoxide::Database::new(&location).map_err(|error| failed(error.to_string()))?;
    index_stream(&location).map_err(|error| failed(error.to_string()))?;
    Ok(database)
}

/// A file, or memory that several connections of this process can share under a name of its own.
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

/// Gives the stream's records an index. Without it every write to a streamed table looks through all
/// records that ever were (dynoxide 3.2.0): 8 ms a write after 40,000 of them.
fn index_stream(location: &str) -> rusqlite::Result<()> {
    rusqlite::Connection::open(location)?.execute_batch(
        "CREATE INDEX IF NOT EXISTS local_stream_order
         ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
    )
}
