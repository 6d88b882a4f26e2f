//! `GET /users/{id}/export`.

use serde_json::{Value, json};

use crate::book::contacts;
use crate::registered::compact_items;
use crate::subscription::subscription_items;
use crate::user::{iso8601, own_user};
use model::{Book, Scope};
use protocol::Export;

/// Returns all of a user's data. Each part looks as it does in the answer of its own endpoint.
#[must_use]
pub fn export_json(export: &Export) -> Value {
    let Export { profile, books, subscriptions, pushes, bucket } = export;
    let spent_until = (bucket.empty_at_ms > 0).then(|| iso8601(bucket.empty_at_ms));
    json!({
        "user": own_user(profile)["user"],
        "address_books": books.iter().map(book).collect::<Vec<_>>(),
        "subscriptions": subscription_items(subscriptions),
        "pushes_of_the_last_30_days": pushes,
        "new_phones_budget": { "empty_at": spent_until },
    })
}

fn book((scope, book): &(Scope, Book)) -> Value {
    let udid = match scope {
        Scope::Global => None,
        Scope::Device(udid) => Some(udid.as_str()),
    };
    json!({
        "udid": udid,
        "home_region": book.region().map(|region| region.code().to_owned()),
        "contacts": contacts(book),
        "registered_users": compact_items(book)["items"],
    })
}
