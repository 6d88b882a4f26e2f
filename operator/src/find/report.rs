//! What `find` tells.

use std::fmt;

use model::{Details, Flags};
use serde::Serialize;
use store::Device;

use crate::outcome::{Exit, Outcome};
use crate::span::{ago, counted, span};
use crate::who::Person;

/// What is stored about a person.
#[derive(Clone, Default, Serialize)]
pub struct FindReport {
    /// By what they were asked for.
    #[serde(skip)]
    pub asked_by: String,
    pub account: Option<AccountFound>,
    /// Absent unless names are shown.
    pub names: Option<NamesFound>,
    pub books: Vec<BookFound>,
    /// Whether they don't want to be told of joins, as their devices' pushes go by.
    pub is_muted: bool,
    pub devices: Vec<DeviceFound>,
    /// How many pushes of the last 30 days are remembered.
    pub pushes_remembered: usize,
    pub budgets: Vec<Spent>,
    /// Whether nobody's book takes the number any more.
    pub is_forgotten: bool,
    /// How many books may hold their number. Absent if they have none.
    pub books_with_number: Option<usize>,
    #[serde(skip)]
    pub now_ms: u64,
}

/// An account. Its moments are milliseconds since 1970.
#[derive(Clone, Debug, Serialize)]
pub struct AccountFound {
    pub id: u32,
    pub generation: u64,
    pub version: u64,
    pub created_at_ms: u64,
    pub updated_at_ms: u64,
    /// Since when they have their number. Absent if they have none.
    pub number_since_ms: Option<u64>,
    /// Whether Users names them as the holder of that number.
    pub is_holder: bool,
    pub choices: ChoicesFound,
}

/// What a user chose.
#[derive(Clone, Debug, Serialize)]
pub struct ChoicesFound {
    pub discoverable_by_phone: bool,
    pub announce_me: bool,
    pub notify_me: bool,
}

/// Names and numbers.
#[derive(Clone, Serialize)]
pub struct NamesFound {
    pub subject: Option<String>,
    pub phone: Option<String>,
    pub details: Details,
}

model::hide_debug!(NamesFound);
model::hide_debug!(FindReport);

/// A book. Its moments are seconds since 1970.
#[derive(Clone, Debug, Serialize)]
pub struct BookFound {
    /// The device whose book it is. Absent for the global book.
    pub device: Option<String>,
    pub is_open: bool,
    pub contacts: usize,
    pub matches: usize,
    /// Contacts of a book that is being emptied, whose hints are still there.
    pub leaving: usize,
    pub region: Option<String>,
    pub reading_version: u32,
    pub version: u64,
    pub used_at: Option<u64>,
    pub expires_at: Option<u64>,
}

/// A device.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceFound {
    pub subscription: u32,
    /// Its `udid`, if names are shown.
    pub device: Option<String>,
    pub channel: &'static str,
    pub platform: &'static str,
    pub environment: &'static str,
    /// Milliseconds since 1970.
    pub registered_at_ms: u64,
    /// Whether its removal has begun and hasn't ended.
    pub is_leaving: bool,
}

/// What is spent of a budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spent {
    /// Whose budget it is: the account's, or the number's.
    pub of: &'static str,
    pub what: &'static str,
    pub spent: u64,
    pub capacity: u32,
    pub per_day: u32,
}

impl AccountFound {
    pub(super) fn of(person: &Person) -> Option<Self> {
        let profile = person.profile.as_ref()?;
        let Flags { discoverable_by_phone, announce_me, notify_me } = profile.flags;
        Some(Self {
            id: profile.id.get(),
            generation: person.generation,
            version: profile.version,
            created_at_ms: profile.created_at_ms,
            updated_at_ms: profile.updated_at_ms,
            number_since_ms: profile.phone.map(|(_, epoch)| epoch),
            is_holder: person.holder.as_ref().is_some_and(|holder| holder.id == profile.id),
            choices: ChoicesFound { discoverable_by_phone, announce_me, notify_me },
        })
    }
}

impl NamesFound {
    pub(super) fn of(person: &Person) -> Self {
        Self {
            subject: person.user.as_ref().map(|user| user.as_str().to_owned()),
            phone: person.phone.map(|phone| format!("+{}", phone.digits())),
            details: person.profile.as_ref().map(|it| it.details.clone()).unwrap_or_default(),
        }
    }
}

impl DeviceFound {
    pub(super) fn of(device: &Device, shows_names: bool) -> Self {
        let Device { subscription, is_leaving } = device;
        Self {
            subscription: subscription.id.get(),
            device: shows_names.then(|| subscription.device.as_str().to_owned()),
            channel: subscription.channel.name(),
            platform: subscription.platform.name(),
            environment: subscription.environment.name(),
            registered_at_ms: subscription.subscribed_at_ms,
            is_leaving: *is_leaving,
        }
    }
}

impl FindReport {
    /// Returns whether nothing at all is stored about the person.
    fn is_nobody(&self) -> bool {
        self.account.is_none() && self.books.is_empty() && self.devices.is_empty()
    }
}

