//! What a load has measured and found, as JSON, as a page and as a few lines.

mod chart;
mod folder;
mod page;
mod summary;

use std::collections::BTreeMap;

use serde::Serialize;

pub use folder::{Folder, FolderError, to_json};
pub use summary::summary;

use crate::check::{MatchCheck, PushCheck};
use crate::events::Units;
use crate::measure::{Percentiles, Summary};

/// What a file has to begin with to be a report.
pub const FORMAT: &str = "address-book town 1";
/// On demand, us-east-1: of a million read units, and of a million write units.
const DOLLARS_A_MILLION: (f64, f64) = (0.125, 0.625);

/// Everything that a load has measured and found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub format: &'static str,
    pub nothing_lost: bool,
    pub town: TownFigures,
    pub run: RunFigures,
    pub requests: Summary,
    pub matches: MatchCheck,
    /// Absent if the server doesn't tell.
    pub joins: Option<JoinFigures>,
    /// Absent if the server doesn't tell.
    pub units: Option<UnitFigures>,
}

/// The town that was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TownFigures {
    pub seed: u64,
    pub people: u32,
    pub contacts_mean: f64,
    pub contacts_median: u32,
    pub contacts_p99: u32,
    pub contacts_most: u32,
    /// How many of the contacts live in the town.
    pub contacts_of_town_share: f64,
    /// How many books have how many contacts, by powers of two: the first has 0, the second 1, then
    /// 2 and 3, and so on.
    pub contacts_histogram: Vec<u32>,
}

/// How the load ran.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunFigures {
    pub url: String,
    /// Whether the server tells of itself, as one that was started with `cargo run` does.
    pub is_local: bool,
    pub at_once: u32,
    pub minutes: u32,
    /// Whether the time was over before the days were.
    pub stopped_early: bool,
    pub days: u32,
    pub days_done: u32,
    /// How many people have signed up on each day that was begun.
    pub sign_ups_by_day: Vec<u32>,
    pub signed_up: u32,
    pub contacts_uploaded: u64,
    /// How long the people used their apps.
    pub use_seconds: f64,
    /// How long it took after that until the last push had come.
    pub settle_seconds: f64,
    pub check_seconds: f64,
    pub requests_per_second: f64,
    /// How many accounts were deleted at the end, if that was asked for.
    pub left: Option<u32>,
}

/// What came of joins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JoinFigures {
    /// How many pushes came.
    pub pushes: u64,
    /// Absent if the people's user ids aren't known.
    pub check: Option<PushCheck>,
    /// From the answer to the joiner's sign-up to the push.
    pub delay: Percentiles,
    /// How many pushes came within a second, two, four, and so on.
    pub delay_histogram: Vec<u32>,
    /// How many messages came back to their queue.
    pub redelivered: u64,
}

/// What the database was asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnitFigures {
    pub read: f64,
    pub write: f64,
    pub dollars: f64,
    pub dollars_per_person: f64,
    pub by_work: BTreeMap<String, Units>,
    /// Events that weren't read, and so aren't counted.
    pub events_missed: u64,
}

impl UnitFigures {
    /// Adds the work up, for so many people.
    pub fn new(by_work: BTreeMap<String, Units>, people: u32, events_missed: u64) -> Self {
        let read = by_work.values().map(|units| units.read).sum();
        let write = by_work.values().map(|units| units.write).sum();
        let dollars = dollars(read, write);
        let dollars_per_person = dollars / f64::from(people.max(1));
        Self { read, write, dollars, dollars_per_person, by_work, events_missed }
    }
}

/// Returns what units cost.
pub fn dollars(read: f64, write: f64) -> f64 {
    (read * DOLLARS_A_MILLION.0 + write * DOLLARS_A_MILLION.1) / 1e6
}

impl TownFigures {
    /// Describes the books of a town.
    pub fn new(seed: u64, graph: &crate::graph::Graph) -> Self {
        let mut sizes: Vec<u32> = graph.books.iter().map(|book| book.len() as u32).collect();
        sizes.sort_unstable();
        let all: u64 = sizes.iter().map(|size| u64::from(*size)).sum();
        let of_town = graph.books.iter().flatten().filter(|id| graph.is_of_town(**id)).count();
        let at = |percent| crate::measure::nearest_rank(&sizes, percent).unwrap_or(0);
        Self {
            seed,
            people: graph.people,
            contacts_mean: all as f64 / sizes.len() as f64,
            contacts_median: at(50),
            contacts_p99: at(99),
            contacts_most: at(100),
            contacts_of_town_share: of_town as f64 / all.max(1) as f64,
            contacts_histogram: by_powers_of_two(&sizes),
        }
    }
}

/// Returns how many values are 0, 1, 2 to 3, 4 to 7, and so on.
pub fn by_powers_of_two(values: &[u32]) -> Vec<u32> {
    let mut counts = vec![];
    for value in values {
        let power = (u32::BITS - value.leading_zeros()) as usize;
        if counts.len() <= power {
            counts.resize(power + 1, 0);
        }
        counts[power] += 1;
    }
    counts
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::graph::Graph;
    use crate::measure::{Ended, Kind, Measures};
    use std::time::Duration;

    #[test]
    fn values_are_counted_by_powers_of_two() {
        assert_eq!(by_powers_of_two(&[0, 1, 2, 3, 4, 7, 8]), [1, 1, 2, 2, 1]);
        assert_eq!(by_powers_of_two(&[]), [0; 0]);
    }

    #[test]
    fn a_million_units_cost_what_dynamodb_charges_on_demand() {
        assert_eq!(dollars(1e6, 0.0), 0.125);
        assert_eq!(dollars(0.0, 1e6), 0.625);
    }

    /// A report with something in each part.
    pub fn report() -> Report {
        let measures = Measures::new();
        for (kind, ms) in [(Kind::SignIn, 4), (Kind::FirstUpload, 80), (Kind::NothingNew, 1)] {
            measures.note(kind, Duration::from_millis(ms), Ended::Status(200));
        }
        measures.note(Kind::SignIn, Duration::ZERO, Ended::Failed("can't connect"));
        let upload = Units { times: 1, calls: 2, read: 300.0, write: 310.0 };
        let work = BTreeMap::from([("POST /address_book".to_owned(), upload)]);
        let books = vec![vec![1, 2], vec![0]];
        Report {
            format: FORMAT,
            nothing_lost: true,
            town: TownFigures::new(7, &Graph { people: 2, books }),
            run: RunFigures {
                url: "http://127.0.0.1:8080".to_owned(),
                is_local: true,
                at_once: 16,
                minutes: 20,
                stopped_early: false,
                days: 2,
                days_done: 2,
                sign_ups_by_day: vec![1, 1],
                signed_up: 2,
                contacts_uploaded: 3,
                use_seconds: 1.5,
                settle_seconds: 0.5,
                check_seconds: 0.1,
                requests_per_second: 2.0,
                left: None,
            },
            requests: measures.summary(),
            matches: MatchCheck { people: 2, expected: 2, ..MatchCheck::default() },
            joins: Some(JoinFigures {
                pushes: 1,
                check: Some(PushCheck { expected: 1, ..PushCheck::default() }),
                delay: Percentiles::of_micros(&mut [3_000]),
                delay_histogram: vec![1],
                redelivered: 0,
            }),
            units: Some(UnitFigures::new(work, 2, 0)),
        }
    }
}
