//! Prints how long 10,000 phones take to read, as Markdown: `cargo bench -p numbering`.

use std::time::{Duration, Instant};

use numbering::{HomeRegion, Phone, Region};
use phonenumber::metadata::DATABASE;

/// The best of some runs counts: the others measure what else the machine does.
const RUNS: usize = 20;

#[allow(clippy::print_stdout, reason = "a program that prints")]
fn main() {
    let phones = worst_mix();
    println!("| home region | first phone | 10,000 phones | accepted |\n|---|--:|--:|--:|");
    for region in ["US", "DE", "IN", "BR", "GB", "AR", "TH", "CN"] {
        let region: Region = region.parse().expect("a region");
        let (first, _) = timed(|| Phone::read("6502530000", &HomeRegion::from(region)).is_ok());
        let home = HomeRegion::from(region);
        let read = || phones.iter().filter(|phone| Phone::read(phone, &home).is_ok()).count();
        let runs = (0..RUNS).map(|_| timed(read));
        let (all, accepted) = runs.min().expect("some runs");
        println!("| {region} | {:.3} ms | {:.1} ms | {accepted} |", millis(first), millis(all));
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let started = Instant::now();
    let result = work();
    (started.elapsed(), result)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// Each country's example numbers as they are dialled at home, from abroad, with a plus, with a
/// trunk prefix after it and as bare digits. The countries take turns, so that no two neighbours
/// share a pattern.
fn worst_mix() -> Vec<String> {
    let mut examples = vec![];
    for metadata in DATABASE.iter().filter(|metadata| metadata.id() != "001") {
        let kinds = metadata.descriptors();
        let trunk = metadata.national_prefix().unwrap_or_default();
        let code = metadata.country_code();
        for kind in [kinds.mobile(), kinds.fixed_line(), kinds.toll_free()].into_iter().flatten() {
            let Some(example) = kind.example() else { continue };
            examples.extend([
                format!("{trunk}{example}"),
                format!("+{code} {example}"),
                format!("+{code} ({trunk}) {example}"),
                format!("00{code}{example}"),
                format!("{code}{example}"),
            ]);
        }
    }
    examples.sort();
    fastrand::Rng::with_seed(7).shuffle(&mut examples);
    examples.into_iter().cycle().take(10_000).collect()
}
