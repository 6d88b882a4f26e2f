//! Measures what the service costs and how fast it is, beside what a team would otherwise write.
//!
//! `just bench` prints each part and writes it into `docs/PERFORMANCE.md`; the part `cost` also
//! draws `docs/cost.svg`. `just bench cost` runs one part alone. The costs are counts, and the same
//! in every run. Everything else depends on the machine.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for people at a terminal"
)]

mod cold;
mod cost;
mod load;
mod profile;
mod report;
use model::{Budget, Issuers, Limits};

/// Returns the settings of the template, except for a budget so large that no owner here spends it.
fn upload_settings() -> upload::Settings {
    let budget = Budget::new(1_000_000, 1);
    let limits = Limits {
        budget,
        phoneless_budget: Some(budget),
        book_changes: budget,
        ..Limits::default()
    };
    upload::Settings { default_region: support::region(), issuers: Issuers::default(), limits }
}

fn main() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // `cargo` itself passes `--bench`.
    let asked: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let named = |part: &str| asked.iter().any(|asked| asked == part);
    let wanted = |part: &str| asked.is_empty() || named(part);
    if wanted("cost") {
        let costs = runtime.block_on(cost::run());
        report::write("cost", &costs.operations);
        report::write("cheapest", &costs.cheapest);
        report::write_file("cost.svg", &costs.chart);
    }
    if wanted("load") {
        report::write("load", &load::run());
    }
    // It runs only if it is asked for, because it needs what `cold/prepare` makes.
    if named("cold") {
        report::write("cold", &runtime.block_on(cold::run()));
        report::write("growth", &runtime.block_on(cold::growth()));
    }
    // It prints nothing, because it is run under a profiler.
    if named("profile") {
        runtime.block_on(profile::run());
    }
}