impl fmt::Display for FindReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.account {
            Some(account) => account.write(f, self.now_ms)?,
            None if self.is_nobody() => write!(f, "Nobody has this {}.", self.asked_by)?,
            None => write!(f, "Nobody with an account has this {}.", self.asked_by)?,
        }
        match &self.names {
            Some(names) => names.write(f)?,
            None if self.is_nobody() => {}
            None => write!(f, "\n  names and numbers are hidden (--names shows them)")?,
        }
        if !self.is_nobody() {
            write!(f, "\nbooks: {}", self.books.len())?;
            self.books.iter().try_for_each(|book| book.write(f, self.now_ms))?;
            let muted = if self.is_muted { ", muted: none is told of joins" } else { "" };
            write!(f, "\ndevices: {}{muted}", self.devices.len())?;
            self.devices.iter().try_for_each(|device| device.write(f, self.now_ms))?;
            write!(f, "\npushes of the last 30 days: {}", self.pushes_remembered)?;
        }
        if !self.budgets.is_empty() {
            write!(f, "\nspent")?;
        }
        for Spent { of, what, spent, capacity, per_day } in &self.budgets {
            let what = what.replace('_', " ");
            write!(f, "\n  {what} of the {of}: {spent} of {capacity}, {per_day} come back a day")?;
        }
        if let Some(books) = self.books_with_number {
            write!(f, "\nbooks that may hold the number: {books}")?;
        }
        if self.is_forgotten {
            write!(f, "\nthe number is forgotten: no book takes it")?;
        }
        Ok(())
    }
}

impl AccountFound {
    fn write(&self, f: &mut fmt::Formatter<'_>, now_ms: u64) -> fmt::Result {
        let (created, updated) = (ago(self.created_at_ms, now_ms), ago(self.updated_at_ms, now_ms));
        write!(
            f,
            "User {}, signed up {created}, changed {updated}, version {}",
            self.id, self.version
        )?;
        match self.number_since_ms.map(|since| span(now_ms.saturating_sub(since))) {
            None => f.write_str("\n  has no number")?,
            Some(span) => write!(f, "\n  has had their number for {span}")?,
        }
        if self.number_since_ms.is_some() && !self.is_holder {
            write!(f, ", and Users names somebody else for it: run check")?;
        }
        let ChoicesFound { discoverable_by_phone, announce_me, notify_me } = self.choices;
        let word = |chosen: bool| if chosen { "yes" } else { "no" };
        write!(
            f,
            "\n  wants to be found: {}, to be announced: {}, to be told of joins: {}",
            word(discoverable_by_phone),
            word(announce_me),
            word(notify_me)
        )
    }
}

impl NamesFound {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, name) in [("subject", &self.subject), ("number", &self.phone)] {
            if let Some(name) = name {
                write!(f, "\n  {what}: {name}")?;
            }
        }
        let mut details = self.details.clone();
        for (what, field) in Details::TEXTS {
            if let Some(text) = field(&mut details) {
                write!(f, "\n  {what}: {text}")?;
            }
        }
        for (what, field) in Details::INTEGERS {
            if let Some(number) = field(&mut details) {
                write!(f, "\n  {what}: {number}")?;
            }
        }
        Ok(())
    }
}

impl BookFound {
    fn write(&self, f: &mut fmt::Formatter<'_>, now_ms: u64) -> fmt::Result {
        match &self.device {
            None => write!(f, "\n  global")?,
            Some(device) => write!(f, "\n  of a device ({device})")?,
        }
        let Self { contacts, matches, version, reading_version, .. } = self;
        if self.is_open {
            write!(f, ": {}, {matches} of them users", counted(*contacts as u64, "contact"))?;
        } else {
            let leaving = counted(self.leaving as u64, "contact");
            write!(f, ": not open, {leaving} still to be removed")?;
        }
        if let Some(region) = &self.region {
            write!(f, ", region {region}")?;
        }
        write!(f, ", version {version}, read by rules {reading_version}")?;
        if let Some(used) = self.used_at {
            write!(f, ", used {}", ago(used * 1000, now_ms))?;
        }
        if let Some(expires) = self.expires_at {
            write!(f, ", expires in {}", span((expires * 1000).saturating_sub(now_ms)))?;
        }
        Ok(())
    }
}

impl DeviceFound {
    fn write(&self, f: &mut fmt::Formatter<'_>, now_ms: u64) -> fmt::Result {
        let Self { channel, platform, environment, subscription, .. } = self;
        let device = self.device.as_ref().map(|device| format!(" ({device})")).unwrap_or_default();
        let registered = ago(self.registered_at_ms, now_ms);
        write!(f, "\n  {channel}, {platform}, {environment}, registered {registered}")?;
        write!(f, ", subscription {subscription}{device}")?;
        if self.is_leaving { write!(f, ", being removed") } else { Ok(()) }
    }
}

impl Outcome for FindReport {
    fn exit(&self) -> Exit {
        if self.is_nobody() { Exit::Found } else { Exit::Done }
    }
}
