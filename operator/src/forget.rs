//! `forget`: the number of somebody who isn't a user is deleted from every book, and no book takes it again.

use std::fmt;

use numbering::Phone;
use protocol::{ForgetError, ForgetReport, allow, forget, is_forgotten};
use serde::Serialize;
use store::{HolderReader, Inspection, Store};

use crate::ask::is_confirmed;
use crate::meter::Meter;
use crate::outcome::{Exit, Outcome};
use crate::span::counted;
use crate::stack::{OperatorError, Stack, StackArgs};

/// Delete the number of somebody who isn't a user from every book, and let no book take it again. It may
/// run while the service does, and a repeat finishes what was interrupted
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct ForgetArgs {
    #[command(flatten)]
    pub stack: StackArgs,
    /// The number, with a plus and its country code
    #[arg(value_name = "PHONE")]
    pub phone: Spelled,
    /// Only say how many books may hold the number
    #[arg(long)]
    pub dry_run: bool,
    /// Let books take the number again. What was deleted doesn't come back by itself
    #[arg(long, conflicts_with = "dry_run")]
    pub allow: bool,
    /// Don't ask before anything is deleted
    #[arg(long)]
    pub yes: bool,
}

/// A phone as a person writes it.
#[derive(Clone, PartialEq, Eq)]
pub struct Spelled(String);

model::hide_debug!(Spelled);

impl From<String> for Spelled {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// What `forget` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Forgotten {
    /// Nothing: that many books may hold the number.
    DryRun { books: usize, is_forgotten: bool },
    /// It is deleted from all books.
    Forgotten { books: usize, contacts: usize },
    /// Books may take it again. It may be that they could before.
    Allowed { was_forgotten: bool },
    /// The number is a user's, who deletes it with their account.
    HasHolder,
    /// Somebody signed up with it, or allowed it, while books were written.
    Overtaken,
    /// A person at the terminal has said no.
    NotConfirmed,
}

pub(crate) async fn run(args: &ForgetArgs, meter: &Meter) -> Result<Forgotten, OperatorError> {
    let stack = Stack::open(&args.stack, meter).await?;
    let phone = stack.phone(&args.phone.0)?;
    if args.allow {
        let was_forgotten = allow(&stack.store, phone).await.map_err(OperatorError::Forget)?;
        return Ok(Forgotten::Allowed { was_forgotten });
    }
    let plan = planned(&stack.store, phone).await?;
    let Forgotten::DryRun { books, .. } = plan else { return Ok(plan) };
    if args.dry_run {
        return Ok(plan);
    }
    let books = counted(books as u64, "book");
    if !args.yes && !is_confirmed(&format!("Delete the number from {books}, for ever?")) {
        return Ok(Forgotten::NotConfirmed);
    }
    forgotten(&stack.store, phone).await
}

/// Reads what forgetting a phone would do.
///
/// # Errors
/// [`OperatorError::Store`].
pub async fn planned(store: &Store, phone: Phone) -> Result<Forgotten, OperatorError> {
    if store.holder(phone).await?.is_some() {
        return Ok(Forgotten::HasHolder);
    }
    let mut books = 0;
    for form in phone.forms() {
        books += store.count_hints(form).await?;
    }
    Ok(Forgotten::DryRun { books, is_forgotten: is_forgotten(store, phone).await? })
}

/// Forgets a phone.
///
/// # Errors
/// [`OperatorError`] if the store failed. A repeat does the rest.
pub async fn forgotten(store: &Store, phone: Phone) -> Result<Forgotten, OperatorError> {
    match forget(store, phone).await {
        Ok(ForgetReport { books, contacts }) => Ok(Forgotten::Forgotten { books, contacts }),
        Err(ForgetError::HasHolder) => Ok(Forgotten::HasHolder),
        Err(ForgetError::Overtaken) => Ok(Forgotten::Overtaken),
        Err(error) => Err(OperatorError::Forget(error)),
    }
}

impl fmt::Display for Forgotten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DryRun { books, is_forgotten } => {
                let mark = if *is_forgotten { "It is forgotten already, and" } else { "The number" };
                write!(f, "{mark} may be in {}. Nothing was changed.", counted(*books as u64, "book"))
            }
            Self::Forgotten { books, contacts } => {
                let (books, contacts) = (*books as u64, *contacts as u64);
                let held = counted(contacts, "contact");
                write!(f, "Deleted {held} from {}. No book takes the number again.", counted(books, "book"))
            }
            Self::Allowed { was_forgotten: true } => {
                f.write_str("Books may take the number again, when apps upload it.")
            }
            Self::Allowed { was_forgotten: false } => f.write_str("The number wasn't forgotten."),
            Self::HasHolder => f.write_str(
                "The number is a user's. Nothing was changed: they can delete their account.",
            ),
            Self::Overtaken => f.write_str(
                "Somebody signed up with the number, or allowed it, in the meantime. Some books keep it.",
            ),
            Self::NotConfirmed => f.write_str("Nothing was changed. Without a terminal, say --yes."),
        }
    }
}

impl Outcome for Forgotten {
    fn exit(&self) -> Exit {
        match self {
            Self::DryRun { .. } | Self::Forgotten { .. } | Self::Allowed { .. } => Exit::Done,
            Self::HasHolder | Self::Overtaken | Self::NotConfirmed => Exit::Found,
        }
    }
}
