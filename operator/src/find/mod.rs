//! `find`: what is stored about a person.

mod report;

use model::{Budget, Clock, Limits, Payer, Scope, SystemClock, UserId};
use protocol::is_forgotten;
use store::{
    BookReader, Bucket, BudgetStore, ClaimStore, HolderChangeStore, Inspection, StoredBook,
};

pub use self::report::{
    AccountFound, BookFound, ChoicesFound, DeviceFound, FindReport, NamesFound, Spent,
};
use crate::ask::is_confirmed;
use crate::meter::Meter;
use crate::stack::{OperatorError, Stack, StackArgs};
use crate::who::{Person, Who, spelling};

/// Show what is stored about a person: account, choices, books, devices and budgets. Names and numbers
/// are hidden unless they are asked for
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
#[command(group = clap::ArgGroup::new("who").required(true))]
pub struct FindArgs {
    #[command(flatten)]
    pub stack: StackArgs,
    /// By their number
    #[arg(long, value_name = "PHONE", group = "who", value_parser = spelling)]
    pub phone: Option<Who>,
    /// By the id by which apps know them
    #[arg(long, value_name = "N", group = "who")]
    pub id: Option<model::PublicId>,
    /// By the id by which their identity provider knows them
    #[arg(long, value_name = "SUBJECT", group = "who")]
    pub subject: Option<UserId>,
    /// Show names, numbers and the names of devices. Without it, a person at a terminal is asked
    #[arg(long)]
    pub names: bool,
}

impl FindArgs {
    fn who(&self) -> Who {
        let by_id = self.id.map(Who::Id);
        let by_subject = self.subject.clone().map(Who::Subject);
        self.phone.clone().or(by_id).or(by_subject).expect("clap requires one of them")
    }
}

pub(crate) async fn run(args: &FindArgs, meter: &Meter) -> Result<FindReport, OperatorError> {
    let stack = Stack::open(&args.stack, meter).await?;
    let who = args.who();
    let person = Person::find(&stack, &who).await?;
    let is_somebody = person.user.is_some();
    let shows_names =
        args.names || is_somebody && !args.stack.json && is_confirmed("Show names and numbers?");
    find(&stack, &who, person, shows_names).await
}

/// Reads what is stored about a person.
///
/// # Errors
/// [`OperatorError`] of the reads.
pub async fn find(
    stack: &Stack,
    who: &Who,
    person: Person,
    shows_names: bool,
) -> Result<FindReport, OperatorError> {
    let (store, now_ms) = (&stack.store, SystemClock.now_ms());
    let mut report = FindReport {
        asked_by: who.to_string(),
        account: AccountFound::of(&person),
        names: shows_names.then(|| NamesFound::of(&person)),
        budgets: budgets(stack, &person, now_ms).await?,
        now_ms,
        ..FindReport::default()
    };
    if let Some(phone) = person.phone {
        let mut books = 0;
        for form in phone.forms() {
            books += store.count_hints(form).await?;
        }
        report.is_forgotten = is_forgotten(store, phone).await?;
        report.books_with_number = Some(books);
    }
    if let Some(user) = &person.user {
        let stored = store.read_books(user).await?;
        report.books =
            stored.iter().map(|(scope, stored)| book(scope, stored, shows_names)).collect();
        let devices = store.devices(user).await?;
        report.is_muted = devices.is_muted;
        let found = |device| DeviceFound::of(device, shows_names);
        report.devices = devices.all.iter().map(found).collect();
        report.pushes_remembered = store.count_claims(user).await?;
    }
    Ok(report)
}

fn book(scope: &Scope, stored: &StoredBook, shows_names: bool) -> BookFound {
    let entries = stored.book.entries();
    BookFound {
        device: match scope {
            Scope::Global => None,
            Scope::Device(udid) if shows_names => Some(udid.as_str().to_owned()),
            Scope::Device(_) => Some("hidden".to_owned()),
        },
        is_open: stored.life.is_open(),
        contacts: entries.len(),
        matches: entries.iter().filter(|entry| entry.matched.is_some()).count(),
        leaving: stored.leaving.entries().len(),
        region: stored.book.region().map(|region| region.code().to_owned()),
        reading_version: stored.book.reading_version(),
        version: stored.version,
        used_at: stored.used_at,
        expires_at: stored.expires_at,
    }
}

/// Reads what is spent of the budgets of the person and of their number.
async fn budgets(stack: &Stack, person: &Person, now_ms: u64) -> Result<Vec<Spent>, OperatorError> {
    let Limits { budget, phoneless_budget, book_changes, holder_changes, .. } = stack.limits();
    let number = person.phone.map(|phone| (Payer::Phone(phone), "number", Some(budget)));
    let user = person.user.clone();
    let account = user.map(|user| (Payer::User(user), "account", phoneless_budget));
    let mut spent = vec![];
    for (payer, of, new_numbers) in number.into_iter().chain(account) {
        let Bucket { empty_at_ms, changes_empty_at_ms, .. } = stack.store.bucket(&payer).await?;
        let holders_at_ms = stack.store.change_bucket(&payer).await?.empty_at_ms;
        let buckets: [(&'static str, Option<Budget>, u64); 3] = [
            ("new_numbers", new_numbers, empty_at_ms),
            ("book_changes", Some(book_changes), changes_empty_at_ms),
            ("holder_changes", Some(holder_changes), holders_at_ms),
        ];
        let found = buckets.into_iter().filter_map(|(what, limit, at_ms)| {
            limit.map(|limit| Spent {
                of,
                what,
                spent: limit.spent(at_ms, now_ms),
                capacity: limit.capacity(),
                per_day: limit.per_day(),
            })
        });
        spent.extend(found);
    }
    Ok(spent)
}
