//! Where the tables are copied from, and where to.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;

use aws_sdk_dynamodb::Client;
use local::{Database, create_private, keys_beside};
use store::{Keyring, Store, Tables};

use super::RekeyArgs;
use super::keys::NewKeys;
use crate::meter::Meter;
use crate::secret::Secret;
use crate::stack::{self, Deployed, OperatorError, Stack};
use crate::tables::{self, Streaming};

/// The tables that are copied.
pub(super) struct Source {
    pub store: Store,
    pub tables: Tables,
    /// The secret that seals them, if they are sealed.
    pub secret: Option<Secret>,
    pub deployed: Option<Deployed>,
    client: Client,
    /// The database of a local server that is stopped.
    database: Option<Database>,
}

impl Source {
    pub async fn open(args: &RekeyArgs, meter: &Meter) -> Result<Self, OperatorError> {
        let Some(data) = &args.data else {
            let Stack { store, tables, secret, dynamodb: client, deployed, .. } =
                Stack::open_at_rest(&args.stack, meter).await?;
            return Ok(Self { store, tables, secret, client, deployed, database: None });
        };
        let failed = |source| OperatorError::File { path: data.clone(), source };
        std::fs::metadata(data).map_err(failed)?;
        // A file without keys was never sealed: the server refuses one whose keys are lost.
        let secret = std::fs::read_to_string(keys_beside(data)).ok();
        let secret = secret.map(|secret| Secret(secret.trim().to_owned()));
        let keyring = Secret::keyring(secret.as_ref())?;
        let database = open(Some(data), keyring).await?;
        let (client, store) = metered(&database, meter);
        let (tables, deployed) = (local::tables(), None);
        Ok(Self { store, tables, secret, client, deployed, database: Some(database) })
    }

    /// Returns whether the stack uses the tables already into which it is to be copied.
    pub fn is_switched(&self, args: &RekeyArgs) -> bool {
        let next = args.to_tables.as_ref().zip(args.stack.stack.as_ref());
        next.is_some_and(|(suffix, stack)| tables::named(stack, suffix) == self.tables)
    }

    pub async fn close(self) {
        if let Some(database) = self.database {
            database.stop().await;
        }
    }
}

/// The tables into which they are copied.
pub(super) struct Target {
    pub store: Store,
    pub client: Client,
    pub tables: Tables,
    /// A local server's database. A deployed stack has none.
    database: Option<Database>,
}

impl Target {
    pub async fn open(
        args: &RekeyArgs,
        source: &Source,
        keys: &NewKeys,
        meter: &Meter,
    ) -> Result<Self, OperatorError> {
        let keyring = keys.keyring.clone();
        let tables = match (&args.to_tables, &args.stack.stack) {
            (Some(suffix), Some(stack)) => tables::named(stack, suffix),
            _ => {
                let Some(to) = &args.to else { return Err(OperatorError::NoTarget) };
                return Self::file(args, to, keys, meter).await;
            }
        };
        if tables.address_books == source.tables.address_books {
            return Err(OperatorError::SameTables);
        }
        let client = source.client.clone();
        if args.dry_run && !tables::are_there(&client, &tables).await? {
            // Nothing is there yet, as in an empty database.
            return Ok(Self::database(open(None, keyring).await?, meter));
        }
        let deployed = source.deployed.as_ref();
        let parameters = deployed.map(|deployed| &deployed.parameters);
        tables::create(&client, &tables, parameters.and_then(tables::limits)).await?;
        let store = stack::store(client.clone(), tables.clone(), keyring, deployed);
        Ok(Self { store, client, tables, database: None })
    }

    async fn file(
        args: &RekeyArgs,
        to: &Path,
        keys: &NewKeys,
        meter: &Meter,
    ) -> Result<Self, OperatorError> {
        if args.dry_run && !to.exists() {
            return Ok(Self::database(open(None, keys.keyring.clone()).await?, meter));
        }
        let beside = keys_beside(to);
        if let Some(file) = keys.file.as_ref().filter(|file| **file != beside) {
            let failed = |source| OperatorError::File { path: beside.clone(), source };
            let secret = std::fs::read_to_string(file).map_err(failed)?;
            if !beside.exists() {
                create_private(&beside, &secret).map_err(failed)?;
            }
        }
        Ok(Self::database(open(Some(to), keys.keyring.clone()).await?, meter))
    }

    fn database(database: Database, meter: &Meter) -> Self {
        let (client, store) = metered(&database, meter);
        Self { store, client, tables: local::tables(), database: Some(database) }
    }

    /// Sees to it that the copies of users aren't told as if they had just joined.
    pub async fn stop_stream(&self) -> Result<(), OperatorError> {
        tables::set_stream(&self.client, &self.tables.users, Streaming::Off).await
    }

    /// Gives the tables all that the service needs.
    pub async fn complete(&self) -> Result<(), OperatorError> {
        tables::set_stream(&self.client, &self.tables.users, Streaming::On).await?;
        if self.database.is_none() {
            for (table, name) in self.tables.each() {
                tables::complete(&self.client, table, name).await?;
            }
        }
        Ok(())
    }

    /// Says what to do next. A deployed stack has got these `parameters`.
    pub fn next_step(
        &self,
        args: &RekeyArgs,
        keys: &NewKeys,
        parameters: &BTreeMap<String, String>,
    ) -> String {
        if args.dry_run {
            return "Nothing was written.".to_owned();
        }
        if !args.finish {
            return "The service may go on. A last run with --finish copies the rest.".to_owned();
        }
        if let Some(to) = &args.to {
            let unsealed = if keys.file.is_none() { " --unsealed" } else { "" };
            return format!("Start the server with --data {}{unsealed}.", to.display());
        }
        let parameters = parameters.iter().map(|(name, value)| format!("{name}={value}"));
        let copy = match &keys.file {
            Some(file) => format!("Keep {}: without it nobody reads the tables. ", file.display()),
            None => String::new(),
        };
        format!(
            "The stack uses the new tables. {copy}Write these parameters into samconfig.toml, or a \
             later deployment may go back to the old tables:\n{}",
            parameters.collect::<Vec<_>>().join(" ")
        )
    }

    pub async fn close(self) {
        if let Some(database) = self.database {
            database.stop().await;
        }
    }
}

/// Returns a client of a local server's database, and a store, which `meter` counts.
fn metered(database: &Database, meter: &Meter) -> (Client, Store) {
    let client = meter.on(&database.client());
    let store = database.store_through(client.clone());
    (client, store)
}

async fn open(data: Option<&Path>, keyring: Keyring) -> Result<Database, OperatorError> {
    Ok(Database::start(data, Ipv4Addr::LOCALHOST, 0, keyring).await?)
}
