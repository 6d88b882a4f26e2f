//! What a user costs in a month, out of what the operations cost.

use super::{Designs, Measured, Operation};

const DAYS_A_MONTH: f64 = 30.0;
const WEEKS_A_MONTH: f64 = 52.0 / 12.0;

/// How much a user does.
#[derive(Clone, Copy)]
pub struct Habits {
    /// Uploads of the whole book as it was.
    pub uploads_a_day: f64,
    /// Requests for the registered users.
    pub looks_a_day: f64,
    /// Changes of a contact: as many are new as renamed and removed.
    pub changes_a_week: f64,
    /// Contacts who become users.
    pub joins_a_month: f64,
}

impl Habits {
    /// Opens the app twice a week.
    pub const LIGHT: Self =
        Self { uploads_a_day: 0.3, looks_a_day: 0.3, changes_a_week: 0.25, joins_a_month: 0.25 };
    /// The user of "A million users" in docs/COSTS.md.
    pub const TYPICAL: Self =
        Self { uploads_a_day: 1.0, looks_a_day: 1.0, changes_a_week: 0.5, joins_a_month: 1.0 };
    pub const HEAVY: Self =
        Self { uploads_a_day: 10.0, looks_a_day: 10.0, changes_a_week: 5.0, joins_a_month: 5.0 };
    /// Changes much, and hardly ever looks: what suits our design least.
    pub const WRITER: Self =
        Self { uploads_a_day: 0.0, looks_a_day: 0.1, changes_a_week: 20.0, joins_a_month: 20.0 };

    /// Returns what a million such users cost in a month, in dollars.
    pub fn dollars(&self, design: &Measured) -> f64 {
        let changes: f64 = Operation::CHANGES.map(|change| design.dollars(change)).iter().sum();
        let change = changes / Operation::CHANGES.len() as f64;
        design.stored.dollars()
            + DAYS_A_MONTH * self.uploads_a_day * design.dollars(Operation::SameUpload)
            + DAYS_A_MONTH * self.looks_a_day * design.dollars(Operation::LOOK)
            + WEEKS_A_MONTH * self.changes_a_week * change
            + self.joins_a_month * design.dollars(Operation::JoinOfBook)
    }
}

/// Where two designs cost the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BreakEven {
    /// Ours is cheaper from here on.
    From(f64),
    /// Ours is cheaper up to here.
    UpTo(f64),
    /// Ours is cheaper everywhere.
    Always,
    /// Ours is cheaper nowhere.
    Never,
}

/// Returns how much of a habit makes ours as dear as `other`. Costs grow with a habit in a straight
/// line.
pub fn break_even(
    designs: &Designs,
    other: &Measured,
    habits: impl Fn(f64) -> Habits,
) -> BreakEven {
    let saved = |much: f64| habits(much).dollars(other) - habits(much).dollars(&designs.ours);
    between(saved(0.0), saved(1.0) - saved(0.0))
}

/// Returns where a line that begins at `saved` and climbs by `slope` crosses zero.
fn between(saved: f64, slope: f64) -> BreakEven {
    match (saved > 0.0, slope > 0.0) {
        (true, true) => BreakEven::Always,
        (false, false) => BreakEven::Never,
        (false, true) => BreakEven::From(-saved / slope),
        (true, false) => BreakEven::UpTo(-saved / slope),
    }
}
