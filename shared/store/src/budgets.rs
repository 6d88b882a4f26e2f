//! Budgets: how many new numbers each payer has added recently.
//!
//! An item is found only by a keyed hash of its payer, so it shows nobody whose it is. Deleting an
//! account doesn't delete the item, so signing up again doesn't refill the bucket. The item expires
//! by itself when the bucket is empty.

use model::Payer;
use numbering::Phone;

use crate::error::StoreError;
use crate::item::{Attributes, Reader, item, number, text};
use crate::store::Store;
use crate::tables::Table;
use crate::write::{Condition, Outcome};

/// How long an item is kept after its bucket has leaked empty: a day. An empty bucket is the same
/// as none.
const TTL_SECONDS: u64 = 24 * 60 * 60;

/// A bucket as it is stored. The default stands for a bucket that isn't stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// When the bucket will have leaked empty, in milliseconds since 1970; see
    /// [`Budget`](model::Budget).
    pub empty_at_ms: u64,
    /// A hash of the numbers that were paid for last. By it, an upload that paid and didn't commit
    /// doesn't pay again.
    pub receipt: Option<String>,
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

    /// Returns the receipt for a set of numbers. Their order doesn't matter.
    fn receipt(&self, phones: &[Phone]) -> String;
}

impl BudgetStore for Store {
    async fn bucket(&self, payer: &Payer) -> Result<Bucket, StoreError> {
        let Some(item) = self.get(Table::Budgets, self.budget_key(payer)).await? else {
            return Ok(Bucket::default());
        };
        let reader = Reader { table: Table::Budgets, kind: "bucket", item: &item };
        let receipt = reader.optional_text("receipt")?.map(ToOwned::to_owned);
        Ok(Bucket { empty_at_ms: reader.number("empty_at_ms")?, receipt })
    }

    async fn write_bucket(
        &self,
        payer: &Payer,
        seen: &Bucket,
        next: &Bucket,
    ) -> Result<Outcome, StoreError> {
        // `empty_at_ms` grows with every write, so comparing it alone detects any other write.
        let mut unchanged = match seen.empty_at_ms {
            0 => Condition::new("attribute_not_exists(payer)", []),
            seen => Condition::new("empty_at_ms = :seen", [(":seen", number(seen))]),
        };
        unchanged.values.extend(item([
            (":empty", number(next.empty_at_ms)),
            (":receipt", text(next.receipt.clone().unwrap_or_default())),
            (":expires", number(next.empty_at_ms / 1000 + TTL_SECONDS)),
        ]));
        let set = "SET empty_at_ms = :empty, receipt = :receipt, expires_at = :expires";
        self.update(Table::Budgets, self.budget_key(payer), set, unchanged).await
    }

    fn receipt(&self, phones: &[Phone]) -> String {
        self.phone_keys.set(phones)
    }
}

impl Store {
    fn budget_key(&self, payer: &Payer) -> Attributes {
        item([("payer", text(self.phone_keys.budget_key(payer)))])
    }
}
