//! Counts what each operation costs here and in the usual design, on one embedded DynamoDB, by
//! AWS's rules.

mod baseline;
mod ours;

use std::fmt::Write as _;

pub use baseline::{CONTACTS, create_tables};

use crate::report::number;
use support::meter::Units;
use support::people::{Person, people};

/// Contacts of the books.
const SIZES: [usize; 4] = [100, 300, 1_000, 10_000];
/// One contact in this many is a user.
const REGISTERED_EACH: usize = 10;
/// Books that contain the joining user.
const BOOKS_OF_JOINER: usize = 300;
/// Dollars of a million write units, and of a million read units: on demand, us-east-1.
const DOLLARS_WRITTEN: f64 = 0.625;
const DOLLARS_READ: f64 = 0.125;

/// Names of rows that are added to others.
const ADDED: &str = "one new contact";
const COMPACT: &str = "registered users, compact";
const JOINED: &str = "a user joins who stands in 300 books";

/// Returns a subject as long as those in Cognito's tokens.
fn subject(number: usize) -> String {
    format!("2f9bd1c4-6d0e-4c58-9a3b-{number:012}")
}

/// The input of all measurements for one size.
struct Input {
    book: Vec<Person>,
    /// Half of the book, and as many other people.
    half_new: Vec<Person>,
    /// A person who isn't in the book.
    newcomer: Person,
    joiner: Person,
}

impl Input {
    fn new(size: usize) -> Self {
        let mut all = people(7);
        let mut some = |count: usize| all.by_ref().take(count).collect::<Vec<Person>>();
        let book = some(size);
        let half_new = book.iter().skip(size / 2).cloned().chain(some(size / 2)).collect();
        let mut others = some(2);
        let (newcomer, joiner) = (others.remove(0), others.remove(0));
        Self { book, half_new, newcomer, joiner }
    }

    /// Returns the people of the book who are users.
    fn registered(&self) -> impl Iterator<Item = &Person> {
        self.book.iter().step_by(REGISTERED_EACH)
    }
}

/// The units of one operation in one design.
type Row = (&'static str, Units);

/// The results for one design.
struct Measured {
    rows: Vec<Row>,
    /// Bytes that its tables hold per contact, without the users.
    stored_per_contact: f64,
}

impl Measured {
    fn units(&self, what: &str) -> Units {
        self.rows.iter().find(|(name, _)| *name == what).expect("it was measured").1
    }

    /// Adds rows that sum up a write and the reads that it is for.
    fn with_sums(self) -> Self {
        let sum = |first: &str, times: usize| {
            let (first, then) = (self.units(first), self.units(COMPACT));
            Units {
                requests: first.requests + times * then.requests,
                read: first.read + times as f64 * then.read,
                written: first.written + times as f64 * then.written,
                bytes: first.bytes + times * then.bytes,
                answered: first.answered + times as f64 * then.answered,
            }
        };
        let added = ("one new contact, and one look at who is registered", sum(ADDED, 1));
        let joined = ("a user joins, and the 300 owners look once", sum(JOINED, BOOKS_OF_JOINER));
        let rows = self.rows.iter().copied().chain([added, joined]).collect();
        Self { rows, ..self }
    }
}

/// Returns the mark of the footnote that says why we are behind in a row, or nothing.
fn why(what: &str) -> &'static str {
    match what {
        "one new contact" | "one changed name" | "one removed" => " [1]",
        JOINED => " [2]",
        _ => "",
    }
}

/// Measures everything, and returns the tables as Markdown.
pub async fn run() -> String {
    let mut text = String::new();
    for size in SIZES {
        eprintln!("cost: {size} contacts");
        let input = Input::new(size);
        let ours = ours::measure(&input).await.with_sums();
        let baseline = baseline::measure(&input).await.with_sums();
        table(&mut text, size, &ours, &baseline);
    }
    text
}

fn table(text: &mut String, size: usize, ours: &Measured, baseline: &Measured) {
    let say = "writing to a string can't fail";
    let stored = [ours, baseline].map(|side| number(side.stored_per_contact.round()));
    writeln!(
        text,
        "**{} contacts**, {} / {} bytes stored for each\n",
        number(size as f64),
        stored[0],
        stored[1]
    )
    .expect(say);
    writeln!(
        text,
        "| operation | requests | read units | write units | KB | $ per million | ratio |"
    )
    .expect(say);
    writeln!(text, "|---|--:|--:|--:|--:|--:|--:|").expect(say);
    for ((what, ours), (same, theirs)) in ours.rows.iter().zip(&baseline.rows) {
        assert_eq!(what, same, "both sides measure the same");
        let pair = |value: fn(&Units) -> f64| {
            format!("{} / {}", number(value(ours)), number(value(theirs)))
        };
        writeln!(
            text,
            "| {what}{} | {} | {} | {} | {} | {} | {} |",
            why(what),
            pair(|units| units.requests as f64),
            pair(|units| units.read),
            pair(|units| units.written),
            pair(|units| (units.bytes as f64 / 1024.0).ceil()),
            pair(dollars),
            ratio(dollars(theirs) / dollars(ours)),
        )
        .expect(say);
    }
    text.push('\n');
}

fn dollars(units: &Units) -> f64 {
    units.written * DOLLARS_WRITTEN + units.read * DOLLARS_READ
}

/// Formats how many times cheaper an operation is here. Below 1, it is dearer.
fn ratio(times: f64) -> String {
    if times < 0.01 {
        return "<0.01×".to_owned();
    }
    if times < 10.0 { format!("{times:.2}×") } else { format!("{times:.0}×") }
}
