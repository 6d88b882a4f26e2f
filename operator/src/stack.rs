//! The stack that a command works on: deployed in AWS, or the local server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_sdk_cloudformation::error::{DisplayErrorContext, ProvideErrorMetadata};
use model::SystemClock;
use store::{Keyring, KeyringError, RekeyError, Store, StoreError, Table, Tables};

use crate::local_server::{self, LocalStack, Trusted};
use crate::meter::Meter;
use crate::place::Place;
use crate::secret::Secret;
use crate::update;

/// Which stack a command works on, and how it tells what came of it.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct StackArgs {
    /// The CloudFormation stack. Credentials, region and profile are those that the AWS CLI takes
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// The local server, unless a stack is named
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:8080",
        conflicts_with = "stack"
    )]
    pub local: String,
    /// The certificate of a local server with --tls, or that of who signed it, in a PEM file; or
    /// `any`, which takes any (otherwise those that this machine trusts)
    #[arg(long, value_name = "FILE", conflicts_with = "stack")]
    pub certificate: Option<Trusted>,
    /// Tell the outcome as JSON
    #[arg(long)]
    pub json: bool,
}

/// Why a command couldn't be done.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    #[error("no local server answers at {url}: {reason} (--stack NAME works on a deployed stack)")]
    NoServer { url: String, reason: String },
    #[error("the stack {name} can't be described: {reason}")]
    NoStack { name: String, reason: String },
    #[error(
        "the stack has no output {0}: is it a stack of this address book, and of this release?"
    )]
    NoOutput(&'static str),
    #[error("the secret with the stack's keys can't be read: {0}")]
    NoSecret(String),
    #[error("the number isn't a phone: write it with a plus and its country code")]
    NotAPhone,
    /// A person of whom something is asked is nobody whom Users knows.
    #[error("{0} is nobody: Users doesn't know them")]
    Nobody(&'static str),
    #[error("it isn't done in all books yet, do it again: {0}")]
    Forget(#[source] protocol::ForgetError),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Import(#[from] people::ImportError),
    /// A file of the command line can't be read or written.
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("the output can't be written: {0}")]
    Output(#[source] std::io::Error),
    #[error(transparent)]
    Rekey(#[from] RekeyError),
    #[error(transparent)]
    Database(#[from] local::DatabaseError),
    #[error("{operation} of {of} failed: {reason}")]
    Call {
        operation: &'static str,
        of: String,
        /// The service's own words.
        reason: String,
    },
    #[error("there is no table {0}")]
    NoTable(String),
    /// It isn't said where the copy goes.
    #[error(
        "say where the copy goes: --to FILE for a local server, or --to-tables SUFFIX with --stack"
    )]
    NoTarget,
    #[error("the stack uses these tables already: choose another --to-tables")]
    SameTables,
    #[error("event source {id} doesn't turn {what}")]
    EventSource { id: String, what: &'static str },
    #[error("the update of {name} ended in {status}: docs/DEPLOYING.md says what to do then")]
    Update { name: String, status: String },
    #[error(
        "the local server's tables can't be restored to a second: copy its file while it is stopped"
    )]
    NoRecovery,
    #[error("{0} isn't a time such as 2026-11-24T08:00:00Z")]
    BadTime(String),
    #[error("{table} can be restored to any second from {earliest} to {latest}, and not to {at}")]
    OutOfReach { table: String, at: String, earliest: String, latest: String },
    #[error("{0} can't be restored to a second: its point-in-time recovery is off")]
    RecoveryOff(String),
    #[error("--into names the stack itself: a restore in place goes without it")]
    IntoItself,
    #[error("{table} of {stack} holds items: choose a stack into which nobody has written yet")]
    NotEmpty { table: Table, stack: String },
    #[error(
        "one of the stacks is sealed and the other isn't: deploy {into} with SealAtRest={seal}"
    )]
    OtherSealing { into: String, seal: bool },
    #[error("{0} was started again meanwhile: start the move again")]
    NotStill(String),
    #[error(
        "AWS restores no table into another account by itself. Copy backups that were made after \
         {at} into that account, restore them there as {tables}, and start this again"
    )]
    OtherAccount { at: String, tables: String },
    #[error("nothing was done: --dry-run shows what would be done, and --yes does it unasked")]
    Declined,
}

