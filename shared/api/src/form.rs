//! Forms, read as Rack reads them (`Rack::QueryParser`, by which Rails reads its parameters):
//! `a[b]=1` is an object, `a[]=1` an array, and in `a[][b]=1&a[][c]=2` a new element begins when its
//! key repeats. ConnectyCube's and QuickBlox's native SDKs send every write so.

use serde_json::{Map, Value};

use crate::error::ApiError;

/// How deep names may be nested: `a[b]` has a depth of 2. The deepest that SDKs send is 3.
const MAX_DEPTH: usize = 5;
/// Most pairs in a form. An upload of 20,000 contacts has 60,000.
const MAX_PAIRS: usize = 100_000;

/// Returns the fields of a form. Their values are texts, or null for a name without `=`. Bytes that
/// aren't UTF-8 become U+FFFD.
///
/// # Errors
/// 400 if the form has more than 100,000 pairs or names deeper than 5, or if a name is used for two
/// kinds of value. The error never quotes the form.
pub fn form(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let mut fields = Map::new();
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    for (count, pair) in pairs.enumerate() {
        if count == MAX_PAIRS {
            let message = format!("The form must not have more than {MAX_PAIRS} pairs.");
            return Err(ApiError::malformed(message));
        }
        let Some((name, value)) = form_urlencoded::parse(pair).next() else { continue };
        let value = pair.contains(&b'=').then(|| value.into_owned());
        insert(&mut fields, &name, Value::from(value), MAX_DEPTH)?;
    }
    Ok(fields)
}

/// Returns JSON fields with those unfolded whose names are written as in a form: `"a[b]": 1` becomes
/// `"a": {"b": 1}`. Some SDKs send JSON so.
///
/// # Errors
/// 400 as in [`form`].
pub(crate) fn unfolded(fields: &Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    let mut unfolded = Map::new();
    for (name, value) in fields {
        insert(&mut unfolded, name, value.clone(), MAX_DEPTH)?;
    }
    Ok(unfolded)
}

/// Puts `value` into `fields` under `name`, which may have up to `depth` levels. Returns whether the
/// name has a first key. A name without one changes nothing.
fn insert(
    fields: &mut Map<String, Value>,
    name: &str,
    value: Value,
    depth: usize,
) -> Result<bool, ApiError> {
    if depth == 0 {
        let message = format!("The form's names must not be nested deeper than {MAX_DEPTH}.");
        return Err(ApiError::malformed(message));
    }
    let (key, after) = first_key(name);
    if key.is_empty() {
        return Ok(false);
    }
    match after {
        "" => {
            fields.insert(key.to_owned(), value);
        }
        // The bracket never closes, so it is a part of the key.
        "[" => {
            fields.insert(name.to_owned(), value);
        }
        _ => match after.strip_prefix("[]") {
            Some(rest) => push(array(fields, key)?, rest, value, depth)?,
            None => {
                let inner = object(fields, key)?;
                if !insert(inner, after, value, depth - 1)? {
                    fields.insert(key.to_owned(), Value::Null);
                }
            }
        },
    }
    Ok(true)
}

/// Adds `value` to an array: to its last element, if that is an object without the key that `rest`
/// names, and otherwise as a new element.
fn push(elements: &mut Vec<Value>, rest: &str, value: Value, depth: usize) -> Result<(), ApiError> {
    if rest.is_empty() {
        elements.push(value);
        return Ok(());
    }
    let child = element_key(rest);
    if let Some(Value::Object(last)) = elements.last_mut()
        && !has_key(last, child)
    {
        insert(last, child, value, depth - 1)?;
        return Ok(());
    }
    let nested = (child == "[]" && !value.is_null()).then(|| vec![value.clone()]);
    let mut element = Map::new();
    let is_named = insert(&mut element, child, value, depth - 1)?;
    elements.push(if is_named { element.into() } else { nested.into() });
    Ok(())
}

/// Returns the first key of a name, without its brackets, and what follows.
fn first_key(name: &str) -> (&str, &str) {
    let is_bracket = |c: char| matches!(c, '[' | ']');
    let name = name.trim_start_matches(is_bracket);
    let (key, after) = name.split_at(name.find(is_bracket).unwrap_or(name.len()));
    (key, after.trim_start_matches(']'))
}

/// Returns the name within an element: `b` of `[b]`, and all of anything else.
fn element_key(rest: &str) -> &str {
    let inner = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.filter(|key| !key.is_empty() && !key.contains(['[', ']'])).unwrap_or(rest)
}

/// Returns whether an element already has what `name` names.
fn has_key(element: &Map<String, Value>, name: &str) -> bool {
    if name.contains("[]") {
        return false;
    }
    let mut keys = name.split(['[', ']']).filter(|key| !key.is_empty());
    let Some(first) = keys.next() else { return true };
    keys.try_fold(element.get(first), |within, key| Some(within?.as_object()?.get(key)))
        .flatten()
        .is_some()
}

fn two_kinds() -> ApiError {
    ApiError::malformed("The form uses one name for two kinds of value.")
}

fn array<'a>(
    fields: &'a mut Map<String, Value>,
    key: &str,
) -> Result<&'a mut Vec<Value>, ApiError> {
    of_kind(fields, key, || Value::Array(vec![])).as_array_mut().ok_or_else(two_kinds)
}

fn object<'a>(
    fields: &'a mut Map<String, Value>,
    key: &str,
) -> Result<&'a mut Map<String, Value>, ApiError> {
    of_kind(fields, key, || Value::Object(Map::new())).as_object_mut().ok_or_else(two_kinds)
}

/// Returns the value of `key`, after setting it to `empty` if it is absent or null.
fn of_kind<'a>(
    fields: &'a mut Map<String, Value>,
    key: &str,
    empty: impl FnOnce() -> Value,
) -> &'a mut Value {
    let value = fields.entry(key).or_insert(Value::Null);
    if value.is_null() {
        *value = empty();
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_is_read_as_rack_reads_it() {
        for (body, expected) in [
            ("", Some(json!({}))),
            ("a=1&b=%2B1+2", Some(json!({"a": "1", "b": "+1 2"}))),
            ("a=1&a=2&b", Some(json!({"a": "2", "b": null}))),
            ("a[b]=1&a[c]=2", Some(json!({"a": {"b": "1", "c": "2"}}))),
            ("a%5B%5D=1&a[]=2", Some(json!({"a": ["1", "2"]}))),
            (
                "contacts[][phone]=1&contacts[][name]=A&contacts[][phone]=2&contacts[][destroy]=1",
                Some(
                    json!({"contacts": [{"phone": "1", "name": "A"}, {"phone": "2", "destroy": "1"}]}),
                ),
            ),
            ("a[b][c][d][e]=1", Some(json!({"a": {"b": {"c": {"d": {"e": "1"}}}}}))),
            ("a[b][c][d][e][f]=1", None),
            ("a=1&a[b]=2", None),
            ("a[]=1&a[b]=2", None),
        ] {
            assert_eq!(form(body.as_bytes()).ok().map(Value::Object), expected, "{body}");
        }
    }

    #[test]
    fn a_form_has_at_most_100_000_pairs() {
        let pairs = |count: usize| "a[][b]=1&".repeat(count);
        let read = form(pairs(MAX_PAIRS).as_bytes()).expect("readable");
        assert_eq!(read["a"].as_array().map(Vec::len), Some(MAX_PAIRS));
        let error = form(pairs(MAX_PAIRS + 1).as_bytes()).expect_err("too many");
        assert_eq!((error.status, error.field), (400, "base"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = form(&body);
        }
    }
}
