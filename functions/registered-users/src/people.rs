//! The people whom the caller may look at: the caller, and the matches of their own books. Whoever
//! else is asked for isn't there, whether they are users or not, and nothing is read about them.

use std::collections::BTreeMap;

use api::{ApiError, PeopleQuery, Person, Reply};
use model::{Entry, PublicId, UserId};
use protocol::{AccountError, PeopleStore};
use serde_json::Value;
use store::StoreError;

/// Returns the profile of one person, or 404.
pub(crate) async fn person<S: PeopleStore>(
    store: &S,
    user: &UserId,
    query: &PeopleQuery,
) -> Result<Reply, ApiError> {
    let first = |people: &[Person<'_>]| query.found(people).into_iter().find_map(Person::user);
    let found = looked_up(store, user, query, first).await?;
    found.map(|user| Reply::ok(&user)).ok_or_else(|| AccountError::NotFound.into())
}

/// Returns a part of those who are found.
pub(crate) async fn people<S: PeopleStore>(
    store: &S,
    user: &UserId,
    query: &PeopleQuery,
) -> Result<Reply, ApiError> {
    let answer: Value = looked_up(store, user, query, |people| query.answer(people)).await?;
    Ok(Reply::ok(&answer))
}

/// Returns what `read` makes of the people whom the query may mean, in the order of their ids.
async fn looked_up<S: PeopleStore, T>(
    store: &S,
    user: &UserId,
    query: &PeopleQuery,
    read: impl FnOnce(&[Person<'_>]) -> T,
) -> Result<T, StoreError> {
    let own = store.subject(user).await?.id;
    let books = store.read_books(user).await?;
    let entries = books.iter().flat_map(|(_, stored)| stored.book.entries());
    let matched = entries.filter_map(|entry| Some((entry.matched?, entry)));
    let contacts: BTreeMap<PublicId, &Entry> =
        matched.filter(|(id, entry)| query.may_include(*id, Some(entry.contact.phone))).collect();
    let ids: Vec<_> = contacts.keys().copied().chain(own).collect();
    let profiles = store.profiles(&ids).await?;
    let own = own.and_then(|own| profiles.get(&own));
    let own = own.filter(|own| query.may_include(own.id, own.phone.map(|(phone, _)| phone)));
    let others = contacts
        .iter()
        .filter_map(|(id, entry)| Some((*id, Person::Contact(entry, profiles.get(id)?))));
    let people: BTreeMap<_, _> =
        others.chain(own.map(|own| (own.id, Person::Caller(own)))).collect();
    Ok(read(&people.into_values().collect::<Vec<_>>()))
}
