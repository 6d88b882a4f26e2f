//! A book: a user's contacts, in the order in which they were first added, and which of them are
//! users.

use std::collections::{HashMap, HashSet};

use numbering::{HomeRegion, Phone, READING_VERSION, Region, is_international, reread};

use crate::contact::Contact;
use crate::upload::{Change, Diff, Growth, Mode, Upload};
use crate::user::PublicId;

/// A contact in a book, with its match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub contact: Contact,
    /// The user who has the contact's phone, if there is one and the book's owner may see them.
    pub matched: Option<PublicId>,
}

/// A user's contacts. No phone is in a book twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    region: Option<Region>,
    /// The version of the rules and the metadata by which phones were read.
    reading_version: u32,
    entries: Vec<Entry>,
}

impl Default for Book {
    fn default() -> Self {
        Self { region: None, reading_version: READING_VERSION, entries: vec![] }
    }
}

impl Book {
    /// Makes a book of `entries`. If a phone comes twice, the later entry takes the earlier one's
    /// place.
    ///
    /// `region` is the home region by which phones were read, if any of them needed one.
    #[must_use]
    pub fn new(region: Option<Region>, entries: Vec<Entry>) -> Self {
        let mut places: HashMap<Phone, usize> = HashMap::with_capacity(entries.len());
        let mut unique: Vec<Entry> = Vec::with_capacity(entries.len());
        for entry in entries {
            match places.get(&entry.contact.phone) {
                Some(place) => unique[*place] = entry,
                None => {
                    places.insert(entry.contact.phone, unique.len());
                    unique.push(entry);
                }
            }
        }
        Self { region, reading_version: READING_VERSION, entries: unique }
    }

    /// Returns the book, marked as read by `version` of the rules and the metadata.
    #[must_use]
    pub fn read_by(self, version: u32) -> Self {
        Self { reading_version: version, ..self }
    }

    /// Returns the version of the rules and the metadata by which phones were read.
    #[must_use]
    pub fn reading_version(&self) -> u32 {
        self.reading_version
    }

    /// Whether both books hold the same, whichever rules their phones were read by.
    #[must_use]
    pub fn holds_the_same(&self, other: &Self) -> bool {
        (self.region, &self.entries) == (other.region, &other.entries)
    }

    /// Returns the entries in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the home region by which phones without a prefix were read, or nothing if there are
    /// no such phones.
    #[must_use]
    pub fn region(&self) -> Option<Region> {
        self.region
    }

