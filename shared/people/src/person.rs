//! A person: an account, books, or both.

use std::collections::HashSet;

use model::{
    Book, Contact, Details, Entry, Flags, MAX_SPELLING_CHARS, Name, Profile, PublicId, Scope,
    Spelling, UserId,
};
use numbering::{HomeRegion, Phone, Region, reread};

use crate::line::{AccountLine, BookLine, ChoicesLine, ContactLine, PersonLine};
use crate::mistake::Mistake;
use crate::time;

/// Longest text of a profile, in characters: that of the longest field that an app may set.
const MAX_TEXT_CHARS: usize = 5_000;

/// A person to import.
#[derive(Clone, Debug)]
pub struct Person {
    pub user: UserId,
    /// Absent for a person who has books and no account.
    pub account: Option<Account>,
    pub books: Vec<PersonBook>,
}

/// An account to import. What is absent is chosen, or stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub id: Option<PublicId>,
    pub phone: Option<Phone>,
    /// Milliseconds since 1970.
    pub created_at_ms: Option<u64>,
    pub details: Details,
    /// See [`Flags::discoverable_by_phone`].
    pub discoverable_by_phone: Option<bool>,
    /// See [`Flags::announce_me`].
    pub announce_me: Option<bool>,
    /// See [`Flags::notify_me`].
    pub notify_me: Option<bool>,
}

/// A book to import.
#[derive(Clone, Debug)]
pub struct PersonBook {
    pub scope: Scope,
    /// The region in which its phones are read.
    pub home: HomeRegion,
    /// The contacts, each with its place in the line.
    pub contacts: Vec<(usize, Contact)>,
}

/// A contact that is left out of a book, because it makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The place of the book in the line. The first one is 0.
    pub book: usize,
    /// The place of the contact in the book. The first one is 0.
    pub contact: usize,
    pub mistake: Mistake,
}

/// A line that was read.
#[derive(Clone, Debug)]
pub struct Read {
    pub person: Person,
    pub left_out: Vec<LeftOut>,
}

impl Person {
    /// Reads a line. Books without a region of their own are read in that of the person's number, or
    /// in `default`.
    ///
    /// # Errors
    /// [`Mistake`] if the line makes no sense. A single contact that makes no sense is left out.
    pub fn read(line: &[u8], default: Region) -> Result<Read, Mistake> {
        let PersonLine { subject, account, books } = serde_json::from_slice(line)?;
        let user = subject.parse::<UserId>();
        let user = user.map_err(|error| Mistake::new(format!("subject: {error}")))?;
        let account = account.map(Account::read).transpose()?;
        if account.is_none() && books.is_empty() {
            return Err(Mistake::new("the person has neither an account nor a book"));
        }
        let phone = account.as_ref().and_then(|account| account.phone);
        let home = HomeRegion::of(phone, default);
        let mut left_out = vec![];
        let books = books.into_iter().enumerate().map(|(place, book)| {
            let (book, mistakes) = PersonBook::read(place, book, home)?;
            left_out.extend(mistakes);
            Ok(book)
        });
        let books = books.collect::<Result<Vec<_>, Mistake>>()?;
        let scopes: HashSet<&Scope> = books.iter().map(|book| &book.scope).collect();
        if scopes.len() < books.len() {
            return Err(Mistake::new("books: two have the same udid, or none"));
        }
        Ok(Read { person: Self { user, account, books }, left_out })
    }

    /// Writes a person as a line, without its end. Books without contacts aren't written. Returns
    /// nothing if nothing is left.
    #[must_use]
    pub fn write(
        user: &UserId,
        profile: Option<&Profile>,
        books: &[(Scope, Book)],
    ) -> Option<String> {
        let books = books.iter().filter(|(_, book)| !book.entries().is_empty());
        let mut books: Vec<&(Scope, Book)> = books.collect();
        books.sort_by(|(one, _), (other, _)| one.cmp(other));
        if profile.is_none() && books.is_empty() {
            return None;
        }
        let line = PersonLine {
            subject: user.as_str().to_owned(),
            account: profile.map(account_line),
            books: books.into_iter().map(|(scope, book)| book_line(scope, book)).collect(),
        };
        Some(serde_json::to_string(&line).expect("texts, numbers and lists are JSON"))
    }
}

impl Account {
    fn read(line: AccountLine) -> Result<Self, Mistake> {
        let AccountLine { id, phone, created_at, profile, choices } = line;
        let id = id.map(PublicId::try_from).transpose();
        let id = id.map_err(|error| Mistake::new(format!("account.id: {error}")))?;
        let phone = phone.as_deref().map(read_e164).transpose()?;
        let created_at_ms = created_at.as_deref().map(|text| {
            let message = "account.created_at: isn't a time like 2026-11-24T01:57:52Z";
            time::read(text).ok_or_else(|| Mistake::new(message))
        });
        let mut details = profile;
        for (name, field) in Details::TEXTS {
            let text = field(&mut details).as_deref().unwrap_or_default();
            if text.chars().count() > MAX_TEXT_CHARS {
                let message = format!("account.profile.{name}: is longer than {MAX_TEXT_CHARS}");
                return Err(Mistake::new(message));
            }
        }
        let ChoicesLine { discoverable_by_phone, announce_me, notify_me } = choices;
        Ok(Self {
            id,
            phone,
            created_at_ms: created_at_ms.transpose()?,
            details,
            discoverable_by_phone,
            announce_me,
            notify_me,
        })
    }

