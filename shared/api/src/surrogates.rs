//! Halves of surrogate pairs in JSON.
//!
//! JavaScript and Python keep text as UTF-16 or can hold halves of its pairs. If an app cuts a name
//! inside an emoji, they write the half that is left as an escape, such as `\ud83d`. That isn't
//! Unicode, and `serde_json` refuses the whole document.

/// The bytes of an escape: a backslash, `u` and four hex digits.
const ESCAPE_BYTES: usize = 6;

/// Returns `json` with the escape of U+FFFD in place of each escaped half of a surrogate pair that
/// has no other half, or nothing if there is no such half. All else stays where it is.
///
/// A backslash is allowed only inside strings, so this needn't know where strings begin and end.
pub(crate) fn mended(json: &[u8]) -> Option<Vec<u8>> {
    let mut mended: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(next) = json[at..].iter().position(|byte| *byte == b'\\') {
        at += next;
        at += match (escaped_unit(&json[at..]), escaped_unit(json.get(at + 6..).unwrap_or(&[]))) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 2 * ESCAPE_BYTES,
            (Some(0xD800..=0xDFFF), _) => {
                let copy = mended.get_or_insert_with(|| json.to_vec());
                copy[at..at + ESCAPE_BYTES].copy_from_slice(b"\\ufffd");
                ESCAPE_BYTES
            }
            // Another escape, of which at least the backslash and one more byte belong together.
            _ => 2,
        };
        if at >= json.len() {
            break;
        }
    }
    mended
}

/// Returns the UTF-16 unit that `json` begins with, if that is an escape.
fn escaped_unit(json: &[u8]) -> Option<u16> {
    let hex = json.strip_prefix(b"\\u")?.get(..4)?;
    let all_hex = hex.iter().all(u8::is_ascii_hexdigit);
    all_hex.then(|| u16::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::body::object;

    fn read(json: &str) -> Value {
        object(json.as_bytes()).map(Value::Object).unwrap_or(Value::Null)
    }

    #[test]
    fn a_half_of_a_pair_becomes_a_replacement_character_and_spoils_nothing_else() {
        for (body, expected) in [
            (r#"{"a":"\ud83d","b":1}"#, json!({"a": "\u{FFFD}", "b": 1})),
            (r#"{"a":"x\uD83Dy"}"#, json!({"a": "x\u{FFFD}y"})),
            (r#"{"a":"\ude00\ud83d"}"#, json!({"a": "\u{FFFD}\u{FFFD}"})),
            (r#"{"a":"\ud83d\ud83d\ude00"}"#, json!({"a": "\u{FFFD}\u{1F600}"})),
            (r#"{"a":"\ud83d\n"}"#, json!({"a": "\u{FFFD}\n"})),
            (r#"{"a":"\ud83d\\ude00"}"#, json!({"a": "\u{FFFD}\\ude00"})),
            (r#"{"a":"\\ud83d","b":"\udfff"}"#, json!({"a": "\\ud83d", "b": "\u{FFFD}"})),
            (r#"{"\ud83d":"\ud83d\u0041"}"#, json!({"\u{FFFD}": "\u{FFFD}A"})),
            (r#"{"a":"\ud83d\ude00"}"#, json!({"a": "\u{1F600}"})),
            // What isn't JSON in any other way stays so.
            (r#"{"a":"\ud83d""#, Value::Null),
            (r#"{"a":"\ud83d\u12"}"#, Value::Null),
            (r#"{"a":"\ud83d\"}"#, Value::Null),
            (r#"{"a":\ud83d}"#, Value::Null),
            (r#"{"a":"\u+83d"}"#, Value::Null),
        ] {
            assert_eq!(read(body), expected, "{body}");
        }
    }

    /// Writes UTF-16 as a JSON string: each unit as an escape, or as it is where that is possible.
    fn written(units: &[(u16, bool)]) -> String {
        let one = |(unit, plain): &(u16, bool)| match char::from_u32(u32::from(*unit)) {
            Some(char) if *plain && char >= ' ' && !['"', '\\'].contains(&char) => char.to_string(),
            _ if *plain => format!("\\u{unit:04x}"),
            _ => format!("\\u{unit:04X}"),
        };
        units.iter().map(one).collect()
    }

    proptest! {
        /// The standard library's own rule is the oracle: it is that of JavaScript's `toWellFormed`.
        #[test]
        fn any_utf_16_is_read_as_the_standard_library_reads_it(
            units in prop::collection::vec((prop_oneof![
                0xD800_u16..=0xDFFF, 0xD83C_u16..=0xD83E, 0xDC00_u16..=0xDFFF, any::<u16>(), 0x20_u16..0x7F,
            ], any::<bool>()), 0..40),
        ) {
            let plain: Vec<u16> = units.iter().map(|(unit, _)| *unit).collect();
            let body = format!("{{\"text\":\"{}\",\"after\":1}}", written(&units));
            let expected = json!({"text": String::from_utf16_lossy(&plain), "after": 1});
            prop_assert_eq!(read(&body), expected, "{}", body);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic_and_with_their_length(bytes in ".{0,40}") {
            let mended = mended(bytes.as_bytes());
            prop_assert!(mended.is_none_or(|mended| mended.len() == bytes.len()));
        }
    }
}
