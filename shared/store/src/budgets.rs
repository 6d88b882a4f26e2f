//! Budgets: how many new numbers people have added of late.
//!
//! An item is found by a keyed hash of its payer alone. Deleting the account leaves it: signing up again
//! doesn't refill it, and it tells nobody whose it was. It goes by itself once the bucket is empty.

use model::Payer;
use numbering::Phone;

use crate::error::StoreError;
use crate::item::{Attributes, Reader, item, number, text};
use crate::store::Store;
use crate::tables::Table;
use crate::write::{Condition, Outcome};

/// How long an item outlives what is in its bucket: an empty bucket is the same as none.
const TTL_SECONDS: u64 = 24 * 60 * 60;

/// A bucket as it stands in its table; by default there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// When it will have leaked empty, in milliseconds since 1970; see [`Budget`](model::Budget).
    pub empty_at_ms: u64,
    /// A hash of the numbers that were paid for last: an upload that paid and didn't come through doesn't
    /// pay again.
    pub receipt: Option<String>,
}

/// Reading and charging budgets.
pub trait BudgetStore: Sync {
    /// The payer's bucket: one strongly consistent GetItem.
    fn bucket(&self, payer: &Payer) -> impl Future<Output = Result<Bucket, StoreError>> + Send;

    /// Writes `next` in the place of `seen`, if that still stands: one conditional UpdateItem.
    fn write_bucket(
        &self,
        payer: &Payer,
        seen: &Bucket,
        next: &Bucket,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// The receipt for a set of numbers, in whatever order.
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
