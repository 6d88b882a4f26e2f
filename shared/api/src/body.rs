//! What all JSON bodies have in common: each is an object, and some name a book by its `udid`.

use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::surrogates::mended;
use model::{MAX_UDID_CHARS, Scope};

/// Returns the JSON object that a body holds. A text in it that isn't Unicode, because it has half
/// of a surrogate pair, has U+FFFD in that place.
///
/// # Errors
/// 400 if the body isn't JSON, 422 if it is JSON but not an object.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let read = serde_json::from_slice(body).or_else(|error| match mended(body) {
        Some(mended) => serde_json::from_slice(&mended),
        None => Err(error),
    });
    match read {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(ApiError::unacceptable("base", "The body must be a JSON object.")),
        // The parser's own message may quote the body.
        Err(error) => Err(ApiError::malformed(format!(
            "The body is not valid JSON (line {}, column {}).",
            error.line(),
            error.column()
        ))),
    }
}

/// Returns the book that a `udid` means. A number is read as its digits. `""`, `null` and no `udid`
/// at all mean the global one.
///
/// # Errors
/// 422 if it is neither a string nor a number, or has more than 64 characters.
pub fn udid_of(udid: Option<&Value>) -> Result<Scope, ApiError> {
    match udid {
        None | Some(Value::Null) => Ok(Scope::Global),
        Some(Value::String(text)) if text.is_empty() => Ok(Scope::Global),
        Some(Value::String(text)) => text.parse().map(Scope::Device).map_err(|_| {
            ApiError::unacceptable(
                "udid",
                format!("Length of 'udid' field should be max: {MAX_UDID_CHARS}."),
            )
        }),
        Some(Value::Number(number)) => udid_of(Some(&Value::String(number.to_string()))),
        Some(_) => Err(ApiError::unacceptable("udid", "must be a string")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn malformed_json_is_400_without_a_quote_of_it() {
        let error = object(b"{\"contacts\": [secret]}").expect_err("malformed");
        assert_eq!((error.status, error.message.contains("secret")), (400, false));
        assert_eq!(object(b"[]").expect_err("no object").status, 422);
        assert_eq!(object(b"").expect_err("empty").status, 400);
    }

    #[test]
    fn a_udid_names_a_book() {
        for (udid, expected) in [
            (json!(null), Some(Scope::Global)),
            (json!(""), Some(Scope::Global)),
            (json!("#/\0📱"), Some(Scope::Device("#/\0📱".parse().expect("a udid")))),
            (json!("x".repeat(65)), None),
            (json!(7), Some(Scope::Device("7".parse().expect("a udid")))),
            (json!([7]), None),
        ] {
            assert_eq!(udid_of(Some(&udid)).ok(), expected, "{udid}");
        }
    }
}
