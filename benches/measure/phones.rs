//! Measures how fast phones are parsed, ten thousand at a time.

use std::fmt::Write as _;
use std::time::Instant;

use numbering::{HomeRegion, Phone, Region};

use crate::report::number;

/// Parses ten thousand phones of all countries in several home regions. Returns the times as
/// Markdown.
pub fn run() -> String {
    let say = "writing to a string can't fail";
    let mut text =
        String::from("| home region | loading | 10,000 phones | accepted |\n|---|--:|--:|--:|\n");
    let phones = worst_mix();
    for region in ["US", "DE", "IN", "BR", "GB", "AR"] {
        let home = HomeRegion::from(region.parse::<Region>().expect("a region"));
        let started = Instant::now();
        let _ = Phone::read("6502530000", &home);
        let loading = started.elapsed().as_secs_f64() * 1_000.0;
        let started = Instant::now();
        let accepted = phones.iter().filter(|phone| Phone::read(phone, &home).is_ok()).count();
        let all = started.elapsed().as_secs_f64() * 1_000.0;
        writeln!(
            text,
            "| {region} | {loading:.1} ms | {all:.0} ms | {} |",
            number(accepted as f64)
        )
        .expect(say);
    }
    text
}

/// Returns each country's example numbers as they are dialled at home, from abroad, with a plus,
/// and as bare digits. The countries take turns, so that no two neighbours share a pattern.
fn worst_mix() -> Vec<String> {
    let mut examples = vec![];
    for metadata in phonenumber::metadata::DATABASE.iter().filter(|metadata| metadata.id() != "001")
    {
        let kinds = metadata.descriptors();
        let prefix = metadata.national_prefix().unwrap_or_default();
        let code = metadata.country_code();
        for kind in [kinds.mobile(), kinds.fixed_line(), kinds.toll_free()].into_iter().flatten() {
            let Some(example) = kind.example() else { continue };
            examples.extend([
                format!("{prefix}{example}"),
                format!("+{code} {example}"),
                format!("00{code}{example}"),
                format!("{code}{example}"),
            ]);
        }
    }
    examples.sort();
    fastrand::Rng::with_seed(7).shuffle(&mut examples);
    examples.into_iter().cycle().take(10_000).collect()
}
