//! Times in lines: RFC 3339, to the millisecond.

use jiff::Timestamp;

/// Writes a time that is in milliseconds since 1970.
pub(crate) fn written(milliseconds: u64) -> String {
    let time = i64::try_from(milliseconds).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    time.unwrap_or(Timestamp::MAX).to_string()
}

/// Reads a time, in milliseconds since 1970. There were no accounts before that.
pub(crate) fn read(text: &str) -> Option<u64> {
    let time: Timestamp = text.parse().ok()?;
    u64::try_from(time.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_back_as_it_was_written() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_795_485_472_000, "2026-11-24T01:57:52Z"),
            (1_795_485_472_050, "2026-11-24T01:57:52.05Z"),
        ] {
            assert_eq!(written(milliseconds), text);
            assert_eq!(read(text), Some(milliseconds), "{text}");
        }
        for (text, expected) in [
            ("2026-11-24T02:57:52.0509+01:00", Some(1_795_485_472_050)),
            ("1969-12-31T23:59:59Z", None),
            ("2026-11-24", None),
            ("yesterday", None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
