//! Forgotten phones, in Users: marks which say that no book may hold a phone.
//!
//! A mark has the key that the phone's holder would have. So who looks for a holder finds the mark
//! in the same read, and who signs up with the phone replaces it.

use futures::{StreamExt, TryStreamExt};
use numbering::Phone;

use crate::accounts::user_key;
use crate::error::StoreError;
use crate::item::{Attributes, number};
use crate::scan::UserItem;
use crate::store::Store;
use crate::tables::Table;
use crate::users::stored_phone;
use crate::write::{Condition, Outcome};

/// The attribute that makes an item a mark: when the phone was forgotten, in milliseconds since 1970.
pub(crate) const FORGOTTEN_AT: &str = "forgotten_at";

/// Marking phones as forgotten. Each call is about exactly this form of a phone.
pub trait ForgottenPhones: Sync {
    /// Marks `phone` as forgotten. Returns a conflict if it has a holder. A mark that is there already
    /// keeps its time.
    fn mark_forgotten(
        &self,
        phone: Phone,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Reads whether `phone` is marked, strongly consistent.
    fn is_forgotten(&self, phone: Phone) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Deletes the mark of `phone`. Returns a conflict if there is none.
    fn delete_mark(&self, phone: Phone)
    -> impl Future<Output = Result<Outcome, StoreError>> + Send;
}

impl ForgottenPhones for Store {
    async fn mark_forgotten(&self, phone: Phone) -> Result<Outcome, StoreError> {
        let now = number(self.clock.now_ms());
        // Its key may be a hash, of which a copy under other keys couldn't make another.
        let values = [(":now", now), (":phone", stored_phone(&self.keyring, "", phone))];
        let has_no_holder = Condition::new("attribute_not_exists(epoch)", values);
        let update =
            format!("SET {FORGOTTEN_AT} = if_not_exists({FORGOTTEN_AT}, :now), phone = :phone");
        self.update(Table::Users, self.mark_key(phone), &update, has_no_holder).await
    }

    async fn is_forgotten(&self, phone: Phone) -> Result<bool, StoreError> {
        let item = self.get(Table::Users, self.mark_key(phone)).await?;
        Ok(item.is_some_and(|item| is_mark(&item)))
    }

    async fn delete_mark(&self, phone: Phone) -> Result<Outcome, StoreError> {
        let is_mark = format!("attribute_exists({FORGOTTEN_AT}) AND attribute_not_exists(epoch)");
        self.delete(Table::Users, self.mark_key(phone), Condition::new(is_mark, [])).await
    }
}

impl Store {
    /// Marks the phones that are marked in another store, which is scanned in so many segments. Those
    /// that have a holder in this one are left out, and so are marks that don't tell their phone, and
    /// items that can't be read. Returns how many phones are marked. It may be repeated.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn copy_marks(&self, from: &Self, segments: u16) -> Result<usize, StoreError> {
        let mut pages = from.scan::<UserItem>(segments).boxed();
        let mut marked = 0;
        while let Some(page) = pages.try_next().await? {
            for item in page.into_iter().flatten() {
                if let UserItem::Forgotten { phone: Some(phone), mark: _ } = item {
                    marked += usize::from(self.mark_forgotten(phone).await? == Outcome::Done);
                }
            }
        }
        Ok(marked)
    }

    fn mark_key(&self, phone: Phone) -> Attributes {
        user_key(self.phone_keys.holder_key(phone))
    }
}

/// Returns whether a phone's item is a mark. Only holders have an epoch.
pub(crate) fn is_mark(item: &Attributes) -> bool {
    item.contains_key(FORGOTTEN_AT) && !item.contains_key("epoch")
}
