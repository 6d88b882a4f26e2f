//! The tables of which design is cheapest for whom.

use std::fmt::Write as _;

use super::Designs;
use super::habits::{BreakEven, Habits, break_even};
use crate::report::{number, times};

/// The users of the comparison.
const USERS: [(&str, Habits); 4] = [
    ("light", Habits::LIGHT),
    ("typical", Habits::TYPICAL),
    ("heavy", Habits::HEAVY),
    ("writer", Habits::WRITER),
];
/// The changes a week of somebody who changes much.
const MANY_CHANGES: f64 = 7.0;
/// What is less than this is as good as nothing.
const NOTHING: f64 = 0.005;

/// Returns all tables, as Markdown.
pub fn tables(sizes: &[Designs]) -> String {
    [users(), cheapest(sizes), break_evens(sizes)].join("\n")
}

fn users() -> String {
    let mut text = "| user | same upload again, a day | looks a day | changes a week | \
                    joins a month |\n|---|--:|--:|--:|--:|\n"
        .to_owned();
    for (name, Habits { uploads_a_day, looks_a_day, changes_a_week, joins_a_month }) in USERS {
        let habits = [uploads_a_day, looks_a_day, changes_a_week, joins_a_month].map(number);
        writeln!(text, "| {name} | {} |", habits.join(" | ")).expect("it is a string");
    }
    text
}

fn cheapest(sizes: &[Designs]) -> String {
    let names = USERS.map(|(name, _)| name).join(" | ");
    let mut text = format!("| contacts | {names} |\n|--:|---|---|---|---|\n");
    for designs in sizes {
        let cells = USERS.map(|(_, habits)| verdict(designs, &habits)).join(" | ");
        let size = number(designs.size as f64);
        writeln!(text, "| {size} | {cells} |").expect("it is a string");
    }
    text
}

/// Returns which design is cheapest, by how much, and the dollars of all.
fn verdict(designs: &Designs, habits: &Habits) -> String {
    let dollars = designs.each().map(|design| habits.dollars(design));
    let mut order = [0, 1, 2];
    order.sort_by(|one, other| dollars[*one].total_cmp(&dollars[*other]));
    let [first, second, _] = order;
    let name = Designs::NAMES[first];
    let by = times(dollars[second] / dollars[first]);
    format!("**{name}** {by}: {}", dollars.map(|dollars| number(dollars.round())).join(" / "))
}

fn break_evens(sizes: &[Designs]) -> String {
    let quiet = Habits { uploads_a_day: 0.0, ..Habits::TYPICAL };
    let looks = |looks_a_day| Habits { looks_a_day, ..quiet };
    let looks_of_many = |looks_a_day| Habits { looks_a_day, changes_a_week: MANY_CHANGES, ..quiet };
    let changes = |changes_a_week| Habits { changes_a_week, ..quiet };
    let joins = |joins_a_month| Habits { joins_a_month, ..quiet };
    let mut text = format!(
        "| contacts | looks a day, at {} changes a week | looks a day, at {} changes a week | \
         changes a week, at a look a day | joins a month, at a look a day |\n\
         |--:|--:|--:|--:|--:|\n",
        number(quiet.changes_a_week),
        number(MANY_CHANGES)
    );
    for designs in sizes {
        let cells = [
            pair(designs, &looks),
            pair(designs, &looks_of_many),
            pair(designs, &changes),
            pair(designs, &joins),
        ];
        let size = number(designs.size as f64);
        writeln!(text, "| {size} | {} |", cells.join(" | ")).expect("it is a string");
    }
    text
}

/// Returns the break-even points with the usual design and with plain items.
fn pair(designs: &Designs, habits: &dyn Fn(f64) -> Habits) -> String {
    [&designs.usual, &designs.plain]
        .map(|other| match break_even(designs, other, habits) {
            BreakEven::From(much) if much >= NOTHING => format!("from {}", number(much)),
            BreakEven::UpTo(much) if much >= NOTHING => format!("up to {}", number(much)),
            BreakEven::Always | BreakEven::From(_) => "always".to_owned(),
            BreakEven::Never | BreakEven::UpTo(_) => "never".to_owned(),
        })
        .join(" / ")
}
