//! A user's profile as it is stored.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::item::{Attributes, Reader, bytes, item, number, text};
use super::keys::profile_key;
use super::seal::{Keys, Place};
use crate::domain::{Flags, Phone, PublicId, UserId};

/// The truth about a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// As apps know the user.
    pub id: PublicId,
    /// As the identity provider knows them.
    pub user: UserId,
    /// Raised by one with every write.
    pub version: u64,
    /// The phone that is theirs, with the epoch of their having it.
    pub phone: Option<(Phone, u64)>,
    /// What they chose.
    pub flags: Flags,
    /// Milliseconds since 1970.
    pub created_at_ms: u64,
    /// Milliseconds since 1970.
    pub updated_at_ms: u64,
    /// What the app tells about them.
    pub details: Details,
}

/// The fields of a profile that mean nothing to this software; it keeps them for the app.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the names are the documented ones of the ConnectyCube API")]
pub struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_tags: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facebook_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub twitter_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_user_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<i64>,
}

impl Details {
    /// Takes over all fields that `patch` has.
    pub fn update(&mut self, patch: &Self) {
        let Self {
            full_name,
            login,
            email,
            website,
            avatar,
            custom_data,
            user_tags,
            facebook_id,
            twitter_id,
            external_id,
            external_user_id,
            blob_id,
            timezone,
        } = patch.clone();
        let texts = [
            (&mut self.full_name, full_name),
            (&mut self.login, login),
            (&mut self.email, email),
            (&mut self.website, website),
            (&mut self.avatar, avatar),
            (&mut self.custom_data, custom_data),
            (&mut self.user_tags, user_tags),
            (&mut self.facebook_id, facebook_id),
            (&mut self.twitter_id, twitter_id),
            (&mut self.external_id, external_id),
        ];
        for (field, new) in texts {
            *field = new.or_else(|| field.take());
        }
        let numbers = [
            (&mut self.external_user_id, external_user_id),
            (&mut self.blob_id, blob_id),
            (&mut self.timezone, timezone),
        ];
        for (field, new) in numbers {
            *field = new.or(*field);
        }
    }
}

/// Hidden: all of it is personal.
impl std::fmt::Debug for Details {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Details(…)")
    }
}

/// What of a profile is sealed: all that says something about a person.
#[derive(Serialize, Deserialize)]
struct Personal<D> {
    user: UserId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    phone: Option<String>,
    details: D,
}

fn personal_of(id: &str) -> Place<'_> {
    Place { owner: id, names: ["profile", "personal"] }
}

pub(super) fn write(keys: &Keys, profile: &Profile) -> Attributes {
    let Profile { id, user, version, phone, flags, created_at_ms, updated_at_ms, details } = profile;
    let Flags { discoverable_by_phone, announce_me, notify_me } = flags;
    let phone_digits = phone.map(|(phone, _)| phone.digits().to_owned());
    let personal = Personal { user: user.clone(), phone: phone_digits, details };
    let personal = serde_json::to_vec(&personal).expect("a struct of texts and numbers is JSON");
    let mut attributes = item([
        ("key", text(profile_key(*id))),
        ("id", number(u64::from(id.get()))),
        ("version", number(*version)),
        ("discoverable_by_phone", AttributeValue::Bool(*discoverable_by_phone)),
        ("announce_me", AttributeValue::Bool(*announce_me)),
        ("notify_me", AttributeValue::Bool(*notify_me)),
        ("created_at_ms", number(*created_at_ms)),
        ("updated_at_ms", number(*updated_at_ms)),
        ("personal", bytes(keys.seal(personal_of(&profile_key(*id)), personal))),
    ]);
    if let Some((_, epoch)) = phone {
        attributes.insert("epoch".to_owned(), number(*epoch));
    }
    attributes
}

pub(super) fn read(keys: &Keys, item: &Attributes) -> Result<Profile, StoreError> {
    let reader = Reader { table: "Users (profile)", item };
    let corrupt = || reader.corrupt("personal");
    let id = PublicId::new(reader.number("id")?).ok_or_else(|| reader.corrupt("id"))?;
    let stored = reader.optional_bytes("personal")?.ok_or_else(corrupt)?;
    let opened = keys.open(personal_of(&profile_key(id)), stored).map_err(|_| corrupt())?;
    let Personal { user, phone, details } = serde_json::from_slice(&opened).map_err(|_| corrupt())?;
    let phone = match phone {
        Some(digits) => Some((digits.parse().map_err(|_| corrupt())?, reader.number("epoch")?)),
        None => None,
    };
    Ok(Profile {
        id,
        user,
        version: reader.number("version")?,
        phone,
        flags: Flags {
            discoverable_by_phone: reader.flag("discoverable_by_phone", true)?,
            announce_me: reader.flag("announce_me", true)?,
            notify_me: reader.flag("notify_me", true)?,
        },
        created_at_ms: reader.number("created_at_ms")?,
        updated_at_ms: reader.number("updated_at_ms")?,
        details,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_profile_comes_back_as_it_was() {
        let profile = Profile {
            id: PublicId::new(7).expect("an id"),
            user: "alice".parse().expect("a user"),
            version: 3,
            phone: Some(("16505550123".parse().expect("a phone"), 9)),
            flags: Flags { notify_me: false, ..Flags::default() },
            created_at_ms: 1,
            updated_at_ms: 2,
            details: Details { full_name: Some("Alice 😀".to_owned()), timezone: Some(-8), ..Details::default() },
        };
        let sealed: Keys = Keys::generate_secret().parse().expect("a secret");
        for keys in [Keys::default(), sealed] {
            assert_eq!(read(&keys, &write(&keys, &profile)).expect("readable"), profile);
        }
        let nameless = Profile { phone: None, details: Details::default(), ..profile };
        let keys = Keys::default();
        assert_eq!(read(&keys, &write(&keys, &nameless)).expect("readable"), nameless);
    }
}
