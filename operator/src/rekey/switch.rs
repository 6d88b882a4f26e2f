//! Switching a deployed stack to the copied tables and the new keys.
//!
//! The functions behind the API are held from before the last copy until both are in place: one that
//! began with other keys than those of its tables would find nothing in them.

use std::collections::BTreeMap;

use store::Tables;

use super::keys::NewKeys;
use crate::stack::{Deployed, OperatorError};
use crate::standstill::{self, Held};
use crate::{tables, update};

/// What a person is asked before the last run.
pub(super) const QUESTION: &str = "\
The API is stopped, and answers 5xx. Once no message is on its way, all that differs is copied. Then
the stack is updated with the new tables, its secret gets the new keys, and it is started again.";

/// Stops everything that reads or writes the tables.
pub(super) async fn stop(deployed: &Deployed) -> Result<(), OperatorError> {
    standstill::begin_drained(deployed, Held::All).await
}

/// Makes the stack use `tables`, which are complete.
pub(super) async fn switch(
    deployed: &Deployed,
    client: &aws_sdk_dynamodb::Client,
    tables: &Tables,
    keys: &NewKeys,
) -> Result<BTreeMap<String, String>, OperatorError> {
    let stream = tables::stream_of(client, &tables.users).await?;
    let mut parameters: BTreeMap<String, String> =
        tables::restored_parameters(tables, stream.as_deref()).into_iter().collect();
    parameters.insert("SealAtRest".to_owned(), keys.file.is_some().to_string());
    update::update(deployed, &parameters).await?;
    start(deployed, keys).await?;
    Ok(parameters)
}

/// Gives the secret of a stack that uses the copied tables its new content, and starts it.
pub(super) async fn start(deployed: &Deployed, keys: &NewKeys) -> Result<(), OperatorError> {
    // The update may have made the secret, and has replaced the event source of the stream.
    let deployed = deployed.again().await?;
    if let Some(secret) = &keys.secret {
        secret.give(&deployed).await?;
    }
    standstill::end(&deployed, Held::All).await
}
