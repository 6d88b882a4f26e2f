//! Uploads: the changes that a client asks for, and what they change in a book.

use std::collections::HashMap;

use numbering::{HomeRegion, Phone};

use crate::contact::{Contact, Spelling};

/// Whether an upload adds to a book or replaces it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Contacts that the upload doesn't name stay.
    #[default]
    Merge,
    /// Contacts that the upload doesn't name are removed (`force`).
    Replace,
}

/// What an upload asks for one contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Store the contact like this.
    Put(Contact),
    /// Remove the contact with this phone, or with this spelling (`destroy`).
    Remove { phone: Phone, spelling: Spelling },
}

impl Change {
    /// Returns the phone of the contact.
    #[must_use]
    pub fn phone(&self) -> Phone {
        match self {
            Self::Put(contact) => contact.phone,
            Self::Remove { phone, .. } => *phone,
        }
    }

    /// Returns the phone of the contact as it was sent.
    #[must_use]
    pub fn spelling(&self) -> &Spelling {
        match self {
            Self::Put(contact) => &contact.spelling,
            Self::Remove { spelling, .. } => spelling,
        }
    }
}

/// The valid part of a request, each change with its index in the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upload {
    pub mode: Mode,
    /// The changes, in the request's order.
    pub changes: Vec<(usize, Change)>,
}

impl Upload {
    /// Returns the same upload with its phones read in another home region. A spelling that isn't a
    /// phone there keeps the phone that it had.
    #[must_use]
    pub fn read_again(mut self, home: &HomeRegion) -> Self {
        for (_, change) in &mut self.changes {
            let read = Phone::read(change.spelling().as_str(), home);
            let (Change::Put(Contact { phone, .. }) | Change::Remove { phone, .. }) = change;
            *phone = read.unwrap_or(*phone);
        }
        self
    }

    /// Returns the last change of each phone, in the order in which the phones first came.
    /// `phone_of` says which contact a change means.
    pub(crate) fn last_of_each_phone(
        &self,
        phone_of: impl Fn(&Change) -> Phone,
    ) -> Vec<(Phone, &(usize, Change))> {
        let mut places: HashMap<Phone, usize> = HashMap::with_capacity(self.changes.len());
        let mut last: Vec<(Phone, &(usize, Change))> = Vec::with_capacity(self.changes.len());
        for change in &self.changes {
            let phone = phone_of(&change.1);
            let place = *places.entry(phone).or_insert(last.len());
            if place == last.len() {
                last.push((phone, change));
            } else {
                last[place] = (phone, change);
            }
        }
        last
    }
}

/// A change that may make a book larger, with the index of the contact in the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Growth {
    /// Adds a contact whose phone is new to the book.
    Create { index: usize, contact: Contact },
    /// Changes the name or the spelling of a contact in the book.
    Update { index: usize, contact: Contact },
}

impl Growth {
    /// Returns the index of the contact in the request.
    #[must_use]
    pub fn index(&self) -> usize {
        match self {
            Self::Create { index, .. } | Self::Update { index, .. } => *index,
        }
    }
}

/// What an upload changes in a book.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// The contacts to add or change, in the request's order.
    pub growth: Vec<Growth>,
    /// The phones whose contacts are to be removed.
    pub removed: Vec<Phone>,
}

/// How many contacts an upload created, updated and deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Contacts whose phones are new to the book.
    pub created: usize,
    /// Contacts whose name or spelling changed.
    pub updated: usize,
    pub deleted: usize,
}

