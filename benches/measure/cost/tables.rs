//! The tables of what each operation costs.

use std::fmt::Write as _;

use super::{Cost, Designs, Least, Measured, Operation};
use crate::report::{number, times};

const HEAD: &str = "\
| operation | requests | read units | write units | KB | $ per million | usual, plain ÷ ours | least | \
ours ÷ least |
|---|--:|--:|--:|--:|--:|--:|--:|--:|";

/// Returns the table for one size, as Markdown.
pub fn table(designs: &Designs, least: &Least) -> String {
    let say = "writing to a string can't fail";
    let stored = designs.each().map(|design| number(stored_per_contact(design, designs.size)));
    let mut text = String::new();
    writeln!(
        text,
        "**{} contacts**, {} bytes stored for each\n\n{HEAD}",
        number(designs.size as f64),
        stored.join(" / ")
    )
    .expect(say);
    for operation in Operation::ALL {
        let ours = designs.ours.cost(operation).expect("ours does everything");
        let others =
            [&designs.usual, &designs.plain].map(|design| ratio(design.cost(operation), &ours));
        writeln!(
            text,
            "| {}{} | {} | {} | {} | {} | {} | {} | {} | {} |",
            operation.name(),
            operation.footnote(),
            cell(designs, operation, |cost| cost.requests),
            cell(designs, operation, |cost| cost.read),
            cell(designs, operation, |cost| cost.written),
            cell(designs, operation, |cost| (cost.bytes / 1024.0).ceil()),
            cell(designs, operation, Cost::dollars),
            others.join(", "),
            units(&least.cost(operation)),
            ratio(Some(ours), &least.cost(operation)),
        )
        .expect(say);
    }
    text
}

fn stored_per_contact(design: &Measured, contacts: usize) -> f64 {
    (design.stored.bytes() as f64 / contacts as f64).round()
}

/// Returns a value of all designs, with a dash for those that don't have the operation.
fn cell(designs: &Designs, operation: Operation, value: fn(&Cost) -> f64) -> String {
    let of = |design: &Measured| {
        design.cost(operation).map_or_else(|| "–".to_owned(), |cost| number(value(&cost)))
    };
    designs.each().map(of).join(" / ")
}

/// Returns how many times dearer a design is than another, or a dash if it doesn't have the
/// operation.
fn ratio(dearer: Option<Cost>, than: &Cost) -> String {
    dearer.map_or_else(|| "–".to_owned(), |cost| times(cost.dollars() / than.dollars()))
}

/// Returns the read and the write units, without those that are zero.
fn units(cost: &Cost) -> String {
    let some = [(cost.read, "r"), (cost.written, "w")];
    let some = some.into_iter().filter(|(units, _)| *units != 0.0);
    some.map(|(units, kind)| format!("{} {kind}", number(units))).collect::<Vec<_>>().join(" + ")
}
