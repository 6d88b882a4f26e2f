//! What one design costs.

use std::collections::BTreeMap;
use std::iter::Sum;
use std::ops::{Add, Mul};

use super::Operation;
use support::meter::{Meter, Units};

/// Dollars of a million write units, and of a million read units: on demand, us-east-1.
const DOLLARS_WRITTEN: f64 = 0.625;
const DOLLARS_READ: f64 = 0.125;
/// Dollars of a gigabyte a month: stored, and for point-in-time recovery, which indexes don't have.
const DOLLARS_STORED: f64 = 0.25;
const DOLLARS_RECOVERABLE: f64 = 0.20;
/// Bytes that DynamoDB adds to each item and each entry of an index when it charges for storage.
const ITEM_OVERHEAD: usize = 100;
/// Dollars are counted for this many operations, or users.
const MILLION: f64 = 1e6;

/// What an operation costs. Means needn't be whole.
#[derive(Clone, Copy, Default)]
pub struct Cost {
    pub requests: f64,
    pub read: f64,
    pub written: f64,
    /// Bytes of the requests' and answers' bodies.
    pub bytes: f64,
}

impl Cost {
    /// Returns the dollars of a million such operations.
    pub fn dollars(&self) -> f64 {
        self.written * DOLLARS_WRITTEN + self.read * DOLLARS_READ
    }
}

impl From<Units> for Cost {
    fn from(Units { requests, read, written, bytes, answered: _ }: Units) -> Self {
        Self { requests: requests as f64, read, written, bytes: bytes as f64 }
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            read: self.read + other.read,
            written: self.written + other.written,
            bytes: self.bytes + other.bytes,
        }
    }
}

impl Mul<f64> for Cost {
    type Output = Self;

    fn mul(self, times: f64) -> Self {
        Self {
            requests: self.requests * times,
            read: self.read * times,
            written: self.written * times,
            bytes: self.bytes * times,
        }
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Self::add)
    }
}

/// The bytes that one book takes, without users.
#[derive(Default)]
pub struct Stored {
    items: usize,
    bytes: usize,
    index_entries: usize,
    index_bytes: usize,
}

impl Stored {
    /// Counts the items of a table, by their sizes.
    pub fn table(sizes: &[usize]) -> Self {
        Self { items: sizes.len(), bytes: sizes.iter().sum(), ..Self::default() }
    }

    /// Adds an index that holds all of each item.
    pub fn with_index(self) -> Self {
        Self { index_entries: self.items, index_bytes: self.bytes, ..self }
    }

    pub fn bytes(&self) -> usize {
        self.bytes + self.index_bytes
    }

    /// Returns the dollars of a month in which a million books are stored.
    pub fn dollars(&self) -> f64 {
        let gigabytes =
            |items: usize, bytes: usize| (items * ITEM_OVERHEAD + bytes) as f64 * MILLION / 1e9;
        gigabytes(self.items, self.bytes) * (DOLLARS_STORED + DOLLARS_RECOVERABLE)
            + gigabytes(self.index_entries, self.index_bytes) * DOLLARS_STORED
    }
}

/// Counts the operations of one design.
pub struct Tally {
    meter: Meter,
    costs: BTreeMap<Operation, Cost>,
}

impl Tally {
    pub fn new(meter: Meter) -> Self {
        Self { meter, costs: BTreeMap::new() }
    }

    /// Forgets what was sent since the last call.
    pub fn skip(&self) {
        self.meter.take();
    }

    /// Takes what was sent since the last call for `times` operations, and keeps their mean.
    pub fn record(&mut self, operation: Operation, times: usize) {
        let units = self.meter.take();
        let name = operation.name();
        assert_eq!(units.read + units.written, units.answered, "{name}: rules and answers differ");
        self.costs.insert(operation, Cost::from(units) * (1.0 / times as f64));
    }

    pub fn into_measured(self, stored: Stored) -> Measured {
        Measured { costs: self.costs, stored }
    }
}

/// The results for one design.
pub struct Measured {
    costs: BTreeMap<Operation, Cost>,
    pub stored: Stored,
}

impl Measured {
    /// Returns what an operation costs, or nothing if the design doesn't have it.
    pub fn cost(&self, operation: Operation) -> Option<Cost> {
        let measured = self.costs.get(&operation).copied();
        measured.or_else(|| operation.sum(|part| self.cost(part)))
    }

    /// Returns what a million of an operation cost; nothing if the design doesn't have it.
    pub fn dollars(&self, operation: Operation) -> f64 {
        self.cost(operation).map_or(0.0, |cost| cost.dollars())
    }
}
