//! Moving books in.

use model::{Book, Change, Clock, Contact, Entry, Mode, Upload, UserId};
use numbering::Phone;
use protocol::{Uploaded, upload_unlimited};
use store::{AccountStore, BookReader, HolderReader, Holders, Life, StoreError, fits};

use super::Import;
use super::report::Came;
use super::survey::Phones;
use crate::mistake::Mistake;
use crate::person::{LeftOut, Person, PersonBook};

/// Why a contact is left out that no book may hold.
const FORGOTTEN: &str = "its number was forgotten";

/// What came of a person's books.
#[derive(Default)]
pub(super) struct Uploads {
    pub came: Vec<Came>,
    /// Contacts that a book has no room for.
    pub left_out: Vec<LeftOut>,
    /// Why books failed, with their places in the line; or why all of them did.
    pub mistakes: Vec<(Option<usize>, Mistake)>,
}

impl Uploads {
    pub fn failed(mistake: Mistake) -> Self {
        Self { mistakes: vec![(None, mistake)], ..Self::default() }
    }
}

impl<C: Clock> Import<'_, C> {
    /// Uploads a person's books. `phones` are those of the whole file's accounts.
    pub(super) async fn books(&self, person: Person, phones: &Phones) -> Result<Uploads, Mistake> {
        let Person { user, books, .. } = person;
        let mut uploads = Uploads::default();
        if books.is_empty() {
            return Ok(uploads);
        }
        let subject = self.store.subject(&user).await?;
        if subject.id.is_none() && subject.generation > 0 && !self.overwrites {
            // They have deleted their account.
            uploads.came = vec![Came::Kept; books.len()];
            return Ok(uploads);
        }
        for (place, book) in books.into_iter().enumerate() {
            match self.book(&user, place, book, phones, &mut uploads.left_out).await {
                Ok(came) => uploads.came.push(came),
                Err(mistake) => uploads.mistakes.push((Some(place), mistake)),
            }
        }
        Ok(uploads)
    }

    async fn book(
        &self,
        user: &UserId,
        place: usize,
        book: PersonBook,
        phones: &Phones,
        left_out: &mut Vec<LeftOut>,
    ) -> Result<Came, Mistake> {
        let seen = self.store.read_book(user, &book.scope).await?;
        let is_open = seen.life.is_open();
        if book.is_that_of(&seen.book) {
            return Ok(Came::Unchanged);
        }
        if !self.overwrites && (is_open || matches!(seen.life, Life::Deleted { .. })) {
            return Ok(Came::Kept);
        }
        let came = if is_open { Came::Changed } else { Came::Created };
        let PersonBook { scope, home, contacts } = book;
        let mut leave_out = |contacts: Vec<usize>, why: &str| {
            let mistake = Mistake::new(why);
            left_out.extend(contacts.into_iter().map(|contact| LeftOut {
                book: place,
                contact,
                mistake: mistake.clone(),
            }));
        };
        if self.is_dry_run {
            leave_out(self.forgotten(&contacts, phones).await?, FORGOTTEN);
            let entry = |(_, contact)| Entry { contact, matched: None };
            let next = Book::new(None, contacts.into_iter().map(entry).collect());
            return match fits(&next) {
                true => Ok(came),
                false => Err(Mistake::new("it has no room for all of its contacts")),
            };
        }
        let put = |(contact, put)| (contact, Change::Put(put));
        let upload =
            Upload { mode: Mode::Replace, changes: contacts.into_iter().map(put).collect() };
        let uploaded = upload_unlimited(self.store, user, &scope, &upload, &home).await?;
        let Uploaded { counts: _, no_room, forgotten } = uploaded;
        leave_out(no_room, "the book has no room for it");
        leave_out(forgotten, FORGOTTEN);
        Ok(came)
    }

    /// Returns the places of the contacts whose numbers were forgotten. A number whose owner signs up
    /// by this file isn't forgotten any more when the books come.
    async fn forgotten(
        &self,
        contacts: &[(usize, Contact)],
        phones: &Phones,
    ) -> Result<Vec<usize>, StoreError> {
        let all: Vec<Phone> = contacts.iter().map(|(_, contact)| contact.phone).collect();
        let Holders { forgotten, .. } = self.store.holders(&all).await?;
        let is_out = |phone| forgotten.contains(&phone) && !phones.contains(phone);
        let out = contacts.iter().filter(|(_, contact)| is_out(contact.phone));
        Ok(out.map(|(place, _)| *place).collect())
    }
}
