//! Flags, yes or no, as clients write them.

use serde_json::Value;

/// Reads a flag, or returns `None` if the value isn't one.
///
/// `1`, `true` and the strings `"1"` and `"true"` are yes. `0`, `false`, `null`, absence and the
/// strings `"0"`, `"false"` and `""` are no.
pub(crate) fn flag(value: Option<&Value>) -> Option<bool> {
    match value {
        None | Some(Value::Null) => Some(false),
        Some(Value::Bool(flag)) => Some(*flag),
        Some(Value::Number(number)) => match number.as_u64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        // In a query, every value is a string.
        Some(Value::String(text)) => match text.as_str() {
            "1" | "true" => Some(true),
            "" | "0" | "false" => Some(false),
            _ => None,
        },
        Some(Value::Array(_) | Value::Object(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn flags_are_read_as_clients_write_them() {
        for (value, expected) in [
            (json!(1), Some(true)),
            (json!("1"), Some(true)),
            (json!(true), Some(true)),
            (json!(0), Some(false)),
            (json!("0"), Some(false)),
            (json!(false), Some(false)),
            (json!(null), Some(false)),
            (json!(2), None),
            (json!("yes"), None),
            (json!([1]), None),
        ] {
            assert_eq!(flag(Some(&value)), expected, "{value}");
        }
        assert_eq!(flag(None), Some(false));
    }
}
