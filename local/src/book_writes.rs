//! Writes of books, as they are seen in what passes to the database.

use model::Scope;
use serde_json::{Value, json};
use store::{BookKey, Keyring};

use crate::schema::tables;
use crate::units::Consumed;

/// A call that wrote the items of a book.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BookWrite {
    /// What was done with each item: its key, and how.
    items: Vec<(ItemKey, Change)>,
    /// The write units that the books' table took.
    units: f64,
}

/// The stored key of an item, sealed or not.
#[derive(Clone, Debug, PartialEq)]
struct ItemKey {
    user_id: String,
    book: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Deleted,
    /// Only its times were changed: the book is in use.
    Kept,
    Written,
}

impl BookWrite {
    /// Returns what a call with this `request` wrote, if it wrote a book. `consumed` is what the
    /// answer says of each table's units.
    pub(crate) fn of(operation: &str, request: &Value, consumed: &[Consumed]) -> Option<Self> {
        let table = tables().address_books;
        let items: Vec<_> = match operation {
            "PutItem" | "UpdateItem" | "DeleteItem" => {
                item(operation, request, &table).into_iter().collect()
            }
            "TransactWriteItems" => {
                let parts = request["TransactItems"].as_array().into_iter().flatten();
                let parts = parts.filter_map(Value::as_object).flatten();
                parts.filter_map(|(operation, part)| item(operation, part, &table)).collect()
            }
            _ => return None,
        };
        let of_table = consumed.iter().filter(|one| one.table.as_ref() == Some(&table));
        let units = of_table.map(|one| one.units).sum();
        (!items.is_empty()).then_some(Self { items, units })
    }

    /// Returns the write as an event: whose book it was, what was done with it, and its units.
    pub(crate) fn event(&self, keyring: &Keyring) -> Value {
        let keys = self.items.iter().filter_map(|(ItemKey { user_id, book }, _)| {
            BookKey::open(keyring, user_id, book).ok()
        });
        let keys: Vec<BookKey> = keys.collect();
        let change = self.items.iter().map(|(_, change)| *change).max();
        let parts = |is_base| keys.iter().any(|key| key.is_base == is_base);
        json!({
            "user": keys.first().map(|key| key.user.as_str()),
            "udid": keys.first().and_then(|key| match &key.scope {
                Scope::Global => None,
                Scope::Device(udid) => Some(udid.as_str()),
            }),
            "change": change.map(|change| match change {
                Change::Written => "written",
                Change::Kept => "kept",
                Change::Deleted => "deleted",
            }),
            "head": parts(false),
            "base": parts(true),
            "units": self.units,
        })
    }
}

/// Returns the item of a book that a part of a request writes.
fn item(operation: &str, part: &Value, table: &str) -> Option<(ItemKey, Change)> {
    let (key, change) = match operation {
        "PutItem" | "Put" => (&part["Item"], Change::Written),
        "UpdateItem" | "Update" => (&part["Key"], Change::Kept),
        "DeleteItem" | "Delete" => (&part["Key"], Change::Deleted),
        _ => return None,
    };
    let text = |name: &str| key[name]["S"].as_str().map(ToOwned::to_owned);
    let key = ItemKey { user_id: text("user_id")?, book: text("book")? };
    (part["TableName"] == table).then_some((key, change))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(book: &str) -> Value {
        json!({ "user_id": {"S": "alice"}, "book": {"S": book} })
    }

    fn consumed(books: f64) -> Vec<Consumed> {
        [("AddressBooks", books), ("Users", 2.0)]
            .map(|(table, units)| Consumed { table: Some(table.to_owned()), units })
            .into()
    }

    #[test]
    fn each_kind_of_write_is_told_with_the_units_of_the_books_table_alone() {
        let base = "g\u{1f}base";
        let transaction = json!({ "TransactItems": [
            {"Put": {"TableName": "AddressBooks", "Item": key("g")}},
            {"Delete": {"TableName": "AddressBooks", "Key": key(base)}},
            {"ConditionCheck": {"TableName": "Users", "Key": {"key": {"S": "subject#alice"}}}},
        ]});
        for (operation, request, expected) in [
            (
                "PutItem",
                json!({ "TableName": "AddressBooks", "Item": key("dpixel") }),
                Some(json!(["alice", "pixel", "written", true, false, 3.0])),
            ),
            (
                "UpdateItem",
                json!({ "TableName": "AddressBooks", "Key": key(base) }),
                Some(json!(["alice", null, "kept", false, true, 3.0])),
            ),
            (
                "TransactWriteItems",
                transaction,
                Some(json!(["alice", null, "written", true, true, 3.0])),
            ),
            ("PutItem", json!({ "TableName": "Users", "Item": key("g") }), None),
            ("GetItem", json!({ "TableName": "AddressBooks", "Key": key("g") }), None),
            ("TransactWriteItems", json!({ "TransactItems": [] }), None),
        ] {
            let write = BookWrite::of(operation, &request, &consumed(3.0));
            let told = write.map(|write| {
                let event = write.event(&Keyring::default());
                json!(["user", "udid", "change", "head", "base", "units"].map(|name| &event[name]))
            });
            assert_eq!(told, expected, "{operation}");
        }
    }
}
