//! `explain`: why a user did or didn't hear of another one.

use std::fmt;

use model::{Scope, SystemClock};
use protocol::push::{Applications, FcmStyle, Sns};
use protocol::{About, Check, Explanation, Found, Link, explain};
use serde::Serialize;
use store::ClaimState;

use crate::meter::Meter;
use crate::outcome::{Exit, Outcome};
use crate::span::{counted, span};
use crate::stack::{OperatorError, Stack, StackArgs};
use crate::who::{Person, Who};

/// Say why A did or didn't hear that B joined: which link of the chain that ends in a push is broken.
/// Everything is read as it is now, and nothing is changed
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct ExplainArgs {
    #[command(flatten)]
    pub stack: StackArgs,
    /// Who should have heard: +16505550123, id:212 or subject:SUBJECT
    #[arg(value_name = "A")]
    pub watcher: Who,
    /// Of whom, likewise. By a phone: of the user who has it
    #[arg(value_name = "B")]
    pub about: Who,
}

pub(crate) async fn run(args: &ExplainArgs, meter: &Meter) -> Result<ExplainReport, OperatorError> {
    let stack = Stack::open(&args.stack, meter).await?;
    let watcher = Person::find(&stack, &args.watcher).await?;
    let watcher = watcher.user.ok_or(OperatorError::Nobody("A"))?;
    let about = match &args.about {
        Who::Phone(spelling) => About::Phone(stack.phone(spelling)?),
        who => {
            let person = Person::find(&stack, who).await?;
            About::User(Box::new(person.profile.ok_or(OperatorError::Nobody("B"))?))
        }
    };
    let sns = stack.deployed.as_ref().map(|deployed| {
        let client = aws_sdk_sns::Client::new(&deployed.sdk);
        Sns::new(client, Applications::default(), FcmStyle::default())
    });
    let explained = explain(&stack.store, sns.as_ref(), &SystemClock, &watcher, about).await?;
    Ok(ExplainReport::new(&explained, stack.sends_pushes()))
}

/// What `explain` tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainReport {
    /// Whether a push about B's number was sent to a device that A has now, in the last 30 days.
    pub was_told: bool,
    /// The first link that is broken.
    pub first_break: Option<LinkReport>,
    pub links: Vec<LinkReport>,
    /// Whether the stack sends pushes at all.
    pub sends_pushes: bool,
}

/// What was found of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkReport {
    pub link: Link,
    pub state: State,
    /// Why it is broken, for scripts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<protocol::Break>,
    /// The same for people.
    pub text: String,
}

/// The state of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Whole,
    Broken,
    NotAsked,
}

impl ExplainReport {
    /// Makes the report of an explanation.
    #[must_use]
    pub fn new(explained: &Explanation, sends_pushes: bool) -> Self {
        let links: Vec<LinkReport> =
            explained.chain().into_iter().map(|check| LinkReport::new(explained, check)).collect();
        let first_break = links.iter().find(|link| link.state == State::Broken).cloned();
        Self { was_told: explained.was_told(), first_break, links, sends_pushes }
    }
}

impl LinkReport {
    fn new(explained: &Explanation, Check { link, found }: Check) -> Self {
        let (state, reason, text) = match found {
            Found::Whole => (State::Whole, None, whole(explained, link)),
            Found::Broken(reason) => (State::Broken, Some(reason), reason.to_string()),
            Found::NotAsked => (State::NotAsked, None, "not asked".to_owned()),
        };
        Self { link, state, reason, text }
    }
}

/// Returns what there is to say of a link that is whole.
fn whole(explained: &Explanation, link: Link) -> String {
    match link {
        Link::Contact => {
            let is_global = explained.places.iter().any(|place| place.scope == Scope::Global);
            let of_devices = explained.places.len() - usize::from(is_global);
            let devices = counted(of_devices as u64, "device's book");
            let held = match (is_global, of_devices) {
                (true, 0) => "the global book".to_owned(),
                (true, _) => format!("the global book and {devices}"),
                (false, _) => devices,
            };
            format!("in {held}; A has {}", counted(explained.books as u64, "book"))
        }
        Link::Match => match explained.places.iter().find_map(|place| place.shown) {
            Some(id) => format!("A's book shows user {id}, as Users says"),
            None => "A's book shows nobody, as Users says".to_owned(),
        },
        Link::Device => {
            format!("A has {}", counted(explained.devices.len() as u64, "device"))
        }
        Link::Claim => {
            let now_seconds = explained.now_ms / 1000;
            let last = explained.claims.iter().filter_map(|claim| match claim.state {
                ClaimState::Settled { expires_at } => Some(expires_at),
                ClaimState::Pending { .. } => None,
            });
            let left = last.max().unwrap_or_default().saturating_sub(now_seconds);
            format!("the push was sent; it is remembered for another {}", span(left * 1000))
        }
        Link::Hint | Link::Visibility | Link::Muted | Link::Endpoint => String::new(),
    }
}

impl fmt::Display for ExplainReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.first_break.as_ref();
        match (self.was_told, first) {
            (true, None) => writeln!(f, "A was told of B.")?,
            (true, Some(link)) => {
                writeln!(f, "A was told of B's number. A push would not come now: {}.", link.text)?;
            }
            (false, Some(link)) => writeln!(f, "A was not told of B: {}.", link.text)?,
            (false, None) => writeln!(f, "Nothing is known of a push to A about B.")?,
        }
        if !self.sends_pushes {
            writeln!(f, "This stack sends no pushes at all: its parameter PushOnJoin is false.")?;
        }
        for LinkReport { link, state, text, .. } in &self.links {
            let mark = match state {
                State::Whole => "ok",
                State::Broken => "BROKEN",
                State::NotAsked => "-",
            };
            let line = format!("  {mark:<7}{:<11}{text}", link.to_string());
            write!(f, "\n{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl Outcome for ExplainReport {
    fn exit(&self) -> Exit {
        if self.was_told { Exit::Done } else { Exit::Found }
    }
}
