//! Users: who has a phone, and users' profiles.

use std::collections::{BTreeSet, HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use model::{Holder, Profile, PublicId};
use numbering::Phone;

use crate::error::StoreError;
use crate::forgotten::is_mark;
use crate::item::{Attributes, Reader, bytes, item, number, text};
use crate::keyring::{Keyring, Place};
use crate::keys::profile_key;
use crate::phone_keys::{HOLDER_PREFIX, PhoneKeys};
use crate::profile;
use crate::store::Store;
use crate::tables::Table;

/// The attribute that holds a phone's sequence. (`sequence` is a reserved word of DynamoDB.)
pub(crate) const SEQUENCE: &str = "phone_sequence";

/// What Users says about several phones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// The holders of those phones that have one.
    pub held: HashMap<Phone, Holder>,
    /// Those phones that were [forgotten](crate::ForgottenPhones) and have no holder.
    pub forgotten: HashSet<Phone>,
}

/// Reading who has a phone.
pub trait HolderReader: Sync {
    /// Reads the holder of `phone`, strongly consistent. It is the one who registered with the
    /// newest of its [forms](Phone::forms). Nearly always there is one form, and this is one
    /// GetItem.
    fn holder(
        &self,
        phone: Phone,
    ) -> impl Future<Output = Result<Option<Holder>, StoreError>> + Send;

    /// Reads who registered with exactly this form of a phone, with one strongly consistent GetItem.
    fn holder_of_form(
        &self,
        phone: Phone,
    ) -> impl Future<Output = Result<Option<Holder>, StoreError>> + Send;

    /// Reads the holders of those `phones` that have one, as [`holder`](Self::holder) does, and which
    /// of the others were forgotten in any of their forms. A row that makes no sense is logged and
    /// left out.
    fn holders(&self, phones: &[Phone])
    -> impl Future<Output = Result<Holders, StoreError>> + Send;
}

/// Reading the profiles of many users.
pub trait ProfileReader: Sync {
    /// Reads the profiles of those `ids` that still belong to users, strongly consistent: a profile
    /// says who may see it, and a user who has just hidden theirs must not be shown.
    fn profiles(
        &self,
        ids: &[PublicId],
    ) -> impl Future<Output = Result<HashMap<PublicId, Profile>, StoreError>> + Send;
}

impl HolderReader for Store {
    async fn holder(&self, phone: Phone) -> Result<Option<Holder>, StoreError> {
        for form in phone.forms() {
            if let Some(holder) = self.holder_of_form(form).await? {
                return Ok(Some(holder));
            }
        }
        Ok(None)
    }

    async fn holder_of_form(&self, phone: Phone) -> Result<Option<Holder>, StoreError> {
        let key = item([("key", text(self.phone_keys.holder_key(phone)))]);
        let item = self.get(Table::Users, key).await?;
        item.map_or(Ok(None), |item| read_held(&self.keyring, &item))
    }

    async fn holders(&self, phones: &[Phone]) -> Result<Holders, StoreError> {
        let forms: Vec<(Phone, Vec<Phone>)> =
            phones.iter().map(|phone| (*phone, phone.forms())).collect();
        let asked: HashMap<String, Phone> = forms
            .iter()
            .flat_map(|(_, forms)| forms)
            .map(|form| (self.phone_keys.holder_key(*form), *form))
            .collect();
        let keys = asked.keys().map(|key| item([("key", text(key))]));
        let items = self.get_each(Table::Users, keys.collect()).await?;
        // A form that was forgotten is there without a holder.
        let found: HashMap<Phone, Option<Holder>> = items
            .iter()
            .filter_map(|item| {
                let Some(AttributeValue::S(key)) = item.get("key") else { return None };
                let form = *asked.get(key)?;
                match read_held(&self.keyring, item) {
                    Ok(holder) => Some((form, holder)),
                    // A row that a person wrote by hand: nobody has its phone then, and an upload that
                    // contains the phone doesn't fail.
                    Err(error) => {
                        tracing::error!(error = %error, "a row of Users makes no sense");
                        None
                    }
                }
            })
            .collect();
        let mut holders = Holders::default();
        for (phone, forms) in forms {
            let found: Vec<&Option<Holder>> =
                forms.iter().filter_map(|form| found.get(form)).collect();
            if let Some(newest) = found.iter().find_map(|held| held.as_ref()) {
                holders.held.insert(phone, newest.clone());
            } else if !found.is_empty() {
                holders.forgotten.insert(phone);
            }
        }
        Ok(holders)
    }
}

impl ProfileReader for Store {
    async fn profiles(&self, ids: &[PublicId]) -> Result<HashMap<PublicId, Profile>, StoreError> {
        // For a moment, a user who changed their number may be the match of both numbers, and a
        // batch may not name a key twice.
        let ids: BTreeSet<PublicId> = ids.iter().copied().collect();
        let keys = ids.into_iter().map(|id| item([("key", text(profile_key(id)))])).collect();
        let items = self.get_each(Table::Users, keys).await?;
        items
            .iter()
            .map(|item| profile::read(&self.keyring, item).map(|profile| (profile.id, profile)))
            .collect()
    }
}

