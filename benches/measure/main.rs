//! What it costs and how fast it is, beside what a team would otherwise write.
//!
//! `cargo bench` prints each part and puts it into `docs/PERFORMANCE.md`; `cargo bench -- cost` does one
//! part alone. The costs are counts, the same in every run; all else depends on the machine.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for people at a terminal")]

mod cost;
mod report;
#[path = "../../tests/suite/support"]
#[allow(dead_code, reason = "the tests ask it for more")]
mod support {
    pub mod embedded;
    pub mod meter;
    pub mod people;
    pub mod phones;
    pub mod queue;
    pub mod requests;
    pub mod rules;
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // cargo itself passes `--bench`.
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|asked| asked == part);
    if wanted("cost") {
        report::write("cost", &cost::run().await);
    }
}
