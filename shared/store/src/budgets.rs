//! Budgets: how many new numbers each payer has added recently, and how often they have changed
//! their books.
//!
//! An item is found only by a keyed hash of its payer, so it shows nobody whose it is. Deleting an
//! account doesn't delete the item, so signing up again doesn't refill the bucket. The item expires
//! by itself when the bucket is empty.

use model::Payer;

use crate::error::StoreError;
use crate::item::{Attributes, Reader, bytes, item, number, text};
use crate::receipt::Receipt;
use crate::store::Store;
use crate::tables::Table;
use crate::write::{Condition, Outcome};

/// How long an item is kept after its bucket has leaked empty: a day. An empty bucket is the same
/// as none.
const TTL_SECONDS: u64 = 24 * 60 * 60;

/// What a payer has spent, as it is stored. The default stands for a payer who has spent nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// When the bucket of new numbers will have leaked empty, in milliseconds since 1970; see
    /// [`Budget`](model::Budget).
    pub empty_at_ms: u64,
    /// When the bucket of changes of books will have leaked empty, in milliseconds since 1970.
    pub changes_empty_at_ms: u64,
    /// The numbers that were paid for last. By it, an upload that paid and didn't commit doesn't
    /// pay again.
    pub receipt: Option<Receipt>,
}

/// Reading and charging budgets.
pub trait BudgetStore: Sync {
    /// Reads the payer's bucket, with one strongly consistent GetItem.
    fn bucket(&self, payer: &Payer) -> impl Future<Output = Result<Bucket, StoreError>> + Send;

    /// Replaces `seen` with `next` if the bucket hasn't changed, with one conditional UpdateItem.
    fn write_bucket(
        &self,
        payer: &Payer,
        seen: &Bucket,
        next: &Bucket,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;
}

impl BudgetStore for Store {
    async fn bucket(&self, payer: &Payer) -> Result<Bucket, StoreError> {
        let Some(item) = self.get(Table::Budgets, self.budget_key(payer)).await? else {
            return Ok(Bucket::default());
        };
        let reader = Reader { table: Table::Budgets, kind: "bucket", item: &item };
        let paid_at_ms = reader.optional_number("paid_at_ms")?.unwrap_or(0);
        let read =
            |paid: &[u8]| Receipt::read(paid_at_ms, paid).ok_or_else(|| reader.corrupt("paid_for"));
        Ok(Bucket {
            empty_at_ms: reader.number("empty_at_ms")?,
            changes_empty_at_ms: reader.optional_number("changes_empty_at_ms")?.unwrap_or(0),
            receipt: reader.optional_bytes("paid_for")?.map(read).transpose()?,
        })
    }

    async fn write_bucket(
        &self,
        payer: &Payer,
        seen: &Bucket,
        next: &Bucket,
    ) -> Result<Outcome, StoreError> {
        // Every write raises at least one of the two, so comparing them detects any other write.
        let mut unchanged = as_seen("empty_at_ms", ":empty_seen", seen.empty_at_ms).and(as_seen(
            "changes_empty_at_ms",
            ":changes_seen",
            seen.changes_empty_at_ms,
        ));
        let last_ms = next.empty_at_ms.max(next.changes_empty_at_ms);
        unchanged.values.extend(item([
            (":empty", number(next.empty_at_ms)),
            (":changes", number(next.changes_empty_at_ms)),
            (":expires", number(last_ms / 1000 + TTL_SECONDS)),
        ]));
        let mut expression = "SET empty_at_ms = :empty, changes_empty_at_ms = :changes, \
                              expires_at = :expires"
            .to_owned();
        match &next.receipt {
            Some(receipt) => {
                expression.push_str(", paid_for = :paid, paid_at_ms = :paid_at");
                unchanged.values.extend(item([
                    (":paid", bytes(receipt.to_bytes())),
                    (":paid_at", number(receipt.began_at_ms())),
                ]));
            }
            None => expression.push_str(" REMOVE paid_for, paid_at_ms"),
        }
        self.update(Table::Budgets, self.budget_key(payer), &expression, unchanged).await
    }
}

/// Returns the condition that the number `name` is as it was seen. Zero is the same as none.
fn as_seen(name: &str, placeholder: &str, seen: u64) -> Condition {
    let is_seen = format!("{name} = {placeholder}");
    let expression = match seen {
        0 => format!("(attribute_not_exists({name}) OR {is_seen})"),
        _ => is_seen,
    };
    Condition::new(expression, [(placeholder, number(seen))])
}

impl Store {
    fn budget_key(&self, payer: &Payer) -> Attributes {
        item([("payer", text(self.phone_keys.budget_key(payer)))])
    }
}
