//! Moving people in.
//!
//! A file is read three times. All accounts come before all books, so that books are written with
//! their matches, once:
//!
//! 1. Every line is read and checked, and compared with those before it (`survey.rs`).
//! 2. The accounts sign up, silently. Each that is written is told to the books that were there
//!    before (`account.rs`, `tell.rs`).
//! 3. The books are uploaded. Nothing is charged (`book.rs`).

mod account;
mod book;
mod report;
mod survey;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;

use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use model::{Clock, PublicId};
use numbering::Region;
use store::Store;

use self::account::Ids;
use self::book::Uploads;
pub use self::report::{Counts, Failure, Imported, Step, Watch};
use self::survey::{Phones, Survey};
use crate::lines::{Line, Lines};
use crate::mistake::Mistake;
use crate::person::{Person, Read};

/// An import: where people move in, and how.
#[derive(Debug)]
pub struct Import<'a, C> {
    pub store: &'a Store,
    pub clock: &'a C,
    /// The region of books that say none, and whose owners have no number.
    pub region: Region,
    /// How many people are worked on at once.
    pub at_once: usize,
    /// Whether accounts and books that are there already become as their lines say. Otherwise they
    /// stay as they are.
    pub overwrites: bool,
    /// Whether nothing is written.
    pub is_dry_run: bool,
}

/// The file can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{path} can't be read: {source}")]
pub struct ImportError {
    pub path: PathBuf,
    pub source: io::Error,
}

impl<C: Clock> Import<'_, C> {
    /// Imports all people of a file. What fails is told to `watch`, and doesn't stop the others.
    ///
    /// It may be stopped at any point and run again: what is done already is then only read.
    ///
    /// # Errors
    /// [`ImportError`]. Some people may have been imported then.
    pub async fn run(&self, path: &Path, watch: &mut dyn Watch) -> Result<Imported, ImportError> {
        let failed = |source| ImportError { path: path.to_owned(), source };
        self.import(path, watch).await.map_err(failed)
    }

    async fn import(&self, path: &Path, watch: &mut dyn Watch) -> io::Result<Imported> {
        // 1.
        watch.begin(Step::Read, None);
        let mut survey = Survey::default();
        for line in Lines::of(path)? {
            survey.add(&line?, self.region, watch);
            watch.done_one();
        }
        let Survey { lines, mut failed, contacts_left_out, greatest_id, phones, .. } = survey;
        let mut imported = Imported {
            is_dry_run: self.is_dry_run,
            lines,
            contacts_left_out,
            ..Imported::default()
        };
        // 2.
        let refused = self.accounts(path, &failed, greatest_id, &mut imported, watch).await?;
        failed.extend(refused);
        // 3.
        let refused = self.all_books(path, &failed, &phones, &mut imported, watch).await?;
        failed.extend(refused);
        imported.failed_lines = failed.len() as u64;
        Ok(imported)
    }

    /// Step 2. Returns the lines that failed.
    async fn accounts(
        &self,
        path: &Path,
        failed: &HashSet<u64>,
        greatest_id: Option<PublicId>,
        imported: &mut Imported,
        watch: &mut dyn Watch,
    ) -> io::Result<Vec<u64>> {
        watch.begin(Step::Accounts, Some(imported.lines - failed.len() as u64));
        let ids = Ids::up_to(greatest_id);
        let mut came = pin!(self.each(path, failed, |person| self.account(person, &ids))?);
        let mut refused = vec![];
        while let Some((line, came)) = came.try_next().await? {
            match came {
                Ok(came) => imported.accounts.add(came),
                Err(mistake) => {
                    refused.push(line);
                    watch.failed(&Failure::of_line(line, mistake));
                }
            }
            watch.done_one();
        }
        Ok(refused)
    }

    /// Step 3. Returns the lines that failed.
    async fn all_books(
        &self,
        path: &Path,
        failed: &HashSet<u64>,
        phones: &Phones,
        imported: &mut Imported,
        watch: &mut dyn Watch,
    ) -> io::Result<Vec<u64>> {
        watch.begin(Step::Books, Some(imported.lines - failed.len() as u64));
        let mut uploads = pin!(self.each(path, failed, |person| self.books(person, phones))?);
        let mut refused = vec![];
        while let Some((line, uploads)) = uploads.try_next().await? {
            let Uploads { came, left_out, mistakes } = uploads.unwrap_or_else(Uploads::failed);
            for came in came {
                imported.books.add(Some(came));
            }
            imported.contacts_left_out += left_out.len() as u64;
            for left_out in left_out {
                watch.failed(&Failure::of_contact(line, left_out));
            }
            for (book, reason) in mistakes {
                refused.push(line);
                watch.failed(&Failure { line, book, contact: None, reason });
            }
            watch.done_one();
        }
        Ok(refused)
    }

    /// Works on the people of all lines that haven't `failed`, some at once. Returns what came of
    /// them, in the order of the lines.
    fn each<T, F>(
        &self,
        path: &Path,
        failed: &HashSet<u64>,
        work: impl Fn(Person) -> F,
    ) -> io::Result<impl Stream<Item = io::Result<(u64, Result<T, Mistake>)>>>
    where
        F: Future<Output = Result<T, Mistake>>,
    {
        let open = |line: &io::Result<Line>| {
            line.as_ref().map_or(true, |line| !failed.contains(&line.number))
        };
        let lines = Lines::of(path)?.filter(open);
        let region = self.region;
        Ok(stream::iter(lines)
            .map(move |line| {
                let read = line.map(|line| (line.number, Person::read(&line.bytes, region)));
                let begun =
                    read.map(|(line, read)| (line, read.map(|Read { person, .. }| work(person))));
                async move {
                    let (line, begun) = begun?;
                    Ok((
                        line,
                        match begun {
                            Ok(work) => work.await,
                            Err(mistake) => Err(mistake),
                        },
                    ))
                }
            })
            .buffered(self.at_once))
    }
}
