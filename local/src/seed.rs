//! The people whom the server has from its start.

use std::path::Path;

use model::SystemClock;
use people::{Failure, Import, ImportError, Step, Watch};
use store::Store;

use crate::server::HOME_REGION;

/// How many people move in at once.
const AT_ONCE: usize = 16;

/// Why the people of a file couldn't move in.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Something in the file wasn't imported.
    #[error("not everybody moved in: line {}: {} ({failures} failures in all)", first.line, first.reason)]
    Failed {
        /// The first failure.
        first: Failure,
        failures: usize,
    },
}

/// Moves the people of `file` in. Those who are there already stay as they are.
pub(crate) async fn seed(store: &Store, file: &Path) -> Result<(), SeedError> {
    let region = HOME_REGION.parse().expect("a region is two capitals");
    let clock = &SystemClock;
    let import =
        Import { store, clock, region, at_once: AT_ONCE, overwrites: false, is_dry_run: false };
    let mut failures = Failures::default();
    import.run(file, &mut failures).await?;
    match failures.0.first() {
        None => Ok(()),
        Some(first) => Err(SeedError::Failed { first: first.clone(), failures: failures.0.len() }),
    }
}

#[derive(Default)]
struct Failures(Vec<Failure>);

impl Watch for Failures {
    fn begin(&mut self, _: Step, _: Option<u64>) {}

    fn done_one(&mut self) {}

    fn failed(&mut self, failure: &Failure) {
        self.0.push(failure.clone());
    }
}

#[cfg(test)]
mod tests {
    use model::PublicId;
    use store::AccountStore;

    use super::*;
    use crate::database::Database;

    #[tokio::test]
    async fn the_example_moves_in_and_a_mistake_is_told_by_its_line() {
        let database = Database::in_memory().await.expect("a database");
        let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/people.jsonl");
        for _ in 0..2 {
            seed(&database.store(), Path::new(example)).await.expect("moved in");
        }
        let id = PublicId::new(101).expect("an id");
        assert!(database.store().profile(id).await.expect("readable").is_some());

        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "\n{\"subject\":\"x\"}\n").expect("written");
        let error = seed(&database.store(), file.path()).await.expect_err("it makes no sense");
        assert_eq!(
            error.to_string(),
            "not everybody moved in: line 2: the person has neither an account nor a book \
             (1 failures in all)"
        );
    }
}
