//! Profiles, in Users: a user's profile as it is stored.

use aws_sdk_dynamodb::types::AttributeValue;
use model::{Flags, Profile, PublicId, UserId};
use numbering::Phone;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{Attributes, Reader, bytes, item, number, text};
use crate::keyring::{Keyring, Place};
use crate::keys::profile_key;
use crate::tables::Table;

/// The sealed part of a profile: everything that says something about a person.
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

pub(crate) fn write(keyring: &Keyring, profile: &Profile) -> Attributes {
    let Profile { id, user, version, phone, flags, created_at_ms, updated_at_ms, details } =
        profile;
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
        ("personal", bytes(keyring.seal(personal_of(&profile_key(*id)), personal))),
    ]);
    if let Some((_, epoch)) = phone {
        attributes.insert("epoch".to_owned(), number(*epoch));
    }
    attributes
}

pub(crate) fn read(keyring: &Keyring, item: &Attributes) -> Result<Profile, StoreError> {
    let reader = Reader { table: Table::Users, kind: "profile", item };
    let corrupt = || reader.corrupt("personal");
    let id = PublicId::new(reader.number("id")?).ok_or_else(|| reader.corrupt("id"))?;
    let stored = reader.optional_bytes("personal")?.ok_or_else(corrupt)?;
    let opened = keyring.open(personal_of(&profile_key(id)), stored).map_err(|_| corrupt())?;
    let Personal { user, phone, details } =
        serde_json::from_slice(&opened).map_err(|_| corrupt())?;
    let phone = match phone {
        Some(digits) => {
            Some((Phone::stored(&digits).map_err(|_| corrupt())?, reader.number("epoch")?))
        }
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
    use model::Details;

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
            details: Details {
                full_name: Some("Alice 😀".to_owned()),
                timezone: Some(-8),
                ..Details::default()
            },
        };
        let sealed: Keyring = Keyring::generate_secret().parse().expect("a secret");
        for keys in [Keyring::default(), sealed] {
            assert_eq!(read(&keys, &write(&keys, &profile)).expect("readable"), profile);
        }
        let nameless = Profile { phone: None, details: Details::default(), ..profile };
        let keys = Keyring::default();
        assert_eq!(read(&keys, &write(&keys, &nameless)).expect("readable"), nameless);
    }
}
