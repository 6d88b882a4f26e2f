//! Copying who wants no pushes, for a stack whose devices subscribe again.

use futures::{StreamExt, TryStreamExt};

use crate::error::StoreError;
use crate::rekey::write_each;
use crate::scan::SubscriptionItem;
use crate::store::Store;
use crate::tables::Table;

impl Store {
    /// Copies the marks of users who don't want to be told of joins from the subscriptions of another
    /// store, which is scanned in so many segments. Returns how many there are. It may be repeated. An
    /// item that can't be read is left behind, as the devices are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn copy_muted(&self, from: &Self, segments: u16) -> Result<usize, StoreError> {
        let mut pages = from.scan::<SubscriptionItem>(segments).boxed();
        let mut copied = 0;
        while let Some(page) = pages.try_next().await? {
            let muted = page.into_iter().flatten().filter_map(|item| match item {
                SubscriptionItem::Muted(user) => Some(self.mute_mark(&user)),
                SubscriptionItem::Device(_) | SubscriptionItem::Token { .. } => None,
            });
            let marks: Vec<_> = muted.collect();
            copied += marks.len();
            write_each(self, Table::Subscriptions, marks, vec![]).await?;
        }
        Ok(copied)
    }
}
