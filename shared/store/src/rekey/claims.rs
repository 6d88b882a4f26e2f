//! Claims. A claim's key is a hash of a phone's key and a device. So the keys are made again for
//! every phone that the recipient's books hold, and every device that gets the recipient's pushes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::TryStreamExt;
use model::{Udid, UserId};
use numbering::Phone;

use super::mirror::{Keys, Planned};
use super::{Rekey, RekeyError};
use crate::books::BookReader;
use crate::claims::PushId;
use crate::error::StoreError;
use crate::item::{Attributes, Reader, text};
use crate::subscriptions::SubscriptionStore;
use crate::tables::Table;

/// The keys of a recipient's claims: what they become.
struct ClaimKeys {
    /// The recipient as the source's items name them.
    part: String,
    recipient: UserId,
    next: HashMap<String, String>,
}

impl Rekey<'_> {
    pub(super) async fn copy_claims(&self) -> Result<(), RekeyError> {
        let mut kept = Keys::default();
        let mut keys: Option<ClaimKeys> = None;
        let mut pages = std::pin::pin!(self.from.pages(Table::Claims, self.segments, &[]));
        while let Some(page) = pages.try_next().await? {
            self.looked_at(Table::Claims, page.len());
            let mut planned = vec![];
            for item in &page {
                let part =
                    Reader { table: Table::Claims, kind: "claim", item }.text("recipient")?;
                if keys.as_ref().is_none_or(|keys| keys.part != part) {
                    keys = self.readable(Table::Claims, self.claim_keys(part).await)?;
                }
                let Some(keys) = &keys else { continue };
                planned.extend(self.readable(Table::Claims, self.claim(keys, item))?);
            }
            self.write_differing(Table::Claims, planned, &mut kept).await?;
        }
        self.delete_others(Table::Claims, &kept).await
    }

    fn claim(&self, keys: &ClaimKeys, item: &Attributes) -> Result<Option<Planned>, StoreError> {
        let claim = Reader { table: Table::Claims, kind: "claim", item }.text("claim")?;
        let next = if self.has_same_phone_keys() { Some(claim) } else { None };
        let Some(next) = next.or(keys.next.get(claim).map(String::as_str)) else { return Ok(None) };
        let mut copy = item.clone();
        copy.insert("claim".to_owned(), text(next));
        copy.insert("recipient".to_owned(), text(self.to.keyring.user(&keys.recipient)));
        Ok(Some(Planned { plain: copy.clone(), next: copy }))
    }

    async fn claim_keys(&self, part: &str) -> Result<Option<ClaimKeys>, StoreError> {
        let item = Attributes::from([("recipient".to_owned(), AttributeValue::S(part.to_owned()))]);
        let reader = Reader { table: Table::Claims, kind: "claim", item: &item };
        let recipient = self.from.keyring.read_user(part);
        let recipient = recipient.ok_or_else(|| reader.corrupt("recipient"))?;
        let mut keys = ClaimKeys { part: part.to_owned(), recipient, next: HashMap::new() };
        if self.has_same_phone_keys() {
            return Ok(Some(keys));
        }
        let subscriptions = self.from.subscriptions(&keys.recipient).await?.into_iter();
        let devices: Vec<Udid> = subscriptions.map(|subscription| subscription.device).collect();
        for (_, stored) in self.from.read_books(&keys.recipient).await? {
            let entries = stored.book.entries().iter().chain(stored.leaving.entries());
            for phone in entries.flat_map(|entry| entry.contact.phone.forms()) {
                keys.know(self, phone, &devices);
            }
        }
        Ok(Some(keys))
    }
}

impl ClaimKeys {
    fn know(&mut self, rekey: &Rekey<'_>, phone: Phone, devices: &[Udid]) {
        for device in devices {
            let push = PushId { phone, device };
            self.next.insert(rekey.from.claim_key(push), rekey.to.claim_key(push));
        }
    }
}
