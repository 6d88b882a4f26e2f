//! Spans of time and counts, as people read them.

/// Returns a span in its largest unit, rounded down: `3 days`.
pub(crate) fn span(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let (count, unit) = [(24 * 60 * 60, "day"), (60 * 60, "hour"), (60, "minute")]
        .into_iter()
        .find_map(|(size, unit)| (seconds >= size).then_some((seconds / size, unit)))
        .unwrap_or((seconds, "second"));
    counted(count, unit)
}

/// Returns a count of things: `1 day`, `2 days`.
pub(crate) fn counted(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// Returns how long ago a moment was: `3 days ago`. Both are milliseconds since 1970.
pub(crate) fn ago(moment_ms: u64, now_ms: u64) -> String {
    format!("{} ago", span(now_ms.saturating_sub(moment_ms)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_largest_unit() {
        for (milliseconds, text) in [
            (0, "0 seconds"),
            (1_999, "1 second"),
            (59_999, "59 seconds"),
            (60_000, "1 minute"),
            (7_200_000, "2 hours"),
            (86_400_000, "1 day"),
            (40 * 86_400_000, "40 days"),
        ] {
            assert_eq!(span(milliseconds), text);
        }
        assert_eq!(ago(5_000, 1_000), "0 seconds ago", "clocks differ");
    }
}
