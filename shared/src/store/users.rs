//! Users: who has a phone, and the profiles behind it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::Store;
use super::error::StoreError;
use super::item::{Attributes, Reader, item, number, text};
use super::keys::{HOLDER_PREFIX, profile_key};
use super::profile::{self, Profile};
use crate::domain::{Holder, Phone, PublicId};

/// Who has a phone.
pub trait HolderReader {
    /// The holder of `phone`: one strongly consistent GetItem.
    fn holder(&self, phone: Phone) -> impl Future<Output = Result<Option<Holder>, StoreError>> + Send;

    /// The holders of those of `phones` that have one, strongly consistent.
    fn holders(&self, phones: &[Phone]) -> impl Future<Output = Result<HashMap<Phone, Holder>, StoreError>> + Send;
}

/// The profiles of many users.
pub trait ProfileReader {
    /// The profiles of those of `ids` that are still users; eventually consistent.
    fn profiles(&self, ids: &[PublicId])
    -> impl Future<Output = Result<HashMap<PublicId, Profile>, StoreError>> + Send;
}

impl HolderReader for Store {
    async fn holder(&self, phone: Phone) -> Result<Option<Holder>, StoreError> {
        let item = self.get_user_item(self.phone_keys.holder_key(phone)).await?;
        item.map(|item| read_holder(&item).map(|(_, holder)| holder)).transpose()
    }

    async fn holders(&self, phones: &[Phone]) -> Result<HashMap<Phone, Holder>, StoreError> {
        let keys = phones.iter().map(|phone| item([("key", text(self.phone_keys.holder_key(*phone)))]));
        let items = self.get_each(&self.tables.users, keys.collect(), true).await?;
        items.iter().map(read_holder).collect()
    }
}

impl ProfileReader for Store {
    async fn profiles(&self, ids: &[PublicId]) -> Result<HashMap<PublicId, Profile>, StoreError> {
        let keys = ids.iter().map(|id| item([("key", text(profile_key(*id)))])).collect();
        let items = self.get_each(&self.tables.users, keys, false).await?;
        items.iter().map(|item| profile::read(item).map(|profile| (profile.id, profile))).collect()
    }
}

impl Store {
    /// An item of Users, strongly consistent.
    pub(super) async fn get_user_item(&self, key: String) -> Result<Option<Attributes>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.tables.users)
            .key("key", text(key))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::call("GetItem", &error))?;
        Ok(answer.item)
    }
}

/// The holder and the phone of an image of Users, as the stream carries it; none where the image is
/// of another kind of item.
///
/// # Errors
/// [`StoreError::Corrupt`] where it is of the right kind and makes no sense.
pub fn holder_of_image(image: serde_dynamo::Item) -> Result<Option<(Phone, Holder)>, StoreError> {
    let image: Attributes = image.into();
    match image.get("key") {
        Some(AttributeValue::S(key)) if key.starts_with(HOLDER_PREFIX) => read_holder(&image).map(Some),
        _ => Ok(None),
    }
}

pub(super) fn write_holder(key: String, phone: Phone, holder: &Holder) -> Attributes {
    let Holder { id, user, epoch, discoverable, announced } = holder;
    item([
        ("key", text(key)),
        ("phone", text(phone.digits())),
        ("id", number(u64::from(id.get()))),
        ("user_id", text(user.as_str())),
        ("epoch", number(*epoch)),
        ("discoverable", AttributeValue::Bool(*discoverable)),
        ("announced", AttributeValue::Bool(*announced)),
    ])
}

fn read_holder(item: &Attributes) -> Result<(Phone, Holder), StoreError> {
    let reader = Reader { table: "Users (phone)", item };
    let holder = Holder {
        id: PublicId::new(reader.number("id")?).ok_or_else(|| reader.corrupt("id"))?,
        user: reader.parsed("user_id")?,
        epoch: reader.number("epoch")?,
        discoverable: reader.flag("discoverable", true)?,
        announced: reader.flag("announced", true)?,
    };
    Ok((reader.parsed("phone")?, holder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_read_from_images_of_phone_items_alone() {
        let holder = Holder {
            id: PublicId::new(7).expect("an id"),
            user: "alice".parse().expect("a user"),
            epoch: 9,
            discoverable: false,
            announced: true,
        };
        let phone: Phone = "16505550123".parse().expect("a phone");
        let image = write_holder("phone#16505550123".to_owned(), phone, &holder);
        assert_eq!(holder_of_image(image.into()).expect("readable"), Some((phone, holder)));
        let other = item([("key", text("id#7"))]);
        assert_eq!(holder_of_image(other.into()).expect("readable"), None);
        let malformed = item([("key", text("phone#16505550123"))]);
        assert!(matches!(holder_of_image(malformed.into()), Err(StoreError::Corrupt { .. })));
    }
}
