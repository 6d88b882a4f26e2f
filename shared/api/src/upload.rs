//! `POST /address_book`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::body::udid_of;
use crate::error::ApiError;
use crate::flag::flag;
use model::{Change, Contact, Limits, MAX_SPELLING_CHARS, Mode, Name, Scope, Spelling, Upload};
use numbering::{HomeRegion, Phone};
use protocol::Uploaded;

const INVALID_FIELDS: &str = "Invalid fields set";
const PHONE_LENGTH: &str = "Length of 'phone' field should be min: 10 and max: 15.";
const NAME_LENGTH: &str = "Length of 'name' field should be min: 1 and max: 255.";
const NO_ROOM: &str = "The address book is full.";
const FORGOTTEN: &str = "This phone can't be stored.";

type Rejected = BTreeMap<usize, Vec<&'static str>>;

/// An upload as the client sent it, with its bad contacts kept apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRequest {
    pub scope: Scope,
    /// The good contacts.
    pub upload: Upload,
    rejected: Rejected,
}

impl UploadRequest {
    /// Reads a body. Unknown fields are ignored. A bad contact never fails the others.
    ///
    /// # Errors
    /// 422 if `contacts` isn't an array, if it holds more contacts (good and bad) than one request
    /// may, or if `force` or `udid` has a wrong value.
    pub fn read(
        body: &Map<String, Value>,
        home: &HomeRegion,
        limits: &Limits,
    ) -> Result<Self, ApiError> {
        let Some(Value::Array(contacts)) = body.get("contacts") else {
            return Err(ApiError::unacceptable("contacts", "must be an array"));
        };
        let limit = limits.contacts_per_request;
        if contacts.len() > limit {
            let message = format!("must hold at most {limit} contacts");
            return Err(ApiError::unacceptable("contacts", message));
        }
        let mode = match flag(body.get("force")) {
            Some(false) => Mode::Merge,
            Some(true) => Mode::Replace,
            None => return Err(ApiError::unacceptable("force", "must be 0 or 1")),
        };
        let scope = udid_of(body.get("udid"))?;
        let mut upload = Upload { mode, changes: Vec::with_capacity(contacts.len()) };
        let mut rejected = Rejected::new();
        for (index, contact) in contacts.iter().enumerate() {
            match read_change(contact, home) {
                Ok(change) => upload.changes.push((index, change)),
                Err(messages) => {
                    rejected.insert(index, messages);
                }
            }
        }
        Ok(Self { scope, upload, rejected })
    }
}

fn read_change(contact: &Value, home: &HomeRegion) -> Result<Change, Vec<&'static str>> {
    let Value::Object(fields) = contact else { return Err(vec![INVALID_FIELDS]) };
    let texts = (optional_text(fields.get("phone")), optional_text(fields.get("name")));
    let (Some(raw), Some(name), Some(destroy)) = (texts.0, texts.1, flag(fields.get("destroy")))
    else {
        return Err(vec![INVALID_FIELDS]);
    };
    let phone = read_phone(raw, home).ok_or(PHONE_LENGTH);
    if destroy {
        let remove = |phone| Change::Remove { phone, spelling: Spelling::from(raw) };
        return phone.map(remove).map_err(|message| vec![message]);
    }
    match (phone, name.parse::<Name>()) {
        (Ok(phone), Ok(name)) => {
            Ok(Change::Put(Contact { phone, spelling: Spelling::from(raw), name }))
        }
        (Ok(_), Err(_)) => Err(vec![NAME_LENGTH]),
        (Err(message), Ok(_)) => Err(vec![message]),
        (Err(message), Err(_)) => Err(vec![message, NAME_LENGTH]),
    }
}

/// Returns a text: empty if it is absent, and `None` if the value has another type.
fn optional_text(value: Option<&Value>) -> Option<&str> {
    match value {
        None | Some(Value::Null) => Some(""),
        Some(Value::String(text)) => Some(text),
        Some(_) => None,
    }
}

fn read_phone(raw: &str, home: &HomeRegion) -> Option<Phone> {
    let short = raw.chars().take(MAX_SPELLING_CHARS + 1).count() <= MAX_SPELLING_CHARS;
    if short { Phone::read(raw, home).ok() } else { None }
}

/// The answer to an upload. All four keys are always there.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub struct UploadResponse {
    created: usize,
    updated: usize,
    deleted: usize,
    rejected: Rejected,
}

