//! The local server: what it tells of its stack, over HTTP or TLS.

use std::convert::Infallible;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use http_body_util::{BodyExt, Empty};
use hyper::Uri;
use hyper::body::Bytes;
use hyper_rustls::{ConfigBuilderExt, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use serde::Deserialize;
use store::Tables;

/// What the local server tells of itself, see `local/src/server.rs`.
#[derive(Deserialize)]
pub(crate) struct LocalStack {
    /// The address of the embedded DynamoDB.
    pub dynamodb: String,
    pub tables: Tables,
    /// The secret that seals the tables, unless they are unsealed.
    pub keys: Option<String>,
}

/// Which certificates of a local server are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trusted {
    /// Any. A server that makes one at its start has another each time.
    Any,
    /// The one in this PEM file, and those that it has signed.
    File(PathBuf),
}

impl FromStr for Trusted {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "any" { Self::Any } else { Self::File(text.into()) })
    }
}

/// Asks the local server at `url`. Without a word about certificates, those that this machine trusts
/// are taken.
///
/// # Errors
/// Why it doesn't answer, in words.
pub(crate) async fn ask(url: &str, trusted: Option<&Trusted>) -> Result<LocalStack, String> {
    let url = format!("{}/_local/stack", url.trim_end_matches('/'));
    let url: Uri = url.parse().map_err(|_| "it isn't an address".to_owned())?;
    let is_tls = url.scheme_str() == Some("https");
    // Plain HTTP needs no certificates of this machine.
    let trusted = if is_tls { trusted } else { Some(&Trusted::Any) };
    let connector = HttpsConnectorBuilder::new().with_tls_config(config(trusted)?);
    let connector = connector.https_or_http().enable_http1().build();
    let client = Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(connector);
    let answer = client.get(url).await.map_err(|error| {
        let reason = innermost(&error);
        let hint = match (is_tls, error.is_connect()) {
            // It listens, and doesn't speak plain HTTP.
            (false, false) => ": with --tls, it is at https://",
            (true, _) if reason.contains("certificate") => ": --certificate says which is taken",
            _ => "",
        };
        format!("{reason}{hint}")
    })?;
    let status = answer.status();
    let body = answer.into_body().collect().await.map_err(|error| innermost(&error))?.to_bytes();
    if !status.is_success() {
        return Err(format!("it answers {status}"));
    }
    serde_json::from_slice(&body).map_err(|_| "it isn't a local server of this release".to_owned())
}

/// Returns the error that the others are about. The outer ones only say that a client failed.
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

fn config(trusted: Option<&Trusted>) -> Result<ClientConfig, String> {
    let provider = Arc::new(default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match trusted {
        None => builder.with_native_roots().map_err(|error| error.to_string())?,
        Some(Trusted::File(path)) => {
            let roots = roots(path).map_err(|reason| format!("{}: {reason}", path.display()))?;
            builder.with_root_certificates(roots)
        }
        Some(Trusted::Any) => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        }
    };
    Ok(builder.with_no_client_auth())
}

/// Reads the certificates of a PEM file.
fn roots(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for one in CertificateDer::pem_file_iter(path).map_err(|error| innermost(&error))? {
        let one = one.map_err(|error| innermost(&error))?;
        roots.add(one).map_err(|error| innermost(&error))?;
    }
    if roots.is_empty() { Err("no certificate is in it".to_owned()) } else { Ok(roots) }
}

/// Takes any certificate whose key the server has.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