impl Diff {
    /// Counts the changes, for the answer to the client.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let created =
            self.growth.iter().filter(|growth| matches!(growth, Growth::Create { .. })).count();
        Counts { created, updated: self.growth.len() - created, deleted: self.removed.len() }
    }

    /// Returns the same difference with only the first `growing` elements of its growth.
    #[must_use]
    pub fn limited(&self, growing: usize) -> Self {
        Self { growth: self.growth[..growing].to_vec(), removed: self.removed.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Book;
    use crate::Entry;
    use crate::PublicId;
    use numbering::Region;
    use proptest::prelude::*;

    fn contact(number: u8, name: &str, spelled: bool) -> Contact {
        let phone: Phone = format!("165055501{number:02}").parse().expect("a phone");
        let spelling =
            if spelled { format!("+{}", phone.digits()) } else { phone.digits().to_owned() };
        Contact { phone, spelling: spelling.as_str().into(), name: name.parse().expect("a name") }
    }

    fn book(contacts: &[Contact]) -> Book {
        let entry =
            |contact: &Contact| Entry { contact: contact.clone(), matched: PublicId::new(7) };
        Book::new(None, contacts.iter().map(entry).collect())
    }

    fn removal(number: u8) -> Change {
        let Contact { phone, spelling, .. } = contact(number, "gone", false);
        Change::Remove { phone, spelling }
    }

    fn upload(mode: Mode, changes: Vec<Change>) -> Upload {
        Upload { mode, changes: changes.into_iter().enumerate().collect() }
    }

    fn contacts(book: &Book) -> Vec<Contact> {
        book.entries().iter().map(|entry| entry.contact.clone()).collect()
    }

    #[test]
    fn the_last_of_a_phone_wins_and_counts_once_in_the_place_of_the_first() {
        let changes = vec![
            Change::Put(contact(1, "first", false)),
            Change::Put(contact(2, "other", false)),
            Change::Put(contact(1, "last", false)),
        ];
        let diff = Book::default().diff(&upload(Mode::Merge, changes));
        assert_eq!(diff.counts(), Counts { created: 2, updated: 0, deleted: 0 });
        let names: Vec<_> = contacts(&Book::default().apply(&diff))
            .iter()
            .map(|c| c.name.as_str().to_owned())
            .collect();
        assert_eq!(names, ["last", "other"]);
    }

    #[test]
    fn a_changed_spelling_is_an_update_and_keeps_place_and_match() {
        let before = book(&[contact(1, "a", false), contact(2, "b", false)]);
        let diff = before.diff(&upload(Mode::Merge, vec![Change::Put(contact(1, "a", true))]));
        assert_eq!(diff.counts(), Counts { created: 0, updated: 1, deleted: 0 });
        let after = before.apply(&diff);
        assert_eq!(
            after.entries()[0],
            Entry { contact: contact(1, "a", true), matched: PublicId::new(7) }
        );
    }

    #[test]
    fn a_forced_upload_removes_what_it_does_not_name_and_what_it_destroys() {
        let before =
            book(&[contact(1, "a", false), contact(2, "b", false), contact(3, "c", false)]);
        let forced = vec![Change::Put(contact(2, "b", false)), removal(3)];
        let diff = before.diff(&upload(Mode::Replace, forced));
        assert_eq!(diff.counts(), Counts { created: 0, updated: 0, deleted: 2 });
        assert_eq!(contacts(&before.apply(&diff)), [contact(2, "b", false)]);
    }

    fn home(code: &str) -> HomeRegion {
        HomeRegion::from(code.parse::<Region>().expect("a region"))
    }

    fn spelled(digits: &str, spelling: &str) -> Contact {
        Contact {
            phone: digits.parse().expect("a phone"),
            spelling: spelling.into(),
            name: "a".parse().expect("a name"),
        }
    }

    #[test]
    fn a_book_is_read_again_when_the_home_region_changes_and_keeps_what_was_valid() {
        let unread = spelled("015112345678", "0151 12345678");
        let us = book(&[
            spelled("16505550123", "(650) 555-0123"),
            spelled("4915112345678", "+49 151 12345678"),
            unread,
        ])
        .settled_in(&home("US"));
        assert_eq!(us.region().map(|region| region.to_string()), Some("US".to_owned()));
        assert_eq!(us.read_again(&home("US")), us);
        let de = us.read_again(&home("DE"));
        assert_eq!(de.region().map(|region| region.to_string()), Some("DE".to_owned()));
        // The third contact turns out to be the second one.
        let digits: Vec<_> =
            de.entries().iter().map(|entry| entry.contact.phone.digits().to_owned()).collect();
        assert_eq!(digits, ["16505550123", "4915112345678"]);
        assert_eq!(de.entries()[0], us.entries()[0]);
        let only_plus = book(&[spelled("4915112345678", "+49 151 12345678")]);
        assert_eq!(only_plus.settled_in(&home("US")).region(), None);
    }

    #[test]
    fn a_book_of_older_rules_is_read_again_and_a_changed_phone_loses_its_match() {
        let old = book(&[spelled("49015112345678", "+49 0151 12345678")]).read_by(1);
        let new = old.read_again(&home("US"));
        let entry = &new.entries()[0];
        assert_eq!((entry.contact.phone.digits(), entry.matched), ("4915112345678", None));
        assert_eq!(new.reading_version(), numbering::READING_VERSION);
        assert!(!new.holds_the_same(&old));
        assert!(book(&[]).read_by(1).holds_the_same(&book(&[])));
    }

    #[test]
    fn a_book_without_phones_keeps_the_others_and_its_region_if_one_of_them_needs_it() {
        let us = book(&[
            spelled("16505550123", "(650) 555-0123"),
            spelled("16505550124", "+1 650 555 0124"),
        ])
        .settled_in(&home("US"))
        .read_by(1);
        let [national, international, nobodys] = ["16505550123", "16505550124", "16505550125"]
            .map(|digits| digits.parse().expect("a phone"));
        for (phones, left, has_region) in [
            (vec![nobodys], vec!["16505550123", "16505550124"], true),
            (vec![international], vec!["16505550123"], true),
            (vec![national, nobodys], vec!["16505550124"], false),
            (vec![national, international], vec![], false),
        ] {
            let after = us.clone().without(&phones.into_iter().collect());
            let digits: Vec<_> =
                after.entries().iter().map(|entry| entry.contact.phone.digits()).collect();
            assert_eq!(digits, left);
            assert!(after.entries().iter().all(|entry| entry.matched.is_some()));
            assert_eq!((after.region().is_some(), after.reading_version()), (has_region, 1));
        }
    }

    #[test]
    fn a_contact_is_found_by_its_spelling_before_its_phone() {
        // Read as a German number once; today the same digits would be an Australian one.
        let before = book(&[spelled("4961412675500", "61412675500")]);
        let again = upload(Mode::Merge, vec![Change::Put(spelled("61412675500", "61412675500"))]);
        assert_eq!(before.diff(&again), Diff::default());
        let Contact { phone, spelling, .. } = spelled("61412675500", "61412675500");
        let removal = upload(Mode::Merge, vec![Change::Remove { phone, spelling }]);
        assert_eq!(contacts(&before.apply(&before.diff(&removal))), []);
    }

    fn contact_strategy() -> impl Strategy<Value = Contact> {
        (0..12u8, "[abc]", any::<bool>())
            .prop_map(|(number, name, spelled)| contact(number, &name, spelled))
    }

    fn upload_strategy() -> impl Strategy<Value = Upload> {
        let change = prop_oneof![
            3 => contact_strategy().prop_map(Change::Put),
            1 => contact_strategy().prop_map(|contact| Change::Remove { phone: contact.phone, spelling: contact.spelling }),
        ];
        let mode = prop_oneof![Just(Mode::Merge), Just(Mode::Replace)];
        (mode, prop::collection::vec(change, 0..16))
            .prop_map(|(mode, changes)| upload(mode, changes))
    }

    /// Works out the book's contacts by making one change after another.
    fn expected(before: &[Contact], upload: &Upload) -> Vec<Contact> {
        let mut after = before.to_vec();
        for (_, change) in &upload.changes {
            let place = after.iter().position(|contact| contact.phone == change.phone());
            match (change, place) {
                (Change::Put(contact), Some(place)) => after[place] = contact.clone(),
                (Change::Put(contact), None) => after.push(contact.clone()),
                // This keeps the phone's place. The phone's last change decides whether the contact
                // stays.
                (Change::Remove { phone, .. }, None) => {
                    after.push(Contact { phone: *phone, ..contact(0, "gone", false) });
                }
                (Change::Remove { .. }, Some(_)) => {}
            }
        }
        let last =
            |phone: Phone| upload.changes.iter().rev().find(|(_, change)| change.phone() == phone);
        after.retain(|contact| match last(contact.phone) {
            Some((_, Change::Put(_))) => true,
            Some((_, Change::Remove { .. })) => false,
            None => upload.mode == Mode::Merge,
        });
        after
    }

    proptest! {
        #[test]
        fn applying_the_diff_gives_the_uploaded_book(
            before in prop::collection::vec(contact_strategy(), 0..12),
            upload in upload_strategy(),
        ) {
            let before = book(&before);
            let diff = before.diff(&upload);
            let after = before.apply(&diff);
            prop_assert_eq!(contacts(&after), expected(&contacts(&before), &upload));
            prop_assert_eq!(after.diff(&upload), Diff::default());

            let Counts { created, updated, deleted } = diff.counts();
            prop_assert_eq!(before.entries().len() + created - deleted, after.entries().len());
            prop_assert_eq!(created, after.phones_not_in(&before).len());
            prop_assert_eq!(deleted, before.phones_not_in(&after).len());
            let changed = after.entries().iter().filter(|entry| {
                before.find(entry.contact.phone).is_some_and(|old| old.contact != entry.contact)
            });
            prop_assert_eq!(updated, changed.count());
        }
    }
}