impl UploadResponse {
    /// Returns the answer to `request`, whose outcome is `uploaded`.
    #[must_use]
    pub fn new(request: UploadRequest, uploaded: &Uploaded) -> Self {
        let mut rejected = request.rejected;
        let Uploaded { counts, no_room, forgotten } = uploaded;
        rejected.extend(no_room.iter().map(|index| (*index, vec![NO_ROOM])));
        rejected.extend(forgotten.iter().map(|index| (*index, vec![FORGOTTEN])));
        Self { created: counts.created, updated: counts.updated, deleted: counts.deleted, rejected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Counts;
    use numbering::Region;
    use serde_json::json;

    fn read(body: &Value) -> Result<UploadRequest, ApiError> {
        let home = HomeRegion::from("US".parse::<Region>().expect("a region"));
        UploadRequest::read(body.as_object().expect("an object"), &home, &Limits::default())
    }

    #[test]
    fn a_bad_contact_is_rejected_with_its_index_and_message() {
        for (contact, messages) in [
            (json!({"name": "x", "phone": "123456789"}), vec![PHONE_LENGTH]),
            (json!({"name": "x", "phone": "+1234567890123456"}), vec![PHONE_LENGTH]),
            (json!({"name": "x"}), vec![PHONE_LENGTH]),
            (json!({"name": "x", "phone": "call me"}), vec![PHONE_LENGTH]),
            (json!({"name": "x", "phone": " ".repeat(300) + "1879108395"}), vec![PHONE_LENGTH]),
            (json!({"name": "", "phone": "1879108395"}), vec![NAME_LENGTH]),
            (json!({"name": " \u{A0}", "phone": "1879108395"}), vec![NAME_LENGTH]),
            (json!({"name": "x".repeat(256), "phone": "1879108395"}), vec![NAME_LENGTH]),
            (json!({"phone": "1879108395"}), vec![NAME_LENGTH]),
            (json!({}), vec![PHONE_LENGTH, NAME_LENGTH]),
            (json!({"name": 7, "phone": "1879108395"}), vec![INVALID_FIELDS]),
            (json!({"name": "x", "phone": 1_879_108_395}), vec![INVALID_FIELDS]),
            (json!({"name": "x", "phone": "1879108395", "destroy": "yes"}), vec![INVALID_FIELDS]),
            (json!({"destroy": 1}), vec![PHONE_LENGTH]),
            (json!("1879108395"), vec![INVALID_FIELDS]),
            (json!(null), vec![INVALID_FIELDS]),
        ] {
            let good = json!({"name": "good", "phone": "2759108396", "unknown": [1]});
            let request =
                read(&json!({"contacts": [good, contact], "unknown": {}})).expect("readable");
            assert_eq!(request.upload.changes.len(), 1, "{contact}");
            assert_eq!(request.rejected, Rejected::from([(1, messages)]), "{contact}");
        }
    }

    #[test]
    fn a_body_that_makes_no_sense_is_422() {
        for (body, field) in [
            (json!({}), "contacts"),
            (json!({"contacts": {}}), "contacts"),
            (json!({"contacts": null}), "contacts"),
            (json!({"contacts": [], "force": 7}), "force"),
            (json!({"contacts": [], "udid": [7]}), "udid"),
            (json!({"contacts": [], "udid": "x".repeat(65)}), "udid"),
        ] {
            let error = read(&body).expect_err("unacceptable");
            assert_eq!((error.status, error.field), (422, field), "{body}");
        }
    }

    #[test]
    fn an_answer_has_all_four_keys_and_rejected_is_an_object() {
        let request = read(&json!({"contacts": []})).expect("readable");
        let answer = UploadResponse::new(request, &Uploaded::default());
        assert_eq!(
            serde_json::to_value(&answer).expect("JSON"),
            json!({"created": 0, "updated": 0, "deleted": 0, "rejected": {}})
        );
        let request = read(&json!({"contacts": [null]})).expect("readable");
        let counts = Counts { created: 3, updated: 2, deleted: 1 };
        let uploaded = Uploaded { counts, no_room: vec![4], forgotten: vec![2] };
        assert_eq!(
            serde_json::to_value(UploadResponse::new(request, &uploaded)).expect("JSON"),
            json!({"created": 3, "updated": 2, "deleted": 1,
                   "rejected": {"0": ["Invalid fields set"], "2": ["This phone can't be stored."],
                                "4": ["The address book is full."]}})
        );
    }
}
