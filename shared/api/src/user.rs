//! `/users`.

use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::flag::flag;
use model::{Details, Flags, Profile};
use numbering::{HomeRegion, Phone};
use protocol::{PhoneClaim, ProfilePatch};

/// The longest text in a profile, in characters.
const MAX_TEXT_CHARS: usize = 255;
/// The longest `custom_data`, in characters. With it and all other fields, an item stays far below
/// DynamoDB's 400 KB.
const MAX_CUSTOM_DATA_CHARS: usize = 5_000;

/// A sign-up, or a change of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRequest {
    pub patch: ProfilePatch,
    /// The phone that the body names.
    pub phone: Option<Phone>,
}

impl UserRequest {
    /// Reads `{"user": {…}}`. Unknown fields are ignored. `null` and absence leave a field as it
    /// is.
    ///
    /// # Errors
    /// 422 if a field has the wrong type or is too long, or if the phone isn't a valid one.
    pub fn read(body: &Map<String, Value>, home: &HomeRegion) -> Result<Self, ApiError> {
        let fields = match body.get("user") {
            Some(Value::Object(fields)) => fields,
            None | Some(Value::Null) => &Map::new(),
            Some(_) => return Err(ApiError::unacceptable("user", "must be an object")),
        };
        let mut details = Details::default();
        for (name, field) in Details::TEXTS {
            *field(&mut details) = match *name {
                "custom_data" => text(fields, name, MAX_CUSTOM_DATA_CHARS)?,
                "user_tags" => tags(fields)?,
                name => text(fields, name, MAX_TEXT_CHARS)?,
            };
        }
        for (name, field) in Details::INTEGERS {
            *field(&mut details) = integer(fields, name)?;
        }
        let patch = ProfilePatch {
            details,
            discoverable_by_phone: choice(fields, "discoverable_by_phone")?,
            announce_me: choice(fields, "announce_me")?,
            notify_me: choice(fields, "notify_me")?,
            ..ProfilePatch::default()
        };
        let phone = match text(fields, "phone", MAX_TEXT_CHARS)? {
            Some(raw) if !raw.trim().is_empty() => Some(Phone::read(&raw, home).map_err(|_| {
                ApiError::unacceptable(
                    "phone",
                    "Length of 'phone' field should be min: 10 and max: 15.",
                )
            })?),
            _ => None,
        };
        Ok(Self { patch, phone })
    }

    /// Returns what the request says about the caller's phone.
    ///
    /// `proven` is the phone that the token proves. If it proves none, the phone in the body
    /// counts, but only if `trusted`.
    ///
    /// # Errors
    /// 422 if the body names another phone than `proven`, or names one that isn't proven and
    /// `trusted` is false.
    pub fn phone_claim(
        &self,
        proven: Option<Phone>,
        trusted: bool,
    ) -> Result<PhoneClaim, ApiError> {
        match (self.phone, proven) {
            (None, None) => Ok(PhoneClaim::None),
            (None, Some(proven)) => Ok(PhoneClaim::Proven(proven)),
            (Some(named), Some(proven)) if named == proven => Ok(PhoneClaim::Proven(proven)),
            (Some(named), None) if trusted => Ok(PhoneClaim::Stated(named)),
            (Some(_), _) => {
                Err(ApiError::unacceptable("phone", "is not the phone that the token proves"))
            }
        }
    }
}

/// Reads a text. Some SDKs send an id as a number where a text is meant.
fn text(
    fields: &Map<String, Value>,
    field: &'static str,
    max_chars: usize,
) -> Result<Option<String>, ApiError> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::String(text)) if text.chars().take(max_chars + 1).count() <= max_chars => {
            Ok(Some(text.clone()))
        }
        Some(Value::String(_)) => Err(ApiError::unacceptable(
            field,
            format!("Length of '{field}' field should be max: {max_chars}."),
        )),
        Some(_) => Err(ApiError::unacceptable(field, "must be a string")),
    }
}

