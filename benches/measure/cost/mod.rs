//! Counts what each operation costs here and in two other designs, on one embedded DynamoDB, by
//! AWS's rules, and works out when which design is cheapest.

mod chart;
mod compare;
mod habits;
mod input;
mod items;
mod least;
mod measured;
mod operation;
mod ours;
mod tables;

use input::Input;
pub use items::Items;
use least::Least;
use measured::{Cost, Measured, Stored, Tally};
use operation::Operation;

/// Contacts of the books.
const SIZES: [usize; 5] = [100, 300, 1_000, 3_000, 10_000];
/// Books that contain a joining user.
const BOOKS: usize = 10;

/// Returns a subject as long as those in Cognito's tokens.
fn subject(number: usize) -> String {
    format!("2f9bd1c4-6d0e-4c58-9a3b-{number:012}")
}

/// The three designs, measured with books of one size.
struct Designs {
    size: usize,
    ours: Measured,
    usual: Measured,
    plain: Measured,
}

impl Designs {
    /// What people call the designs, in the order of [`Designs::each`].
    const NAMES: [&str; 3] = ["ours", "usual design", "plain items"];

    fn each(&self) -> [&Measured; 3] {
        [&self.ours, &self.usual, &self.plain]
    }
}

/// What is written into the documents.
pub struct Report {
    /// What each operation costs, as Markdown.
    pub operations: String,
    /// Which design is cheapest for whom, as Markdown.
    pub cheapest: String,
    /// What a user costs, as SVG.
    pub chart: String,
}

/// Measures everything.
pub async fn run() -> Report {
    let (mut tables, mut sizes) = (vec![], vec![]);
    for size in SIZES {
        eprintln!("cost: {size} contacts");
        let input = Input::new(size);
        let designs = Designs {
            size,
            ours: ours::measure(&input).await,
            usual: items::measure(Items::Indexed, &input).await,
            plain: items::measure(Items::Plain, &input).await,
        };
        tables.push(tables::table(&designs, &Least::new(&input)));
        sizes.push(designs);
    }
    Report {
        operations: tables.join("\n"),
        cheapest: compare::tables(&sizes),
        chart: chart::chart(&sizes),
    }
}
