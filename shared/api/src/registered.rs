//! `GET /address_book/registered_users`.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::flag::flag;
use crate::user::full_profile;
use model::{Book, Entry, Profile, PublicId};

/// Returns whether the query asks for the compact form.
///
/// # Errors
/// 422 if `compact` is neither yes nor no.
pub fn compact(query: &Map<String, Value>) -> Result<bool, ApiError> {
    flag(query.get("compact")).ok_or_else(|| ApiError::unacceptable("compact", "must be 0 or 1"))
}

#[derive(Serialize)]
struct CompactUser<'a> {
    id: PublicId,
    phone: &'a str,
    address_book_name: &'a str,
}

/// Returns the contacts who are users, in the book's order, each with id, phone and name only.
#[must_use]
pub fn compact_items(book: &Book) -> Value {
    json!({ "items": book.entries().iter().filter_map(compact_item).collect::<Vec<_>>() })
}

/// Returns a contact as in [`compact_items`], if they are a user.
pub(crate) fn compact_item(entry: &Entry) -> Option<Value> {
    let user = CompactUser {
        id: entry.matched?,
        phone: entry.contact.phone.digits(),
        address_book_name: entry.contact.name.as_str(),
    };
    Some(json!({ "user": user }))
}

/// Returns the contacts who are users, in the book's order, each with their full profile. Users are
/// left out who have left since, who don't want to be found any more, and who no longer have the
/// phone of the contact.
#[must_use]
pub fn full_items<S: std::hash::BuildHasher>(
    book: &Book,
    profiles: &HashMap<PublicId, Profile, S>,
) -> Value {
    let items = book.entries().iter().filter_map(|entry| {
        let mut user = shown(entry, profiles.get(&entry.matched?)?)?;
        user.insert("address_book_name".to_owned(), entry.contact.name.as_str().into());
        Some(json!({ "user": user }))
    });
    json!({ "items": items.collect::<Vec<_>>() })
}

/// Returns the profile of the user whom `entry` matches, as the book's owner may see it. Returns
/// nothing for a user who doesn't want to be found any more, or no longer has the phone.
pub(crate) fn shown(entry: &Entry, profile: &Profile) -> Option<Map<String, Value>> {
    let has_phone =
        profile.phone.is_some_and(|(phone, _)| phone.is_same_subscriber(&entry.contact.phone));
    if !has_phone || !profile.flags.discoverable_by_phone {
        return None;
    }
    let mut user = full_profile(profile);
    // Others see the phone that is in their own book.
    user.insert("phone".to_owned(), entry.contact.phone.digits().into());
    Some(user)
}
