//! Logs: JSON lines on standard output, with counts and durations, never a phone, a name, a token or a
//! body.

use tracing_subscriber::EnvFilter;

/// Starts logging at the level of `AWS_LAMBDA_LOG_LEVEL` or `RUST_LOG`, `info` unless set.
pub fn init() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").or_else(|_| std::env::var("RUST_LOG"));
    let filter = level.ok().and_then(|level| EnvFilter::try_new(level.to_lowercase()).ok());
    // A second call, as in tests, changes nothing.
    let _ = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter.unwrap_or_else(|| EnvFilter::new("info")))
        .without_time()
        .with_current_span(false)
        .try_init();
}
