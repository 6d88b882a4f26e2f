//! The secret of a deployed stack, which holds the keys that seal its tables.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use store::Keyring;

use crate::stack::{Deployed, OperatorError};
use crate::tables::failed;

/// The output of a stack that names its secret. A stack without sealing has no such output.
const ARN: &str = "SealingKeysArn";

/// The secret with the keys of a stack.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

model::hide_debug!(Secret);

impl Secret {
    pub(crate) fn keyring(secret: Option<&Self>) -> Result<Keyring, OperatorError> {
        Ok(secret.map_or(Ok(Keyring::default()), |Self(secret)| secret.parse())?)
    }

    /// Reads the secret of a stack, if its tables are sealed.
    pub(crate) async fn of(deployed: &Deployed) -> Result<Option<Self>, OperatorError> {
        let Some(arn) = deployed.outputs.get(ARN) else { return Ok(None) };
        let asked = Client::new(&deployed.sdk).get_secret_value().secret_id(arn).send().await;
        let answer = asked.map_err(|error| {
            OperatorError::NoSecret(error.code().unwrap_or("no answer").to_owned())
        })?;
        let secret = answer.secret_string;
        let secret = secret.ok_or_else(|| OperatorError::NoSecret("it has no text".to_owned()))?;
        Ok(Some(Self(secret)))
    }

    /// Writes it as the secret of a stack. The functions read it when they start.
    pub(crate) async fn give(&self, deployed: &Deployed) -> Result<(), OperatorError> {
        let client = Client::new(&deployed.sdk);
        let put = client.put_secret_value().secret_id(deployed.output(ARN)?).secret_string(&self.0);
        let put = put.send().await;
        put.map_err(|error| failed("PutSecretValue", "the stack's keys", &error)).map(drop)
    }
}
