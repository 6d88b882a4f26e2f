//! The time of day.

/// Returns the milliseconds since 1970. A server on this machine has the same clock.
#[expect(clippy::disallowed_methods, reason = "this crate doesn't link `model` and its clock")]
pub fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
