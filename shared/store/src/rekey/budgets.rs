//! Budgets. A bucket's key is a hash of its payer. So the keys are made again for every user and
//! every phone that the other tables name, and looked for among those that there are.

use std::collections::HashMap;
use std::sync::Mutex;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::TryStreamExt;
use model::{Payer, UserId};
use numbering::Phone;

use super::mirror::Planned;
use super::{Rekey, RekeyError};
use crate::item::{Attributes, Reader, text};
use crate::tables::Table;

/// The keys of the buckets that the source has, and what they become once their payer is known.
pub(crate) struct Payers(Mutex<HashMap<String, Option<String>>>);

impl Payers {
    pub fn new(keys: Vec<String>) -> Self {
        Self(Mutex::new(keys.into_iter().map(|key| (key, None)).collect()))
    }

    pub fn know_user(&self, rekey: &Rekey<'_>, user: &UserId) {
        self.know(rekey, &Payer::User(user.clone()));
    }

    pub fn know_phone(&self, rekey: &Rekey<'_>, phone: Phone) {
        phone.forms().into_iter().for_each(|form| self.know(rekey, &Payer::Phone(form)));
    }

    fn know(&self, rekey: &Rekey<'_>, payer: &Payer) {
        let (from, to) = (&rekey.from.phone_keys, &rekey.to.phone_keys);
        let mut keys = self.0.lock().expect("nothing panics while it is locked");
        for (old, next) in [
            (from.budget_key(payer), to.budget_key(payer)),
            (from.changes_key(payer), to.changes_key(payer)),
        ] {
            if let Some(known) = keys.get_mut(&old) {
                *known = Some(next);
            }
        }
    }

    fn next(&self, old: &str) -> Option<String> {
        let keys = self.0.lock().expect("nothing panics while it is locked");
        keys.get(old).cloned().flatten()
    }
}

impl Rekey<'_> {
    /// Returns the keys of all buckets of the source.
    pub(super) async fn budget_keys(&self) -> Result<Vec<String>, RekeyError> {
        let names = Table::Budgets.key_names();
        let mut pages = std::pin::pin!(self.from.pages(Table::Budgets, self.segments, names));
        let mut keys = vec![];
        while let Some(page) = pages.try_next().await? {
            for item in &page {
                let reader = Reader { table: Table::Budgets, kind: "bucket", item };
                keys.push(reader.text("payer")?.to_owned());
            }
        }
        Ok(keys)
    }

    pub(super) async fn copy_budgets(&self, payers: &Payers) -> Result<(), RekeyError> {
        let same = self.has_same_phone_keys();
        self.mirror(Table::Budgets, |item| {
            let old = Reader { table: Table::Budgets, kind: "bucket", item }.text("payer")?;
            if same {
                return Ok(Some(Planned { next: item.clone(), plain: item.clone() }));
            }
            Ok(payers.next(old).map(|next| bucket(item, &next)))
        })
        .await
    }
}

/// Returns the copy of a bucket. The mark of a change of a phone's holder that was paid for is a
/// hash too, and is left out: if that change was cut off and is repeated, it is paid for again. A
/// receipt has a key of its own, and stays.
fn bucket(item: &Attributes, payer: &str) -> Planned {
    let mut next = item.clone();
    next.insert("payer".to_owned(), text(payer));
    if matches!(next.get("paid_for"), Some(AttributeValue::S(_))) {
        next.remove("paid_for");
    }
    Planned { plain: next.clone(), next }
}