/// Reads an integer. Forms, and Kotlin's SDK, send all fields as texts.
fn integer(fields: &Map<String, Value>, field: &'static str) -> Result<Option<i64>, ApiError> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(named) => {
            let integer = named.as_str().map_or(named.as_i64(), |text| text.parse().ok());
            integer.map(Some).ok_or_else(|| ApiError::unacceptable(field, "must be an integer"))
        }
    }
}

fn choice(fields: &Map<String, Value>, field: &'static str) -> Result<Option<bool>, ApiError> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        named => {
            flag(named).map(Some).ok_or_else(|| ApiError::unacceptable(field, "must be 0 or 1"))
        }
    }
}

/// Reads the tags: a `tag_list`, which is a text or an array of texts, or else `user_tags`, a text.
/// Answers have them as `user_tags`.
fn tags(fields: &Map<String, Value>) -> Result<Option<String>, ApiError> {
    if let Some(Value::Array(tags)) = fields.get("tag_list") {
        let tags: Option<Vec<&str>> = tags.iter().map(Value::as_str).collect();
        let tags = tags.ok_or_else(|| ApiError::unacceptable("tag_list", "must hold strings"))?;
        let joined = Map::from_iter([("tag_list".to_owned(), json!(tags.join(",")))]);
        return text(&joined, "tag_list", MAX_TEXT_CHARS);
    }
    let listed = text(fields, "tag_list", MAX_TEXT_CHARS)?;
    Ok(listed.or(text(fields, "user_tags", MAX_TEXT_CHARS)?))
}

/// Returns a user's full profile. All keys are always there, since some parsers need them.
pub(crate) fn full_profile(profile: &Profile) -> Map<String, Value> {
    let Profile { id, phone, created_at_ms, updated_at_ms, details, .. } = profile;
    let mut fields = Map::from_iter([
        ("id".to_owned(), json!(id)),
        ("phone".to_owned(), json!(phone.as_ref().map(|(phone, _)| phone.digits()))),
        ("created_at".to_owned(), iso8601(*created_at_ms).into()),
        ("updated_at".to_owned(), iso8601(*updated_at_ms).into()),
        ("last_request_at".to_owned(), Value::Null),
    ]);
    let mut details = details.clone();
    for (name, field) in Details::TEXTS {
        fields.insert((*name).to_owned(), json!(field(&mut details).take()));
    }
    for (name, field) in Details::INTEGERS {
        fields.insert((*name).to_owned(), json!(*field(&mut details)));
    }
    fields
}

/// Returns a user's own profile, with their choices: `{"user": {…}}`.
#[must_use]
pub fn own_user(profile: &Profile) -> Value {
    json!({ "user": own_fields(profile) })
}

/// Returns the fields of [`own_user`].
pub(crate) fn own_fields(profile: &Profile) -> Map<String, Value> {
    let mut fields = full_profile(profile);
    let Flags { discoverable_by_phone, announce_me, notify_me } = profile.flags;
    for (name, flag) in [
        ("discoverable_by_phone", discoverable_by_phone),
        ("announce_me", announce_me),
        ("notify_me", notify_me),
    ] {
        fields.insert(name.to_owned(), flag.into());
    }
    fields
}

/// Writes a time as `2026-11-24 01:57:52 UTC`, which Java's `SimpleDateFormat` reads by the pattern
/// `yyyy-MM-dd HH:mm:ss z`.
pub(crate) fn with_zone(milliseconds: u64) -> String {
    iso8601(milliseconds).replace('T', " ").replace('Z', " UTC")
}

/// Writes a time as `2026-11-24T01:57:52Z`. Seconds are as fine as the clients' parsers go.
pub(crate) fn iso8601(milliseconds: u64) -> String {
    let seconds = i64::try_from(milliseconds / 1000).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX).to_string()
}

#[cfg(test)]
mod tests {
    use model::PublicId;

    use super::*;
    use numbering::Region;

    fn read(user: &Value) -> Result<UserRequest, ApiError> {
        let home = HomeRegion::from("US".parse::<Region>().expect("a region"));
        UserRequest::read(json!({ "user": user }).as_object().expect("an object"), &home)
    }

