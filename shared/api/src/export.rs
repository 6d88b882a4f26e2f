//! `GET /users/{id}/export`.
//!
//! An export can be larger than an answer of Lambda, so it comes in parts. Each part has some of
//! the contacts, and all the rest.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::book::ContactResponse;
use crate::error::ApiError;
use crate::registered::compact_item;
use crate::subscription::subscription_items;
use crate::user::{iso8601, own_user};
use model::{Book, Entry, Scope};
use protocol::Export;

/// Most bytes of contacts in one part, as Lambda counts them. The rest of its 6 MB is for the
/// profile and the subscriptions, which have limits of their own and stay under 100 KB, and for the
/// frames of the books.
const MAX_PART_BYTES: usize = 5_500_000;

/// Returns which part of the export the query asks for. The first one is 1.
///
/// # Errors
/// 422 if `part` isn't a positive number.
pub fn export_part(query: &Map<String, Value>) -> Result<usize, ApiError> {
    let Some(part) = query.get("part") else { return Ok(1) };
    let number = match part {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64().and_then(|part| usize::try_from(part).ok()),
        _ => None,
    };
    number.filter(|part| *part > 0).ok_or_else(no_such_part)
}

fn no_such_part() -> ApiError {
    ApiError::unacceptable("part", "There is no such part of the export.")
}

/// Returns one part of all of a user's data. Each piece looks as it does in the answer of its own
/// endpoint.
///
/// # Errors
/// 422 if there are fewer parts.
pub fn export_json(export: &Export, part: usize) -> Result<Value, ApiError> {
    let Export { profile, books, subscriptions, pushes, bucket, holder_changes } = export;
    let parts = parts(books);
    let pieces = parts.get(part - 1).ok_or_else(no_such_part)?;
    Ok(json!({
        "part": part,
        "parts": parts.len(),
        "user": own_user(profile)["user"],
        "address_books": pieces.iter().map(Piece::json).collect::<Vec<_>>(),
        "subscriptions": subscription_items(subscriptions),
        "pushes_of_the_last_30_days": pushes,
        "new_phones_budget": spent_until(bucket.empty_at_ms),
        "book_changes_budget": spent_until(bucket.changes_empty_at_ms),
        "holder_changes_budget": spent_until(holder_changes.empty_at_ms),
    }))
}

fn spent_until(empty_at_ms: u64) -> Value {
    json!({ "empty_at": (empty_at_ms > 0).then(|| iso8601(empty_at_ms)) })
}

/// Contacts of one book that are in the same part.
struct Piece<'a> {
    scope: &'a Scope,
    book: &'a Book,
    entries: &'a [Entry],
}

impl Piece<'_> {
    fn json(&self) -> Value {
        let udid = match self.scope {
            Scope::Global => None,
            Scope::Device(udid) => Some(udid.as_str()),
        };
        json!({
            "udid": udid,
            "home_region": self.book.region().map(|region| region.code().to_owned()),
            "contacts": self.entries.iter().map(ContactResponse::from).collect::<Vec<_>>(),
            "registered_users": self.entries.iter().filter_map(compact_item).collect::<Vec<_>>(),
        })
    }
}

/// Spreads the contacts over as few parts as they need, in the books' order. Each book is in one
/// part at least, also if it is empty.
fn parts(books: &[(Scope, Book)]) -> Vec<Vec<Piece<'_>>> {
    let mut parts = vec![vec![]];
    let mut room = MAX_PART_BYTES;
    for (scope, book) in books {
        let mut rest = book.entries();
        loop {
            let fitting = fitting(rest, &mut room);
            let (entries, later) = rest.split_at(fitting);
            let part = parts.last_mut().expect("there is always a part");
            part.push(Piece { scope, book, entries });
            rest = later;
            if rest.is_empty() {
                break;
            }
            parts.push(vec![]);
            room = MAX_PART_BYTES;
        }
    }
    parts
}

/// Returns how many of `entries` fit into `room`, and takes their room away.
fn fitting(entries: &[Entry], room: &mut usize) -> usize {
    let fits = |entry: &&Entry| match room.checked_sub(bytes(entry)) {
        Some(left) => {
            *room = left;
            true
        }
        None => false,
    };
    entries.iter().take_while(fits).count()
}

/// Returns how many bytes an entry takes up in the answer of Lambda.
fn bytes(entry: &Entry) -> usize {
    let contact = in_lambda(&ContactResponse::from(entry));
    contact + compact_item(entry).map_or(0, |item| in_lambda(&item))
}

/// Returns how many bytes a value takes up as JSON within JSON, with the comma after it.
fn in_lambda(value: &impl Serialize) -> usize {
    let json = serde_json::to_string(value).expect("an answer's keys are texts");
    let escaped = json.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    json.len() + escaped + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_is_a_positive_number() {
        let query = |part: Value| Map::from_iter([("part".to_owned(), part)]);
        assert_eq!(export_part(&Map::new()).ok(), Some(1));
        for (part, expected) in [
            (json!("1"), Some(1)),
            (json!("12"), Some(12)),
            (json!(2), Some(2)),
            (json!("0"), None),
            (json!("-1"), None),
            (json!(""), None),
            (json!("two"), None),
            (json!([1]), None),
        ] {
            assert_eq!(export_part(&query(part.clone())).ok(), expected, "{part}");
        }
    }
}
