//! The keys that seal the local tables. They are in a file beside the data, or in memory and lost
//! at the end.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use store::{Keyring, KeyringError};

use crate::args::Args;

/// Why the keys couldn't be read or created.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file can't be read or created.
    #[error("{path} can't be used: {source}")]
    File { path: PathBuf, source: std::io::Error },
    /// The file doesn't hold keys.
    #[error("{path} can't be used: {source}")]
    Content { path: PathBuf, source: KeyringError },
    /// The data exists and its keys don't. New keys wouldn't open it.
    #[error(
        "{data} exists, but its keys, {keys}, don't: use --unsealed for data that was never sealed"
    )]
    Lost {
        data: PathBuf,
        /// The file in which the keys should be.
        keys: PathBuf,
    },
}

/// The keys of a server.
#[derive(Clone, Default)]
pub(crate) struct ServerKeys {
    pub keyring: Keyring,
    /// The secret from which they were read, if the tables are sealed.
    pub secret: Option<String>,
}

model::hide_debug!(ServerKeys);

impl ServerKeys {
    /// Returns the keys that `args` ask for.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub(crate) fn of(args: &Args) -> Result<Self, KeyFileError> {
        match &args.data {
            _ if args.unsealed => Ok(Self::default()),
            None => {
                let secret = Keyring::generate_secret();
                let keyring = secret.parse().expect("a generated secret is valid");
                Ok(Self { keyring, secret: Some(secret) })
            }
            Some(data) => Self::beside(data),
        }
    }

    fn beside(data: &Path) -> Result<Self, KeyFileError> {
        let path = keys_beside(data);
        let failed = |source| KeyFileError::File { path: path.clone(), source };
        let secret = match OpenOptions::new().read(true).open(&path) {
            Ok(mut file) => {
                let mut secret = String::new();
                file.read_to_string(&mut secret).map_err(failed)?;
                secret
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if data.exists() {
                    return Err(KeyFileError::Lost { data: data.to_owned(), keys: path });
                }
                let secret = Keyring::generate_secret();
                create_private(&path, &secret).map_err(failed)?;
                secret
            }
            Err(error) => return Err(failed(error)),
        };
        let content = |source| KeyFileError::Content { path: path.clone(), source };
        let keyring = secret.trim().parse().map_err(content)?;
        Ok(Self { keyring, secret: Some(secret.trim().to_owned()) })
    }
}

/// Returns new keys, which are lost at the end.
pub(crate) fn generated_keyring() -> Keyring {
    Keyring::generate_secret().parse().expect("a generated secret is valid")
}

/// Returns where the keys of a file with data are.
#[must_use]
pub fn keys_beside(data: &Path) -> PathBuf {
    let mut path = data.as_os_str().to_owned();
    path.push(".keys");
    path.into()
}

/// Creates a file that only its owner can read.
///
/// # Errors
/// Those of writing it, and if there is one already.
pub fn create_private(path: &Path, content: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(data: &Path, unsealed: bool) -> Args {
        Args { data: Some(data.to_owned()), unsealed, ..Args::default() }
    }

    #[test]
    fn keys_are_made_with_the_data_and_kept_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("book.db");
        ServerKeys::of(&args(&data, false)).expect("made");
        let file = folder.path().join("book.db.keys");
        let secret = std::fs::read_to_string(&file).expect("the keys");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                std::fs::metadata(&file).expect("the keys").permissions().mode() & 0o777,
                0o600
            );
        }
        std::fs::write(&data, "data").expect("written");
        ServerKeys::of(&args(&data, false)).expect("read again");
        assert_eq!(std::fs::read_to_string(&file).expect("the keys"), secret);

        std::fs::write(&file, "no secret").expect("written");
        assert!(matches!(ServerKeys::of(&args(&data, false)), Err(KeyFileError::Content { .. })));
        std::fs::remove_file(&file).expect("removed");
        assert!(matches!(ServerKeys::of(&args(&data, false)), Err(KeyFileError::Lost { .. })));
        assert!(ServerKeys::of(&args(&data, true)).is_ok());
    }
}