impl OperatorError {
    pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }
}

/// A stack: its tables, and the keys that open them.
#[derive(Clone, Debug)]
pub struct Stack {
    pub store: Store,
    pub keyring: Keyring,
    /// The secret from which the keys were read, if the tables are sealed.
    pub secret: Option<Secret>,
    pub tables: Tables,
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// What only a deployed stack has.
    pub deployed: Option<Deployed>,
}

/// A stack in AWS.
#[derive(Clone, Debug)]
pub struct Deployed {
    pub name: String,
    /// The ARN, which tells stacks of the same name in other regions and accounts apart.
    pub id: String,
    /// What CloudFormation does with it, or did last.
    pub status: String,
    pub sdk: SdkConfig,
    /// The stack's outputs by name.
    pub outputs: BTreeMap<String, String>,
    /// The stack's parameters by name.
    pub parameters: BTreeMap<String, String>,
}

impl Deployed {
    /// Returns an output.
    ///
    /// # Errors
    /// [`OperatorError::NoOutput`].
    pub fn output(&self, name: &'static str) -> Result<&str, OperatorError> {
        self.outputs.get(name).map(String::as_str).ok_or(OperatorError::NoOutput(name))
    }

    /// Returns the account that the stack is in.
    pub(crate) fn account(&self) -> &str {
        self.id_part(4)
    }

    /// Returns the ARN of a table in the stack's region and account:
    /// `arn:aws:dynamodb:eu-west-1:123456789012:table/NAME`.
    pub(crate) fn table_arn(&self, name: &str) -> String {
        let (partition, region, account) = (self.id_part(1), self.region(), self.account());
        format!("arn:{partition}:dynamodb:{region}:{account}:table/{name}")
    }

    fn id_part(&self, index: usize) -> &str {
        self.id.split(':').nth(index).unwrap_or_default()
    }

    /// Returns the region that the stack is in.
    pub(crate) fn region(&self) -> &str {
        self.id_part(3)
    }

    /// Describes the stack again, after it has changed.
    ///
    /// # Errors
    /// [`OperatorError::NoStack`].
    pub async fn again(&self) -> Result<Self, OperatorError> {
        described(self.sdk.clone(), &self.name).await
    }

    /// Returns how long a book is kept that nobody uses, by the parameter with the number of days.
    fn book_ttl_seconds(&self, days: &str) -> Option<u64> {
        let days: u64 = self.parameters.get(days)?.parse().ok()?;
        (days > 0).then_some(days * 24 * 60 * 60)
    }
}

