//! The new keys: read from their file, or made.

use std::io::ErrorKind;
use std::path::PathBuf;

use local::{create_private, keys_beside};
use store::Keyring;

use super::RekeyArgs;
use crate::secret::Secret;
use crate::stack::OperatorError;

/// The keys of the copy.
pub(super) struct NewKeys {
    pub keyring: Keyring,
    /// The secret from which they are read. Absent if the copy isn't sealed.
    pub secret: Option<Secret>,
    /// Where they are. Absent if the copy isn't sealed.
    pub file: Option<PathBuf>,
}

impl NewKeys {
    /// Reads the keys that the arguments name. If they aren't there yet, makes them, and keeps the keys
    /// of the `old` secret among them, unless they `have_to_exist`.
    pub fn of(
        args: &RekeyArgs,
        old: Option<&Secret>,
        have_to_exist: bool,
    ) -> Result<Self, OperatorError> {
        let file = match (&args.to_keys, &args.to) {
            (Some(none), _) if none == "none" => {
                return Ok(Self { keyring: Keyring::default(), secret: None, file: None });
            }
            (Some(file), _) => PathBuf::from(file),
            (None, Some(data)) => keys_beside(data),
            (None, None) => return Err(OperatorError::NoTarget),
        };
        let failed = |source| OperatorError::File { path: file.clone(), source };
        let secret = match std::fs::read_to_string(&file) {
            Ok(secret) => secret,
            Err(error) if error.kind() == ErrorKind::NotFound && !have_to_exist => {
                let secret = match old {
                    Some(Secret(old)) => Keyring::next_secret(old)?,
                    None => Keyring::generate_secret(),
                };
                if !args.dry_run {
                    create_private(&file, &secret).map_err(failed)?;
                }
                secret
            }
            Err(error) => return Err(failed(error)),
        };
        let secret = Some(Secret(secret.trim().to_owned()));
        Ok(Self { keyring: Secret::keyring(secret.as_ref())?, secret, file: Some(file) })
    }
}