    /// Returns the entry of `phone`, if there is one.
    #[must_use]
    pub fn find(&self, phone: Phone) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.contact.phone == phone)
    }

    /// Returns the phones that are in this book and not in `other`, in order.
    #[must_use]
    pub fn phones_not_in(&self, other: &Self) -> Vec<Phone> {
        let theirs: HashSet<Phone> = other.phones().collect();
        self.phones().filter(|phone| !theirs.contains(phone)).collect()
    }

    fn phones(&self) -> impl Iterator<Item = Phone> {
        self.entries.iter().map(|entry| entry.contact.phone)
    }

    /// Returns the book with the match that `matched` gives for each phone.
    #[must_use]
    pub fn rematched(mut self, matched: impl Fn(Phone) -> Option<PublicId>) -> Self {
        for entry in &mut self.entries {
            entry.matched = matched(entry.contact.phone);
        }
        self
    }

    /// Returns the book with `matched` as the match of `phone`, if that phone is in it.
    #[must_use]
    pub fn with_match(mut self, phone: Phone, matched: Option<PublicId>) -> Self {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.contact.phone == phone) {
            entry.matched = matched;
        }
        self
    }

    /// Returns the match of every phone in the book.
    #[must_use]
    pub fn matches(&self) -> HashMap<Phone, Option<PublicId>> {
        self.entries.iter().map(|entry| (entry.contact.phone, entry.matched)).collect()
    }

    /// Returns the book with its phones read again from their spellings, if the owner's home region,
    /// the rules or the metadata have changed since.
    ///
    /// A phone changes only for a better reading, see [`reread`], and then loses its match. Two
    /// contacts whose phones turn out to be the same become one.
    #[must_use]
    pub fn read_again(&self, home: &HomeRegion) -> Self {
        let same_region = self.region.is_none_or(|region| region == home.region());
        if same_region && self.reading_version == READING_VERSION {
            return self.clone();
        }
        let read = |entry: &Entry| {
            let old = entry.contact.phone;
            let phone = reread(entry.contact.spelling.as_str(), old, home);
            let contact = Contact { phone, ..entry.contact.clone() };
            Entry { contact, matched: entry.matched.filter(|_| phone == old) }
        };
        Self::new(self.region.map(|_| home.region()), self.entries.iter().map(read).collect())
    }

    /// Returns what `upload` changes in this book.
    ///
    /// A contact is found by its spelling before its phone, so that a spelling that would be read
    /// otherwise today doesn't double it. If an upload names a contact twice, the last one wins, and
    /// it counts once. Writing a contact as it already is changes nothing, and neither does removing
    /// one that isn't there.
    #[must_use]
    pub fn diff(&self, upload: &Upload) -> Diff {
        let contacts = || self.entries.iter().map(|entry| &entry.contact);
        let here: HashMap<Phone, &Contact> = contacts().map(|here| (here.phone, here)).collect();
        let spelled: HashMap<&str, Phone> =
            contacts().map(|here| (here.spelling.as_str(), here.phone)).collect();
        let phone_of = |change: &Change| {
            let known = spelled.get(change.spelling().as_str());
            known.copied().unwrap_or_else(|| change.phone())
        };
        let changes = upload.last_of_each_phone(phone_of);
        let mut diff = Diff::default();
        for (phone, (index, change)) in &changes {
            let (phone, index) = (*phone, *index);
            match (change, here.get(&phone)) {
                (Change::Put(contact), old) => {
                    let contact = Contact { phone, ..contact.clone() };
                    match old {
                        None => diff.growth.push(Growth::Create { index, contact }),
                        Some(old) if **old != contact => {
                            diff.growth.push(Growth::Update { index, contact });
                        }
                        Some(_) => {}
                    }
                }
                (Change::Remove { .. }, Some(_)) => diff.removed.push(phone),
                (Change::Remove { .. }, None) => {}
            }
        }
        if upload.mode == Mode::Replace {
            let named: HashSet<Phone> = changes.iter().map(|(phone, _)| *phone).collect();
            diff.removed.extend(self.phones().filter(|phone| !named.contains(phone)));
        }
        diff
    }

    /// Returns this book after `diff`. Contacts that stay keep their place and their match; new
    /// ones follow.
    #[must_use]
    pub fn apply(&self, diff: &Diff) -> Self {
        let removed: HashSet<Phone> = diff.removed.iter().copied().collect();
        let kept = self.entries.iter().filter(|entry| !removed.contains(&entry.contact.phone));
        let mut entries: Vec<Entry> = kept.cloned().collect();
        let places: HashMap<Phone, usize> =
            entries.iter().enumerate().map(|(place, entry)| (entry.contact.phone, place)).collect();
        for growth in &diff.growth {
            match growth {
                Growth::Create { contact, .. } => {
                    entries.push(Entry { contact: contact.clone(), matched: None });
                }
                Growth::Update { contact, .. } => {
                    if let Some(place) = places.get(&contact.phone) {
                        entries[*place].contact = contact.clone();
                    }
                }
            }
        }
        Self { entries, ..Self::new(self.region, vec![]) }
    }

    /// Returns the book without the contacts of `phones`, and without its region if no phone needs one
    /// any more.
    #[must_use]
    pub fn without(mut self, phones: &HashSet<Phone>) -> Self {
        self.entries.retain(|entry| !phones.contains(&entry.contact.phone));
        self.region = self.region.filter(|_| self.needs_region());
        self
    }

    /// Returns the same contacts without a region.
    #[must_use]
    pub fn without_region(mut self) -> Self {
        self.region = None;
        self
    }

    /// Returns the book, marked with the home region if any of its phones was read by it.
    #[must_use]
    pub fn settled_in(mut self, home: &HomeRegion) -> Self {
        self.region = self.needs_region().then(|| home.region());
        self
    }

    /// Whether any of the phones was read by a home region.
    fn needs_region(&self) -> bool {
        self.entries.iter().any(|entry| !is_international(entry.contact.spelling.as_str()))
    }
}
