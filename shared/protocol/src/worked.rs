//! Outcomes of work on messages, which may be done wholly or in part.

/// Counts of what was done.
pub trait Report: Default {
    /// Adds the counts of `other`.
    fn add(&mut self, other: &Self);
}

/// The outcome of a piece of work.
#[derive(Debug)]
pub struct Worked<R, E> {
    /// What was done, even if a part of it failed.
    pub report: R,
    /// The first failure.
    pub result: Result<(), E>,
}

impl<R: Report, E> Worked<R, E> {
    /// Returns the outcome of work that succeeded.
    pub(crate) fn done(report: R) -> Self {
        Self { report, result: Ok(()) }
    }

    /// Returns the outcome of work that did nothing that is counted, and failed.
    pub(crate) fn failed(error: impl Into<E>) -> Self {
        Self { report: R::default(), result: Err(error.into()) }
    }

    /// Returns the outcome of this work and another piece together.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.report.add(&other.report);
        Self { report: self.report, result: self.result.and(other.result) }
    }
}

/// The outcome of work that did nothing that is counted.
impl<R: Report, E, F: Into<E>> From<Result<(), F>> for Worked<R, E> {
    fn from(result: Result<(), F>) -> Self {
        Self { report: R::default(), result: result.map_err(Into::into) }
    }
}