    /// Returns whether a profile is already as this account would make it. When its user signed up
    /// can't be changed, and isn't compared.
    #[must_use]
    pub fn is_that_of(&self, profile: &Profile) -> bool {
        let Self { id, phone, created_at_ms: _, details, .. } = self;
        let has = |wanted: Option<bool>, flag: bool| wanted.is_none_or(|wanted| wanted == flag);
        let Flags { discoverable_by_phone, announce_me, notify_me } = profile.flags;
        let mut after = profile.details.clone();
        after.update(details.clone());
        id.is_none_or(|id| id == profile.id)
            && phone.is_none_or(|phone| {
                profile.phone.is_some_and(|(had, _)| had.is_same_subscriber(&phone))
            })
            && after == profile.details
            && has(self.discoverable_by_phone, discoverable_by_phone)
            && has(self.announce_me, announce_me)
            && has(self.notify_me, notify_me)
    }
}

fn read_e164(phone: &str) -> Result<Phone, Mistake> {
    let wrong = || Mistake::new("account.phone: isn't a number with a plus and its country code");
    let digits = phone.strip_prefix('+').ok_or_else(wrong)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    Phone::proven(phone).map_err(|_| wrong())
}

impl PersonBook {
    fn read(
        place: usize,
        line: BookLine,
        home: HomeRegion,
    ) -> Result<(Self, Vec<LeftOut>), Mistake> {
        let BookLine { udid, home_region, contacts } = line;
        let wrong = |field: &str, error: &dyn std::fmt::Display| {
            Mistake::new(format!("books[{place}].{field}: {error}"))
        };
        let scope = match udid {
            None => Scope::Global,
            Some(udid) => Scope::Device(udid.parse().map_err(|error| wrong("udid", &error))?),
        };
        let region = home_region.map(|region| region.parse::<Region>()).transpose();
        let region = region.map_err(|error| wrong("home_region", &error))?;
        let home = region.map_or(home, HomeRegion::known);
        let (mut read, mut left_out) = (Vec::with_capacity(contacts.len()), vec![]);
        for (contact, line) in contacts.into_iter().enumerate() {
            match read_contact(&line, &home) {
                Ok(good) => read.push((contact, good)),
                Err(mistake) => left_out.push(LeftOut { book: place, contact, mistake }),
            }
        }
        Ok((Self { scope, home, contacts: read }, left_out))
    }

    /// Returns whether `book` has these contacts, in this order. If two have the same phone, the
    /// later one counts.
    #[must_use]
    pub fn is_that_of(&self, book: &Book) -> bool {
        let entry =
            |(_, contact): &(usize, Contact)| Entry { contact: contact.clone(), matched: None };
        let wanted = Book::new(None, self.contacts.iter().map(entry).collect());
        let contacts = |book: &Book| -> Vec<Contact> {
            book.entries().iter().map(|entry| entry.contact.clone()).collect()
        };
        contacts(&wanted) == contacts(book)
    }
}

/// Reads a contact. A phone that was read before changes only for a better reading.
fn read_contact(line: &ContactLine, home: &HomeRegion) -> Result<Contact, Mistake> {
    let ContactLine { name, phone: spelling, canonical, matched: _ } = line;
    let is_long = spelling.chars().take(MAX_SPELLING_CHARS + 1).count() > MAX_SPELLING_CHARS;
    let phone = match canonical.as_deref().map(Phone::stored) {
        _ if is_long => None,
        Some(Err(_)) => return Err(Mistake::new("canonical: isn't made of 7 to 15 digits")),
        Some(Ok(before)) => Some(reread(spelling, before, home)),
        None => Phone::read(spelling, home).ok(),
    };
    let phone = phone.ok_or_else(|| Mistake::new("phone: isn't one"))?;
    let name: Name = name.parse().map_err(|error| Mistake::new(format!("name: {error}")))?;
    Ok(Contact { phone, spelling: Spelling::from(spelling.as_str()), name })
}

fn account_line(profile: &Profile) -> AccountLine {
    let Profile { id, phone, flags, created_at_ms, details, .. } = profile;
    let Flags { discoverable_by_phone, announce_me, notify_me } = *flags;
    AccountLine {
        id: Some(u64::from(id.get())),
        phone: phone.map(|(phone, _)| format!("+{}", phone.digits())),
        created_at: Some(time::written(*created_at_ms)),
        profile: details.clone(),
        choices: ChoicesLine {
            discoverable_by_phone: Some(discoverable_by_phone),
            announce_me: Some(announce_me),
            notify_me: Some(notify_me),
        },
    }
}

fn book_line(scope: &Scope, book: &Book) -> BookLine {
    BookLine {
        udid: match scope {
            Scope::Global => None,
            Scope::Device(udid) => Some(udid.as_str().to_owned()),
        },
        home_region: book.region().map(|region| region.code().to_owned()),
        contacts: book.entries().iter().map(contact_line).collect(),
    }
}

fn contact_line(Entry { contact, matched }: &Entry) -> ContactLine {
    ContactLine {
        name: contact.name.as_str().to_owned(),
        phone: contact.spelling.as_str().to_owned(),
        canonical: Some(contact.phone.digits().to_owned()),
        matched: matched.map(|id| u64::from(id.get())),
    }
}
