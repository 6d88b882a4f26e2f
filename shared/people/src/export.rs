//! Writing people out.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use futures::stream::{self, Stream, StreamExt};
use model::{PublicId, UserId};
use numbering::Phone;
use store::{AccountStore, BookKey, BookReader, HolderReader, Store, StoreError, UserItem};

use crate::person::Person;

/// One of the people on a [`Roll`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Entered {
    /// They have an account with this id.
    Account(PublicId),
    /// They have books, and no account.
    Books(UserId),
}

/// Who there is, in the order in which they are written: by their ids, and then those without an
/// account by their subjects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roll {
    people: BTreeSet<Entered>,
    /// How many items couldn't be read.
    pub unreadable: u64,
}

impl Roll {
    /// Returns how many people there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Returns whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }
}

/// Finds out who there is, by scans of Users and of the keys of AddressBooks in so many segments.
/// Calls `seen` for each item.
///
/// # Errors
/// [`StoreError`] if a table can't be read.
pub async fn roll(
    store: &Store,
    segments: u16,
    mut seen: impl FnMut(),
) -> Result<Roll, StoreError> {
    let (mut roll, mut with_account) = (Roll::default(), BTreeSet::new());
    let mut users = std::pin::pin!(store.scan::<UserItem>(segments));
    while let Some(items) = users.try_next().await? {
        for item in items {
            seen();
            match item {
                Ok(UserItem::Subject { user, subject }) => {
                    if let Some(id) = subject.id {
                        roll.people.insert(Entered::Account(id));
                        with_account.insert(user);
                    }
                }
                Ok(_) => {}
                Err(_) => roll.unreadable += 1,
            }
        }
    }
    let mut books = std::pin::pin!(store.scan::<BookKey>(segments));
    while let Some(items) = books.try_next().await? {
        for item in items {
            seen();
            match item {
                Ok(BookKey { user, .. }) if !with_account.contains(&user) => {
                    roll.people.insert(Entered::Books(user));
                }
                Ok(_) => {}
                Err(_) => roll.unreadable += 1,
            }
        }
    }
    Ok(roll)
}

/// How somebody is named who is to be written out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    Phone(Phone),
    Id(PublicId),
    User(UserId),
}

/// Finds those who are named. Returns the roll of them, and the places in `named` of those who aren't
/// there.
///
/// # Errors
/// [`StoreError`] of the reads.
pub async fn find(store: &Store, named: &[Named]) -> Result<(Roll, Vec<usize>), StoreError> {
    let (mut roll, mut missing) = (Roll::default(), vec![]);
    for (place, one) in named.iter().enumerate() {
        let found = match one {
            Named::Phone(phone) => {
                store.holder(*phone).await?.map(|holder| Entered::Account(holder.id))
            }
            Named::Id(id) => store.profile(*id).await?.map(|profile| Entered::Account(profile.id)),
            Named::User(user) => match store.subject(user).await?.id {
                Some(id) => Some(Entered::Account(id)),
                None => {
                    let is_there = !store.read_books(user).await?.is_empty();
                    is_there.then(|| Entered::Books(user.clone()))
                }
            },
        };
        match found {
            Some(found) => {
                roll.people.insert(found);
            }
            None => missing.push(place),
        }
    }
    Ok((roll, missing))
}

/// Reads people, so many at once, and returns their lines without ends, in order. A person who has
/// nothing any more has no line.
pub fn export<'a>(
    store: &'a Store,
    roll: &'a Roll,
    at_once: usize,
) -> impl Stream<Item = Result<Option<String>, StoreError>> + 'a {
    stream::iter(&roll.people).map(move |one| person_line(store, one)).buffered(at_once)
}

async fn person_line(store: &Store, one: &Entered) -> Result<Option<String>, StoreError> {
    let profile = match one {
        Entered::Account(id) => match store.profile(*id).await? {
            Some(profile) => Some(profile),
            None => return Ok(None),
        },
        Entered::Books(_) => None,
    };
    let user = match (one, &profile) {
        (Entered::Books(user), _) => user,
        (_, Some(profile)) => &profile.user,
        (Entered::Account(_), None) => return Ok(None),
    };
    let books = store.read_books(user).await?.into_iter();
    let open = books.filter(|(_, stored)| stored.life.is_open());
    let books: Vec<_> = open.map(|(scope, stored)| (scope, stored.book)).collect();
    Ok(Person::write(user, profile.as_ref(), &books))
}