    #[test]
    fn a_sign_up_is_read() {
        let request = read(&json!({
            "full_name": "Alice", "phone": "+1 650 555 0123", "tag_list": ["a", "b"], "password": "ignored",
            "external_user_id": 7, "announce_me": 0, "login": null
        }))
        .expect("readable");
        let details = Details {
            full_name: Some("Alice".to_owned()),
            user_tags: Some("a,b".to_owned()),
            external_user_id: Some(7),
            ..Details::default()
        };
        assert_eq!(
            request.patch,
            ProfilePatch { details, announce_me: Some(false), ..ProfilePatch::default() }
        );
        assert_eq!(
            request.phone.map(|phone| phone.digits().to_owned()),
            Some("16505550123".to_owned())
        );
    }

    #[test]
    fn numbers_may_come_as_texts_and_texts_as_numbers() {
        let user = json!({"external_id": 7, "timezone": "-8", "blob_id": "", "custom_data": 1.5});
        let request = read(&user).expect("readable");
        let details = Details {
            external_id: Some("7".to_owned()),
            timezone: Some(-8),
            custom_data: Some("1.5".to_owned()),
            ..Details::default()
        };
        assert!(request.patch.details == details);
    }

    #[test]
    fn a_field_that_makes_no_sense_is_422_under_its_name() {
        for (user, field) in [
            (json!({"full_name": true}), "full_name"),
            (json!({"full_name": "x".repeat(256)}), "full_name"),
            (json!({"custom_data": "x".repeat(5001)}), "custom_data"),
            (json!({"phone": "123"}), "phone"),
            (json!({"blob_id": "x"}), "blob_id"),
            (json!({"blob_id": 1.5}), "blob_id"),
            (json!({"tag_list": [1]}), "tag_list"),
            (json!({"notify_me": "maybe"}), "notify_me"),
            (json!([]), "user"),
        ] {
            let error = read(&user).expect_err("unacceptable");
            assert_eq!((error.status, error.field), (422, field), "{user}");
        }
    }

    #[test]
    fn a_phone_counts_only_when_the_token_proves_it() {
        let phone = |digits: &str| digits.parse::<Phone>().expect("a phone");
        let (one, other) = (phone("16505550123"), phone("16505550124"));
        for (named, proven, trusted, expected) in [
            (None, None, false, Ok(PhoneClaim::None)),
            (None, Some(one), false, Ok(PhoneClaim::Proven(one))),
            (Some(one), Some(one), false, Ok(PhoneClaim::Proven(one))),
            (Some(one), Some(other), false, Err(422)),
            (Some(one), Some(other), true, Err(422)),
            (Some(one), None, false, Err(422)),
            (Some(one), None, true, Ok(PhoneClaim::Stated(one))),
        ] {
            let request = UserRequest { patch: ProfilePatch::default(), phone: named };
            let claim = request.phone_claim(proven, trusted).map_err(|error| error.status);
            assert_eq!(claim, expected, "{named:?} {proven:?} {trusted}");
        }
    }

    #[test]
    fn a_full_profile_has_every_key() {
        let profile = Profile {
            id: PublicId::new(212).expect("an id"),
            user: "alice".parse().expect("a user"),
            version: 1,
            phone: None,
            flags: Flags::default(),
            created_at_ms: 1_795_485_472_123,
            updated_at_ms: 0,
            details: Details::default(),
        };
        assert_eq!(
            own_user(&profile),
            json!({"user": {
                "id": 212, "full_name": null, "login": null, "email": null, "phone": null, "website": null,
                "avatar": null, "custom_data": null, "user_tags": null, "facebook_id": null, "twitter_id": null,
                "external_id": null, "external_user_id": null, "blob_id": null, "timezone": null,
                "created_at": "2026-11-24T01:57:52Z", "updated_at": "1970-01-01T00:00:00Z", "last_request_at": null,
                "discoverable_by_phone": true, "announce_me": true, "notify_me": true
            }})
        );
    }
}
