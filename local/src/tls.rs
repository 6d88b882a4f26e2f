//! TLS: the certificate of the server, given or made on the spot.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use model::{Clock, SystemClock};
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::keys::create_private;

/// How long a certificate is valid that was made here: 825 days, the longest that Apple's devices
/// take (<https://support.apple.com/en-us/103769>).
const VALIDITY: Duration = Duration::from_secs(825 * 24 * 60 * 60);

/// Which certificate the server shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// One that is made at the start, and lost at the end.
    Made,
    /// The one in this file. It is made if there is no file yet.
    File(PathBuf),
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{path} can't be used: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("{path} isn't a PEM file with a certificate and its private key: {reason}")]
    Content { path: PathBuf, reason: String },
    #[error("no certificate can be made: {0}")]
    Make(#[from] rcgen::Error),
}

/// Returns the configuration of a server at `host`.
///
/// # Errors
/// [`TlsError`].
pub(crate) fn config(certificate: &Certificate, host: IpAddr) -> Result<ServerConfig, TlsError> {
    let (path, pem) = match certificate {
        Certificate::Made => (Path::new("the certificate"), made(host)?),
        Certificate::File(path) => (path.as_path(), kept(path, host)?),
    };
    let content = |reason: String| TlsError::Content { path: path.to_owned(), reason };
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| content(error.to_string()))?;
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes());
    let key = key.map_err(|error| content(error.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| content(error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Returns the content of a file with a certificate, which is made if there is none.
fn kept(path: &Path, host: IpAddr) -> Result<String, TlsError> {
    let failed = |source| TlsError::File { path: path.to_owned(), source };
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let pem = made(host)?;
            create_private(path, &pem).map_err(failed)?;
            Ok(pem)
        }
        read => read.map_err(failed),
    }
}

/// Makes a certificate that this machine signs itself, for the host and for this machine's own
/// names. Returns it and its private key.
fn made(host: IpAddr) -> Result<String, TlsError> {
    let mut names: Vec<String> =
        ["localhost", "127.0.0.1", "::1"].iter().map(|name| (*name).to_owned()).collect();
    if !host.is_loopback() && !host.is_unspecified() {
        names.push(host.to_string());
    }
    let mut params = CertificateParams::new(names)?;
    let now = UNIX_EPOCH + Duration::from_millis(SystemClock.now_ms());
    (params.not_before, params.not_after) = (now.into(), (now + VALIDITY).into());
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(format!("{}{}", certificate.pem(), key.serialize_pem()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_made_once_and_kept_in_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tls.pem");
        let host: IpAddr = [192, 168, 1, 5].into();
        let certificate = Certificate::File(path.clone());
        config(&certificate, host).expect("made");
        let made = std::fs::read_to_string(&path).expect("a file");
        config(&certificate, host).expect("read again");
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), made);

        std::fs::write(&path, "no PEM").expect("written");
        assert!(matches!(config(&certificate, host), Err(TlsError::Content { .. })));
        let nowhere = Certificate::File(folder.path().join("none/tls.pem"));
        assert!(matches!(config(&nowhere, host), Err(TlsError::File { .. })));
    }
}
