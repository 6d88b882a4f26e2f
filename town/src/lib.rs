//! `load`: fills a running address book with a believable town, over HTTP alone, and checks that
//! nothing was lost.
//!
//! A few people know very many others (`graph`). They sign up in an S-curve over some days, and
//! then start their apps again (`calendar`, `person`). What the server answers is measured
//! (`measure`); a local server also tells what it did (`events`). In the end everybody's matches
//! and pushes are compared with what they have to be (`check`), and a `report` is written.

mod args;
mod calendar;
mod check;
mod client;
mod clock;
mod events;
mod graph;
mod load;
mod measure;
mod people;
mod person;
mod progress;
mod report;
mod town;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;

pub use args::Args;

use crate::calendar::Calendar;
use crate::client::{AddressError, Client};
use crate::events::{Listener, Told};
use crate::load::Load;
use crate::measure::Percentiles;
use crate::person::Person;
use crate::report::{
    Folder, FolderError, JoinFigures, Report, RunFigures, TownFigures, UnitFigures,
};
use crate::town::{SignInError, Town};

/// Why a load wasn't run, or has no report.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error(transparent)]
    SignIn(#[from] SignInError),
    #[error(transparent)]
    Report(#[from] FolderError),
    #[error(
        "nobody answers at {0}: `cargo run` starts a server there, and --url names another one"
    )]
    Unreachable(String),
    #[error("{0} has people of another town: start a fresh server, or let them leave by --leave")]
    Inhabited(String),
    #[error("the summary can't be printed: {0}")]
    Print(#[source] std::io::Error),
}

impl LoadError {
    /// Returns 2 if the command line is wrong, and else 1.
    #[must_use]
    pub fn code(&self) -> ExitCode {
        match self {
            Self::Address(_) | Self::SignIn(_) | Self::Report(_) => ExitCode::from(2),
            Self::Unreachable(_) | Self::Inhabited(_) | Self::Print(_) => ExitCode::FAILURE,
        }
    }
}

/// What a load has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    NothingLost,
    SomethingLost,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::NothingLost => Self::SUCCESS,
            Outcome::SomethingLost => Self::FAILURE,
        }
    }
}

/// Runs a load, writes its report, and prints it in short to `out`.
///
/// # Errors
/// [`LoadError`]. The command line is checked before the first request.
pub async fn run(args: &Args, out: &mut impl Write) -> Result<Outcome, LoadError> {
    let client = Client::new(&args.url, args.anywhere)?;
    let folder = Folder::open(&args.report)?;
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
    let mut town = Town::new(args.people, args.contacts, args.outside, seed);
    if let Some(file) = &args.sign_in {
        town = town.with_sign_ins(file)?;
    }
    let town = Arc::new(town);
    if !client.reaches().await {
        return Err(LoadError::Unreachable(args.url.clone()));
    }
    let report = fill(args, seed, town, client).await?;
    let page = folder.write(&report)?;
    let text =
        if args.json { report::to_json(&report) + "\n" } else { report::summary(&report, &page) };
    write!(out, "{text}").map_err(LoadError::Print)?;
    Ok(if report.nothing_lost { Outcome::NothingLost } else { Outcome::SomethingLost })
}

async fn fill(
    args: &Args,
    seed: u64,
    town: Arc<Town>,
    client: Client,
) -> Result<Report, LoadError> {
    if town.makes_logins() && person::has_neighbours(&town, &client).await {
        return Err(LoadError::Inhabited(args.url.clone()));
    }
    let listener = Listener::start(&client, Arc::clone(&town)).await;
    let mut load = Load::new(Arc::clone(&town), client, listener);
    load.at_once = args.at_once as usize;
    load.settle = Duration::from_secs(args.settle.into());
    let began = Instant::now();
    let deadline = began + Duration::from_secs(60) * args.minutes;
    let mut calendar = Calendar::new(args.people, args.days, args.starts, Rng::with_seed(!seed));
    let days = load.days(&mut calendar, seed, deadline).await;
    let requests = load.client.measures.attempts();
    let (used, people) = (began.elapsed(), load.people().await);
    load.settle(&people).await;
    let settled = began.elapsed();
    let matches = load.check(&people).await;
    let checked = began.elapsed();
    // An upload that was sent again for the check may have made a match of somebody.
    let people = load.people().await;
    let joins = load.listener.as_ref().map(|listener| joins(&town, &people, &listener.told()));
    let units = load.listener.as_ref().map(|listener| {
        let told = listener.told();
        UnitFigures::new(told.units.clone(), signed_up(&people), told.missed)
    });
    let pushes_wrong =
        joins.as_ref().and_then(|joins| joins.check).map_or(0, |check| check.wrong());
    let left = if args.leave { Some(load.leave().await) } else { None };
    Ok(Report {
        format: report::FORMAT,
        nothing_lost: matches.wrong() + pushes_wrong == 0,
        town: TownFigures::new(seed, &town.graph),
        run: RunFigures {
            url: args.url.clone(),
            is_local: load.listener.is_some(),
            at_once: args.at_once,
            minutes: args.minutes,
            stopped_early: days.stopped_early,
            days: args.days,
            days_done: days.done,
            signed_up: signed_up(&people),
            contacts_uploaded: uploaded(&people),
            use_seconds: used.as_secs_f64(),
            settle_seconds: (settled - used).as_secs_f64(),
            check_seconds: (checked - settled).as_secs_f64(),
            requests_per_second: requests as f64 / used.as_secs_f64(),
            sign_ups_by_day: days.sign_ups,
            left,
        },
        requests: load.client.measures.summary(),
        matches,
        joins,
        units,
    })
}

/// Says what came of joins, as far as the server has told.
fn joins(town: &Town, people: &[Person], told: &Told) -> JoinFigures {
    let (check, mut delays) = check::pushes(town, people, &told.pushes);
    let seconds: Vec<u32> = delays.iter().map(|micros| micros / 1_000_000).collect();
    let check = check::PushCheck { events_missed: told.missed, ..check };
    JoinFigures {
        pushes: told.pushes.values().map(|push| u64::from(push.times)).sum(),
        check: town.makes_logins().then_some(check),
        delay: Percentiles::of_micros(&mut delays),
        delay_histogram: report::by_powers_of_two(&seconds),
        redelivered: told.redelivered,
    }
}

fn signed_up(people: &[Person]) -> u32 {
    people.iter().filter(|person| person.is_here()).count() as u32
}

fn uploaded(people: &[Person]) -> u64 {
    let entries = people.iter().flat_map(|person| &person.book);
    entries.filter(|entry| entry.uploaded.done_ms.is_some()).count() as u64
}
