//! Replays the corpora of the fuzz targets, so that any test run finds again what fuzzing once
//! found or reached. It also fuzzes a little without coverage, which needs no build of its own.
//! `CORPUS_SECONDS` makes it fuzz for longer, and `CORPUS_SEED` repeats it.

use std::path::Path;
use std::time::{Duration, Instant};

use fuzz_targets::TARGETS;

/// Mutated inputs of one target, unless `CORPUS_SECONDS` gives a duration.
const MUTATIONS: usize = 2_000;
/// The longest input. More bytes make a run slower, and find nothing new.
const MAX_BYTES: usize = 4_096;
/// Pieces that texts and formats are made of.
const TOKENS: [&[u8]; 16] = [
    b"null",
    b"\"\"",
    b"{}",
    b"[",
    b"}",
    b"-1",
    b"1e999",
    b"\"phone\":",
    b"%00",
    b"+",
    b"(0)",
    b"\xFF",
    b"\0",
    b"\\u0000",
    "٤".as_bytes(),
    "📱".as_bytes(),
];

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let files =
        std::fs::read_dir(folder).expect("a corpus").map(|file| file.expect("a file").path());
    let mut files: Vec<_> = files.collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).expect("readable")).collect()
}

#[test]
fn every_input_of_every_corpus_passes_its_target() {
    for (name, target) in TARGETS {
        let inputs = corpus(name);
        assert!(!inputs.is_empty(), "{name} has no corpus");
        inputs.iter().for_each(|input| target(input));
    }
}

#[test]
fn inputs_like_those_of_the_corpora_pass_too() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seed = support::seed("CORPUS_SEED");
    let time = number("CORPUS_SECONDS").map(Duration::from_secs);
    let only = std::env::var("CORPUS_TARGET").ok();
    for (name, target) in
        TARGETS.into_iter().filter(|(name, _)| only.as_deref().is_none_or(|only| only == *name))
    {
        let mut random = fastrand::Rng::with_seed(seed);
        let (inputs, start, mut tried) = (corpus(name), Instant::now(), 0);
        while time.map_or(tried < MUTATIONS, |time| start.elapsed() < time) {
            let input = mutated(&inputs, &mut random);
            let passed = std::panic::catch_unwind(|| target(&input));
            assert!(passed.is_ok(), "CORPUS_SEED={seed} {name}: {input:?}");
            tried += 1;
        }
        println!("{name}: {tried} inputs in {:?}", start.elapsed());
    }
}

/// Returns an input of the corpus after some changes.
fn mutated(inputs: &[Vec<u8>], random: &mut fastrand::Rng) -> Vec<u8> {
    let any = |random: &mut fastrand::Rng| inputs[random.usize(..inputs.len())].clone();
    let mut input = any(random);
    for _ in 0..random.usize(1..8) {
        let place = random.usize(..=input.len());
        match random.usize(..6) {
            0 if place < input.len() => input[place] ^= 1 << random.u8(..8),
            1 if place < input.len() => input[place] = random.u8(..),
            2 => input.truncate(place),
            3 => {
                let end = place + random.usize(..=(input.len() - place).min(16));
                input.drain(place..end);
            }
            4 => {
                let token = TOKENS[random.usize(..TOKENS.len())];
                input.splice(place..place, token.iter().copied());
            }
            _ => {
                let other = any(random);
                input.splice(place.., other[random.usize(..=other.len())..].iter().copied());
            }
        }
    }
    input.truncate(MAX_BYTES);
    input
}