/// Reads the holder and the phone from an image of Users, as the stream carries it. Returns nothing
/// if the image is of another kind of item, or says that the phone was forgotten.
///
/// # Errors
/// [`StoreError::Corrupt`] if the image is of the right kind but makes no sense, or is sealed with
/// other keys.
pub fn holder_of_image(
    keyring: &Keyring,
    image: serde_dynamo::Item,
) -> Result<Option<(Phone, Holder)>, StoreError> {
    let image: Attributes = image.into();
    match image.get("key") {
        Some(AttributeValue::S(key)) if key.starts_with(HOLDER_PREFIX) => {
            let Some(holder) = read_held(keyring, &image)? else { return Ok(None) };
            Ok(Some((read_phone(keyring, &image, holder.user.as_str())?, holder)))
        }
        _ => Ok(None),
    }
}

/// Returns the item that says who has `phone`. It also contains the phone itself, to be read back,
/// because its key may be a hash.
pub(crate) fn write_holder(
    keyring: &Keyring,
    phone_keys: &PhoneKeys,
    phone: Phone,
    holder: &Holder,
) -> Attributes {
    let Holder { id, user, epoch, discoverable, announced, sequence } = holder;
    let stored = stored_phone(keyring, user.as_str(), phone);
    let mut attributes = item([
        ("key", text(phone_keys.holder_key(phone))),
        ("phone", stored),
        ("id", number(u64::from(id.get()))),
        ("user_id", text(keyring.user(user))),
        ("epoch", number(*epoch)),
        ("discoverable", AttributeValue::Bool(*discoverable)),
        ("announced", AttributeValue::Bool(*announced)),
    ]);
    attributes.extend(sequence.map(|sequence| (SEQUENCE.to_owned(), number(sequence))));
    attributes
}

/// Returns a phone as its item has it. `holder` is empty for the mark of a phone that was forgotten.
pub(crate) fn stored_phone(keyring: &Keyring, holder: &str, phone: Phone) -> AttributeValue {
    let digits = phone.digits();
    if keyring.are_there() {
        bytes(keyring.seal(phone_of(holder), digits.as_bytes().to_vec()))
    } else {
        text(digits)
    }
}

pub(crate) fn phone_of(holder: &str) -> Place<'_> {
    Place { owner: holder, names: ["holder", "phone"] }
}

/// Reads what [`stored_phone`] made.
pub(crate) fn read_phone(
    keyring: &Keyring,
    item: &Attributes,
    holder: &str,
) -> Result<Phone, StoreError> {
    let reader = Reader { table: Table::Users, kind: "holder", item };
    let stored = match item.get("phone") {
        Some(AttributeValue::S(digits)) => digits.as_bytes(),
        _ => reader.optional_bytes("phone")?.unwrap_or_default(),
    };
    let opened = keyring.open(phone_of(holder), stored).map_err(|_| reader.corrupt("phone"))?;
    std::str::from_utf8(&opened)
        .ok()
        .and_then(|digits| Phone::stored(digits).ok())
        .ok_or_else(|| reader.corrupt("phone"))
}

/// Reads a phone's item. Returns nothing if it says that the phone was forgotten.
pub(crate) fn read_held(
    keyring: &Keyring,
    item: &Attributes,
) -> Result<Option<Holder>, StoreError> {
    if is_mark(item) { Ok(None) } else { read_holder(keyring, item).map(Some) }
}

fn read_holder(keyring: &Keyring, item: &Attributes) -> Result<Holder, StoreError> {
    let reader = Reader { table: Table::Users, kind: "holder", item };
    Ok(Holder {
        id: PublicId::new(reader.number("id")?).ok_or_else(|| reader.corrupt("id"))?,
        user: keyring
            .read_user(reader.text("user_id")?)
            .ok_or_else(|| reader.corrupt("user_id"))?,
        epoch: reader.number("epoch")?,
        discoverable: reader.flag("discoverable", true)?,
        announced: reader.flag("announced", true)?,
        sequence: reader.optional_number(SEQUENCE)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forgotten::FORGOTTEN_AT;

    #[test]
    fn a_holder_is_read_from_images_of_phone_items_alone() {
        let holder = Holder {
            id: PublicId::new(7).expect("an id"),
            user: "alice".parse().expect("a user"),
            epoch: 9,
            discoverable: false,
            announced: true,
            sequence: Some(3),
        };
        let phone: Phone = "16505550123".parse().expect("a phone");
        let secret: Keyring = Keyring::generate_secret().parse().expect("a secret");
        for keys in [Keyring::default(), secret.clone()] {
            let image = write_holder(&keys, &PhoneKeys::from(&keys), phone, &holder);
            let read = holder_of_image(&keys, image.into()).expect("readable");
            assert_eq!(read, Some((phone, holder.clone())));
            let other = item([("key", text("id#7"))]);
            assert_eq!(holder_of_image(&keys, other.into()).expect("readable"), None);
            let forgotten = item([("key", text("phone#16505550123")), (FORGOTTEN_AT, number(1))]);
            assert_eq!(holder_of_image(&keys, forgotten.into()).expect("readable"), None);
            let malformed = item([("key", text("phone#16505550123"))]);
            assert!(matches!(
                holder_of_image(&keys, malformed.into()),
                Err(StoreError::Corrupt { .. })
            ));
        }
        let sealed = write_holder(&secret, &PhoneKeys::from(&secret), phone, &holder);
        assert!(
            holder_of_image(&Keyring::default(), sealed.into()).is_err(),
            "sealed, and no keys"
        );
    }
}
