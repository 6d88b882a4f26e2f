//! The load itself: the days, the wait for what is under way, the check, and the leave.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use futures::{StreamExt as _, stream};
use tokio::sync::Mutex;

use crate::calendar::{Calendar, Visit};
use crate::check::{self, MatchCheck, Presence};
use crate::client::Client;
use crate::events::Listener;
use crate::person::Person;
use crate::progress::Progress;
use crate::town::Town;

/// How long to wait between two looks at whether all has come.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// How long nothing comes of joins if all are told.
const QUIET: Duration = Duration::from_millis(500);

/// A town and the server that it fills.
#[derive(Debug)]
pub struct Load {
    pub town: Arc<Town>,
    pub client: Client,
    /// Absent if the server tells nothing of itself.
    pub listener: Option<Listener>,
    pub at_once: usize,
    /// How long to wait for matches and pushes while none come.
    pub settle: Duration,
    pub progress: Progress,
    people: Vec<Arc<Mutex<Person>>>,
}

/// How far the days came.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Days {
    pub done: u32,
    pub stopped_early: bool,
    /// How many people have signed up on each day that was begun.
    pub sign_ups: Vec<u32>,
}

impl Load {
    /// Creates a load in which nobody has the app yet.
    pub fn new(town: Arc<Town>, client: Client, listener: Option<Listener>) -> Self {
        let person = |id| Arc::new(Mutex::new(Person::new(id, &town)));
        let people = (0..town.graph.people).map(person).collect();
        Self {
            people,
            town,
            client,
            listener,
            at_once: 1,
            settle: Duration::ZERO,
            progress: Progress::default(),
        }
    }

    /// Lets the days pass, until `deadline`.
    pub async fn days(&self, calendar: &mut Calendar, seed: u64, deadline: Instant) -> Days {
        let mut days = Days::default();
        let here = self.progress.bar("sign-ups", u64::from(self.town.graph.people));
        let bar = self.progress.bar("days", calendar.days() as u64);
        let told = self.progress.count("pushes");
        for day in 0..calendar.days() {
            let visits = calendar.day(day);
            let planned = visits.len();
            let random =
                Rng::with_seed(seed ^ (day as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let mut done = stream::iter(visits)
                .take_while(|_| std::future::ready(Instant::now() < deadline))
                .map(|(person, visit)| self.visit(person, visit, random.clone()))
                .buffer_unordered(self.at_once);
            let (mut visited, mut signed_up) = (0, 0);
            while let Some(has_signed_up) = done.next().await {
                visited += 1;
                signed_up += u32::from(has_signed_up);
                here.inc(u64::from(has_signed_up));
                let requests = self.client.measures.attempts();
                let second = self.client.measures.elapsed().as_secs_f64();
                bar.set_message(format!("{:.0} requests a second", requests as f64 / second));
                if let Some(listener) = &self.listener {
                    told.set_position(listener.pushes());
                }
            }
            days.sign_ups.push(signed_up);
            self.until_told(deadline).await;
            if visited < planned {
                days.stopped_early = true;
                break;
            }
            days.done += 1;
            bar.inc(1);
        }
        for bar in [here, bar, told] {
            bar.finish();
        }
        days
    }

    /// Waits until the day's sign-ups are told to everybody: a night is longer than that.
    async fn until_told(&self, deadline: Instant) {
        let Some(listener) = &self.listener else { return };
        while listener.quiet() < QUIET && Instant::now() < deadline {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Lets somebody use the app. Returns whether they have signed up by that.
    async fn visit(&self, person: u32, visit: Visit, mut random: Rng) -> bool {
        let (town, client) = (Arc::clone(&self.town), self.client.clone());
        let somebody = Arc::clone(&self.people[person as usize]);
        // The same for a person and day, whatever the order in which the day's visits are done.
        random.seed(random.clone().u64(..) ^ u64::from(person));
        let visited = tokio::spawn(async move {
            let mut somebody = somebody.lock().await;
            let was_here = somebody.is_here();
            match visit {
                Visit::First => somebody.first_start(&town, &client).await,
                Visit::Again => somebody.start_again(&town, &client, &mut random).await,
            }
            somebody.is_here() && !was_here
        });
        visited.await.expect("a visit doesn't panic")
    }

    /// Returns everybody as they are now.
    pub async fn people(&self) -> Vec<Person> {
        let mut people = Vec::with_capacity(self.people.len());
        for person in &self.people {
            people.push(person.lock().await.clone());
        }
        people
    }

    /// Waits until each push has come that has to, or until none come any more.
    pub async fn settle(&self, people: &[Person]) {
        let Some(listener) = &self.listener else { return };
        let count = self.progress.count("pushes");
        let began = Instant::now();
        loop {
            count.set_position(listener.pushes());
            let quiet = listener.quiet().min(began.elapsed());
            if quiet >= self.settle {
                break;
            }
            if quiet >= QUIET {
                let to_come = check::pushes_to_come(&self.town, people, &listener.told().pushes);
                count.set_message(format!("({to_come} to come)"));
                if to_come == 0 {
                    break;
                }
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        count.finish();
    }

    /// Asks everybody who has signed up for their matches. What is wrong is asked for again until it
    /// is right, or until nothing gets better any more.
    pub async fn check(&self, people: &[Person]) -> MatchCheck {
        let presence: Arc<[Presence]> = people.iter().map(Presence::of).collect();
        let mut open: Vec<u32> = people.iter().filter(|p| p.is_here()).map(|p| p.id).collect();
        let bar = self.progress.bar("checked", open.len() as u64);
        let (mut right, mut least, mut better) = (MatchCheck::default(), u64::MAX, Instant::now());
        loop {
            let mut checks = stream::iter(open)
                .map(|id| self.check_one(id, Arc::clone(&presence)))
                .buffer_unordered(self.at_once);
            let (mut wrong, mut still_open) = (MatchCheck::default(), vec![]);
            while let Some((id, check)) = checks.next().await {
                if check.wrong() == 0 {
                    right = right.plus(check);
                    bar.inc(1);
                } else {
                    wrong = wrong.plus(check);
                    still_open.push(id);
                }
            }
            if wrong.wrong() < least {
                (least, better) = (wrong.wrong(), Instant::now());
            }
            if still_open.is_empty() || better.elapsed() >= self.settle {
                bar.finish();
                return right.plus(wrong);
            }
            open = still_open;
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn check_one(&self, id: u32, presence: Arc<[Presence]>) -> (u32, MatchCheck) {
        let (town, client) = (Arc::clone(&self.town), self.client.clone());
        let person = Arc::clone(&self.people[id as usize]);
        let checked = tokio::spawn(async move {
            let mut person = person.lock().await;
            let answer = person.answered_matches(&town, &client).await;
            check::matches(&town, &person, &presence, answer.as_ref())
        });
        (id, checked.await.expect("a check doesn't panic"))
    }

    /// Deletes everybody's account. Returns how many were deleted.
    pub async fn leave(&self) -> u32 {
        let bar = self.progress.bar("left", self.people.len() as u64);
        let leave = |person: &Arc<Mutex<Person>>| {
            let person = Arc::clone(person);
            async move {
                let mut person = person.lock().await;
                person.is_here() && person.leave(&self.client).await
            }
        };
        let mut leaving = stream::iter(&self.people).map(leave).buffer_unordered(self.at_once);
        let mut left = 0;
        while let Some(has_left) = leaving.next().await {
            left += u32::from(has_left);
            bar.inc(1);
        }
        bar.finish();
        left
    }
}
