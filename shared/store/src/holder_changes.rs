//! How often accounts and phones have got a new holder or a new visibility recently. These buckets
//! are in Budgets, beside those of new numbers.

use model::{Payer, UserId};

use crate::error::StoreError;
use crate::item::{Attributes, Reader, item, number, text};
use crate::store::Store;
use crate::tables::Table;
use crate::write::{Condition, Outcome};

/// How long an item is kept after its bucket has leaked empty: a day. An empty bucket is the same
/// as none.
const TTL_SECONDS: u64 = 24 * 60 * 60;

/// How often a holder has changed, as it is stored. The default stands for never.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeBucket {
    /// When the bucket will have leaked empty, in milliseconds since 1970.
    pub empty_at_ms: u64,
    /// The state of the account that was paid for leaving; see [`HolderChangeStore::change_mark`].
    pub paid_for: Option<String>,
}

/// Reading and charging the buckets of changes of holders. An account's bucket belongs to
/// [`Payer::User`], and a phone's to [`Payer::Phone`].
pub trait HolderChangeStore: Sync {
    /// Reads a bucket, with one strongly consistent GetItem.
    fn change_bucket(
        &self,
        payer: &Payer,
    ) -> impl Future<Output = Result<ChangeBucket, StoreError>> + Send;

    /// Replaces `seen` with `next` if the bucket hasn't changed, with one conditional UpdateItem.
    fn write_change_bucket(
        &self,
        payer: &Payer,
        seen: &ChangeBucket,
        next: &ChangeBucket,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Returns a mark of one state of an account. An account leaves each state once at most, so
    /// whoever has paid for leaving it needn't pay again until it is left. `version` is that of the
    /// profile, and 0 before sign-up.
    fn change_mark(&self, user: &UserId, generation: u64, version: u64) -> String;
}

impl HolderChangeStore for Store {
    async fn change_bucket(&self, payer: &Payer) -> Result<ChangeBucket, StoreError> {
        let Some(item) = self.get(Table::Budgets, self.changes_key(payer)).await? else {
            return Ok(ChangeBucket::default());
        };
        let reader = Reader { table: Table::Budgets, kind: "bucket of changes", item: &item };
        let paid_for = reader.optional_text("paid_for")?.map(ToOwned::to_owned);
        Ok(ChangeBucket { empty_at_ms: reader.number("empty_at_ms")?, paid_for })
    }

    async fn write_change_bucket(
        &self,
        payer: &Payer,
        seen: &ChangeBucket,
        next: &ChangeBucket,
    ) -> Result<Outcome, StoreError> {
        // `empty_at_ms` grows with every write, so comparing it alone detects any other write.
        let mut unchanged = match seen.empty_at_ms {
            0 => Condition::new("attribute_not_exists(payer)", []),
            seen => Condition::new("empty_at_ms = :seen", [(":seen", number(seen))]),
        };
        unchanged.values.extend(item([
            (":empty", number(next.empty_at_ms)),
            (":paid", text(next.paid_for.clone().unwrap_or_default())),
            (":expires", number(next.empty_at_ms / 1000 + TTL_SECONDS)),
        ]));
        let set = "SET empty_at_ms = :empty, paid_for = :paid, expires_at = :expires";
        self.update(Table::Budgets, self.changes_key(payer), set, unchanged).await
    }

    fn change_mark(&self, user: &UserId, generation: u64, version: u64) -> String {
        self.phone_keys.mark(&format!("state {generation}.{version} of {}", user.as_str()))
    }
}

impl Store {
    fn changes_key(&self, payer: &Payer) -> Attributes {
        item([("payer", text(self.phone_keys.changes_key(payer)))])
    }
}
