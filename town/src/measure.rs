//! How long requests took, and how they ended.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    SignIn,
    Profile,
    Subscribe,
    FirstUpload,
    SameUpload,
    ChangedUpload,
    Matches,
    NothingNew,
    FullMatches,
    Check,
    Leave,
}

impl Kind {
    /// Returns what a person calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::SignIn => "sign in",
            Self::Profile => "write the profile",
            Self::Subscribe => "subscribe a device",
            Self::FirstUpload => "first upload",
            Self::SameUpload => "same upload again",
            Self::ChangedUpload => "upload with a change",
            Self::Matches => "who is here, compact",
            Self::NothingNew => "who is here, nothing new (304)",
            Self::FullMatches => "who is here, full profiles",
            Self::Check => "check at the end",
            Self::Leave => "delete the account",
        }
    }
}

/// How an attempt of a request ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    Status(u16),
    /// There was no answer, for this reason.
    Failed(&'static str),
}

/// What was measured so far.
#[derive(Debug)]
pub struct Measures {
    began: Instant,
    attempts: AtomicU64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// For each kind, how long each answered attempt took, in microseconds.
    took: BTreeMap<Kind, Vec<u32>>,
    ended: BTreeMap<(Kind, Ended), u64>,
    retries: u64,
    /// How many attempts ended in each second.
    by_second: Vec<u32>,
}

impl Measures {
    /// Creates measures that begin now.
    pub fn new() -> Self {
        Self { began: Instant::now(), attempts: AtomicU64::new(0), kept: Mutex::default() }
    }

    /// Returns how long it is since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Returns how many attempts there were.
    pub fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// Notes an attempt.
    pub fn note(&self, kind: Kind, took: Duration, ended: Ended) {
        let second = self.began.elapsed().as_secs() as usize;
        self.attempts.fetch_add(1, Ordering::Relaxed);
        let mut kept = self.lock();
        if let Ended::Status(_) = ended {
            let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
            kept.took.entry(kind).or_default().push(micros);
        }
        *kept.ended.entry((kind, ended)).or_default() += 1;
        if kept.by_second.len() <= second {
            kept.by_second.resize(second + 1, 0);
        }
        kept.by_second[second] += 1;
    }

    /// Notes that a request is sent again.
    pub fn note_retry(&self) {
        self.lock().retries += 1;
    }

    /// Returns what was measured.
    pub fn summary(&self) -> Summary {
        let kept = self.lock();
        let mut summary = Summary { retries: kept.retries, ..Summary::default() };
        summary.by_second.clone_from(&kept.by_second);
        for (kind, took) in &kept.took {
            let mut took = took.clone();
            let busy: u64 = took.iter().map(|micros| u64::from(*micros)).sum();
            summary.kinds.push(KindSummary {
                kind: *kind,
                count: took.len() as u64,
                latency: Percentiles::of_micros(&mut took),
                busy_seconds: busy as f64 / 1e6,
                statuses: BTreeMap::new(),
            });
        }
        for ((kind, ended), count) in &kept.ended {
            match ended {
                Ended::Status(status) => {
                    *summary.statuses.entry(*status).or_default() += count;
                    let of_kind = summary.kinds.iter_mut().find(|summary| summary.kind == *kind);
                    if let Some(of_kind) = of_kind {
                        of_kind.statuses.insert(*status, *count);
                    }
                }
                Ended::Failed(reason) => {
                    *summary.failures.entry((*reason).to_owned()).or_default() += count;
                }
            }
        }
        summary
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was measured of all requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    pub kinds: Vec<KindSummary>,
    pub statuses: BTreeMap<u16, u64>,
    /// Attempts without an answer, by their reason.
    pub failures: BTreeMap<String, u64>,
    pub retries: u64,
    /// How many attempts ended in each second.
    pub by_second: Vec<u32>,
}

impl Summary {
    /// Returns how many attempts there were.
    pub fn attempts(&self) -> u64 {
        self.statuses.values().chain(self.failures.values()).sum()
    }
}

/// What was measured of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KindSummary {
    pub kind: Kind,
    pub count: u64,
    pub latency: Percentiles,
    /// How long all of them took together.
    pub busy_seconds: f64,
    pub statuses: BTreeMap<u16, u64>,
}

/// Percentiles in milliseconds, by the nearest rank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Percentiles {
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

impl Percentiles {
    /// Returns the percentiles of some durations in microseconds, which it sorts. Those of nothing
    /// are 0.
    pub fn of_micros(durations: &mut [u32]) -> Self {
        durations.sort_unstable();
        let at = |percent| f64::from(nearest_rank(durations, percent).unwrap_or(0)) / 1000.0;
        Self { p50_ms: at(50), p90_ms: at(90), p99_ms: at(99), max_ms: at(100) }
    }
}

/// Returns the smallest value that at least `percent` of 100 values don't exceed.
pub fn nearest_rank(sorted: &[u32], percent: usize) -> Option<u32> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        // The example of Wikipedia's article "Percentile".
        let five = [15, 20, 35, 40, 50];
        for (percent, value) in [(5, 15), (30, 20), (40, 20), (50, 35), (100, 50)] {
            assert_eq!(nearest_rank(&five, percent), Some(value), "{percent}");
        }
        assert_eq!(nearest_rank(&[], 50), None);
        let mut hundred: Vec<u32> = (1..=100).rev().map(|ms| ms * 1000).collect();
        let percentiles = Percentiles { p50_ms: 50.0, p90_ms: 90.0, p99_ms: 99.0, max_ms: 100.0 };
        assert_eq!(Percentiles::of_micros(&mut hundred), percentiles);
    }

    #[test]
    fn attempts_are_counted_by_kind_status_and_reason() {
        let measures = Measures::new();
        for (ms, ended) in
            [(5, Ended::Status(200)), (7, Ended::Status(503)), (9, Ended::Status(200))]
        {
            measures.note(Kind::FirstUpload, Duration::from_millis(ms), ended);
        }
        measures.note(Kind::SignIn, Duration::from_secs(1), Ended::Failed("timed out"));
        measures.note_retry();
        let summary = measures.summary();
        let [upload] = &summary.kinds[..] else { panic!("{:?}", summary.kinds) };
        assert_eq!((upload.count, upload.latency.p50_ms, upload.busy_seconds), (3, 7.0, 0.021));
        assert_eq!(upload.statuses, BTreeMap::from([(200, 2), (503, 1)]));
        assert_eq!(summary.failures, BTreeMap::from([("timed out".to_owned(), 1)]));
        assert_eq!((summary.attempts(), summary.retries), (4, 1));
        assert_eq!(summary.by_second.iter().sum::<u32>(), 4);
    }
}
