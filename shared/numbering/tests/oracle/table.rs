//! The results by form, as Markdown.

use std::collections::BTreeMap;
use std::fmt;

use crate::spellings::Spelling;

/// What became of the spellings of one form.
#[derive(Clone, Copy, Default)]
pub struct Row {
    asked: usize,
    right: usize,
    googles: usize,
    wrong: usize,
}

/// The rows, and some spellings that went wrong.
#[derive(Default)]
pub struct Table {
    rows: BTreeMap<&'static str, Row>,
    examples: Vec<String>,
}

impl Row {
    /// Per cent that are read right.
    pub fn right(self) -> f64 {
        self.share(self.right)
    }

    /// Per cent that only Google reads right.
    pub fn wrong(self) -> f64 {
        self.share(self.wrong)
    }

    fn share(self, count: usize) -> f64 {
        100.0 * count as f64 / self.asked.max(1) as f64
    }
}

impl Table {
    pub fn count(&mut self, form: &'static str, right: bool, googles: bool) {
        let row = self.rows.entry(form).or_default();
        row.asked += 1;
        row.right += usize::from(right);
        row.googles += usize::from(googles);
        row.wrong += usize::from(googles && !right);
    }

    pub fn example(&mut self, Spelling { form, home, raw }: Spelling, digits: &str) {
        self.examples.push(format!("{form}: {raw} in {home} isn't {digits}"));
    }

    pub fn total(&self) -> Row {
        self.rows.values().fold(Row::default(), |all, row| Row {
            asked: all.asked + row.asked,
            right: all.right + row.right,
            googles: all.googles + row.googles,
            wrong: all.wrong + row.wrong,
        })
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| form | asked | right | Google right | wrong where Google is right |")?;
        writeln!(f, "|---|--:|--:|--:|--:|")?;
        let total = self.total();
        for (form, row) in self.rows.iter().chain([(&"**all**", &total)]) {
            let [right, googles, wrong] =
                [row.right, row.googles, row.wrong].map(|count| row.share(count));
            writeln!(
                f,
                "| {form} | {} | {right:.2} % | {googles:.2} % | {wrong:.2} % |",
                row.asked
            )?;
        }
        self.examples.iter().take(20).try_for_each(|example| writeln!(f, "{example}"))
    }
}
