//! The embedded DynamoDB and the secret of the keys, behind TLS, as a function on Lambda reaches
//! the real ones.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use serde_json::{Value, json};

use super::SECRET;
use super::http::Connection;
use super::issuer::Issuer;
use support::embedded::Embedded;

/// Where Debian keeps the roots that a machine trusts.
const ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A running stub. Its threads end with the process.
pub struct Stub {
    pub url: String,
    /// The same stub at another address, so that a client needs a connection of its own, as with
    /// AWS.
    pub secrets_url: String,
    /// The issuer whose tokens sign people in, at an address of its own.
    pub issuer: Arc<Issuer>,
    pub issuer_url: String,
    /// The root certificate to trust, in PEM.
    pub ca: PathBuf,
    /// The same, beside those of this machine.
    pub roots: PathBuf,
    busy_us: Arc<AtomicU64>,
}

impl Stub {
    pub fn start(embedded: &Embedded, folder: &Path) -> Self {
        make_certificates(folder);
        let config = Arc::new(server_config(folder));
        let busy_us = Arc::new(AtomicU64::new(0));
        let issuer = Arc::new(Issuer::new());
        let listen = || {
            let (config, issuer) = (Arc::clone(&config), Arc::clone(&issuer));
            listen(config, issuer, embedded.clone(), Arc::clone(&busy_us))
        };
        let (url, secrets_url, issuer_url) = (listen(), listen(), listen());
        let (ca, roots) = (folder.join("ca.pem"), folder.join("roots.pem"));
        let of_machine = std::fs::read(ROOTS).expect("the machine has roots");
        let all = [of_machine, std::fs::read(&ca).expect("made")].concat();
        std::fs::write(&roots, all).expect("a file");
        Self { url, secrets_url, issuer, issuer_url, ca, roots, busy_us }
    }

    /// Returns the milliseconds that the database itself has worked since the last call.
    pub fn take_busy_ms(&self) -> f64 {
        self.busy_us.swap(0, Ordering::Relaxed) as f64 / 1_000.0
    }
}

/// Serves at a free port, and returns the address.
fn listen(
    config: Arc<ServerConfig>,
    issuer: Arc<Issuer>,
    embedded: Embedded,
    busy_us: Arc<AtomicU64>,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let url = format!("https://localhost:{port}");
    let name = url.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, embedded, busy) =
                (Arc::clone(&config), embedded.clone(), Arc::clone(&busy_us));
            let (issuer, name) = (Arc::clone(&issuer), name.clone());
            std::thread::spawn(move || {
                let document = |path: &str| issuer.document(&name, path);
                serve(stream, config, document, &embedded, &busy)
            });
        }
    });
    url
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    document: impl Fn(&str) -> Option<Value>,
    embedded: &Embedded,
    busy_us: &AtomicU64,
) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut connection =
        Connection::new(StreamOwned::new(ServerConnection::new(config).ok()?, stream));
    loop {
        let request = connection.next()?;
        let target = request.header("x-amz-target").unwrap_or_default();
        let started = Instant::now();
        let (status, body) = match target.rsplit('.').next().unwrap_or_default() {
            "GetSecretValue" => {
                (200, json!({"ARN": "arn", "Name": "keys", "SecretString": SECRET}).to_string())
            }
            "" => (200, document(&request.path).expect("a document of the issuer").to_string()),
            operation => embedded.answer(operation, &request.body),
        };
        busy_us.fetch_add(started.elapsed().as_micros() as u64, Ordering::Relaxed);
        connection.answer(
            status,
            "Content-Type: application/x-amz-json-1.0\r\n",
            body.as_bytes(),
        )?;
    }
}

/// Makes a root certificate, and a certificate for `localhost` that it signed.
fn make_certificates(folder: &Path) {
    let make = "
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=measure-root \
            -keyout ca.key -out ca.pem
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
            -keyout leaf.key -out leaf.csr
        printf 'subjectAltName=DNS:localhost\nbasicConstraints=critical,CA:FALSE\n' > leaf.ext
        openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile leaf.ext -out leaf.pem";
    let made = Command::new("sh")
        .args(["-ec", make])
        .current_dir(folder)
        .output()
        .expect("sh and openssl are there");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn server_config(folder: &Path) -> ServerConfig {
    let chain = CertificateDer::pem_file_iter(folder.join("leaf.pem")).expect("a file");
    let chain = chain.collect::<Result<_, _>>().expect("certificates");
    let key = PrivateKeyDer::from_pem_file(folder.join("leaf.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    builder
        .expect("TLS 1.3")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("they belong together")
}