impl Stack {
    /// Finds the stack that the arguments name. What its tables take is counted by `meter`.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub async fn open(args: &StackArgs, meter: &Meter) -> Result<Self, OperatorError> {
        match &args.stack {
            Some(name) => Self::deployed(name, &Place::default(), meter).await,
            None => Self::local(&args.local, args.certificate.as_ref(), meter).await,
        }
    }

    /// Finds the stack that the arguments name, once nothing is being changed in it.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub(crate) async fn open_at_rest(
        args: &StackArgs,
        meter: &Meter,
    ) -> Result<Self, OperatorError> {
        Self::open(args, meter).await?.at_rest(meter).await
    }

    /// Finds a stack in AWS by its name, wherever it is, once nothing is being changed in it.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub(crate) async fn open_in(
        name: &str,
        place: &Place,
        meter: &Meter,
    ) -> Result<Self, OperatorError> {
        Self::deployed(name, place, meter).await?.at_rest(meter).await
    }

    /// Returns what only a stack in AWS has.
    ///
    /// # Errors
    /// [`OperatorError::NoRecovery`] if it is the local server.
    pub(crate) fn in_aws(&self) -> Result<&Deployed, OperatorError> {
        self.deployed.as_ref().ok_or(OperatorError::NoRecovery)
    }

    /// Returns a store over other tables in the same place, with the stack's settings.
    pub(crate) fn store_over(&self, tables: Tables, keyring: Keyring) -> Store {
        store(self.dynamodb.clone(), tables, keyring, self.deployed.as_ref())
    }

    /// Waits until nothing is being changed.
    async fn at_rest(self, meter: &Meter) -> Result<Self, OperatorError> {
        match &self.deployed {
            Some(deployed) if update::ended(deployed).await? => {
                Self::of_deployed(deployed.again().await?, meter).await
            }
            _ => Ok(self),
        }
    }

    async fn deployed(name: &str, place: &Place, meter: &Meter) -> Result<Self, OperatorError> {
        Self::of_deployed(described(place.sdk().await, name).await?, meter).await
    }

    async fn of_deployed(deployed: Deployed, meter: &Meter) -> Result<Self, OperatorError> {
        let table = |name| deployed.output(name).map(ToOwned::to_owned);
        let tables = Tables {
            address_books: table("AddressBooksTableName")?,
            contact_owners: table("ContactOwnersTableName")?,
            users: table("UsersTableName")?,
            subscriptions: table("SubscriptionsTableName")?,
            claims: table("ClaimsTableName")?,
            budgets: table("BudgetsTableName")?,
            sessions: table("SessionsTableName")?,
        };
        let keys = Secret::of(&deployed).await?;
        let dynamodb = meter.on(&aws_sdk_dynamodb::Client::new(&deployed.sdk));
        Self::of(dynamodb, tables, keys, Some(deployed))
    }

    async fn local(
        url: &str,
        trusted: Option<&Trusted>,
        meter: &Meter,
    ) -> Result<Self, OperatorError> {
        let LocalStack { dynamodb, tables, keys } = local_server::ask(url, trusted)
            .await
            .map_err(|reason| OperatorError::NoServer { url: url.to_owned(), reason })?;
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(aws_sdk_dynamodb::config::Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .endpoint_url(dynamodb)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let dynamodb = meter.on(&aws_sdk_dynamodb::Client::from_conf(config));
        Self::of(dynamodb, tables, keys.map(Secret), None)
    }

    fn of(
        dynamodb: aws_sdk_dynamodb::Client,
        tables: Tables,
        secret: Option<Secret>,
        deployed: Option<Deployed>,
    ) -> Result<Self, OperatorError> {
        let keyring = Secret::keyring(secret.as_ref())?;
        let store = store(dynamodb.clone(), tables.clone(), keyring.clone(), deployed.as_ref());
        Ok(Self { store, keyring, secret, tables, dynamodb, deployed })
    }
}

/// Makes a store with the settings of a deployed stack.
pub(crate) fn store(
    dynamodb: aws_sdk_dynamodb::Client,
    tables: Tables,
    keyring: Keyring,
    deployed: Option<&Deployed>,
) -> Store {
    let ttl = |days: &str| deployed.and_then(|deployed| deployed.book_ttl_seconds(days));
    Store::new(dynamodb, tables, keyring, SystemClock)
        .with_book_ttl(ttl("BookTtlDays"))
        .with_device_book_ttl(ttl("DeviceBookTtlDays"))
}

async fn described(sdk: SdkConfig, name: &str) -> Result<Deployed, OperatorError> {
    let failed = |reason: String| OperatorError::NoStack { name: name.to_owned(), reason };
    let asked = aws_sdk_cloudformation::Client::new(&sdk).describe_stacks().stack_name(name).send();
    let answer = asked.await.map_err(|error| {
        let message = error.message().map(ToOwned::to_owned);
        failed(message.unwrap_or_else(|| DisplayErrorContext(&error).to_string()))
    })?;
    let stack = answer.stacks.unwrap_or_default().pop();
    let stack = stack.ok_or_else(|| failed("there is no such stack".to_owned()))?;
    let status = stack.stack_status.as_ref().map(|status| status.as_str().to_owned());
    let outputs = stack.outputs.unwrap_or_default().into_iter();
    let parameters = stack.parameters.unwrap_or_default().into_iter();
    Ok(Deployed {
        name: name.to_owned(),
        id: stack.stack_id.unwrap_or_default(),
        status: status.unwrap_or_default(),
        sdk,
        outputs: outputs.filter_map(|one| Some((one.output_key?, one.output_value?))).collect(),
        parameters: parameters
            .filter_map(|one| Some((one.parameter_key?, one.parameter_value?)))
            .collect(),
    })
}
