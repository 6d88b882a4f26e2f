//! Logs: JSON lines on standard output, with counts and durations, never a phone, a name, a token
//! or a body.
//!
//! Each line has a `timestamp` and a `level`. Lambda files a line that lacks either one as `INFO`, and
//! then drops it if the deployment only keeps warnings.
//!
//! The level that a deployment sets is for this workspace's crates only. Below `info`, others log
//! whole requests and events (the AWS SDK, its HTTP client, Lambda's runtime), and no setting lets
//! them. A release build has no code at all for logs below `info` (a feature of `tracing`), which
//! also keeps packages 0.1 MB smaller.

use std::io;
use std::panic::PanicHookInfo;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::{filter, fmt, registry};

use crate::config::{ProcessEnvironment, Variables};

/// The crates of this workspace, which know what may be logged.
const OURS: [&str; 21] = [
    "address_book",
    "api",
    "cognito_sign_up",
    "get",
    "join_push",
    "joins",
    "lambda",
    "local",
    "model",
    "numbering",
    "operator",
    "people",
    "protocol",
    "push",
    "registered_users",
    "store",
    "subscriptions",
    "town",
    "upload",
    "session",
    "users",
];
/// The target under which Lambda's runtime says why an event can't be read. It uses the parser's
/// message, which quotes the event.
const QUOTES_EVENTS: &str = "lambda_runtime::layers::api_response";

/// Starts logging at the level of `AWS_LAMBDA_LOG_LEVEL` or `RUST_LOG` (`info` if neither is set),
/// and keeps the messages of panics out of the logs.
pub fn init() {
    let subscriber = subscriber(level(&ProcessEnvironment), io::stdout);
    // A second call, as in tests, changes nothing.
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        std::panic::set_hook(Box::new(log_panic));
    }
}

/// Returns a subscriber that logs to `writer`: this workspace's crates at `level`, all others no
/// further than `info`.
pub fn subscriber<W>(level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = filter::filter_fn(move |metadata| {
        may_be_logged(metadata.target(), *metadata.level(), level)
    });
    let lines = fmt::layer().json().with_current_span(false).with_writer(writer);
    registry().with(lines.with_filter(filter.with_max_level_hint(level)))
}

/// Returns whether an event or a span of `target` may be logged if a deployment has set `level`.
#[must_use]
pub fn may_be_logged(target: &str, event: Level, level: LevelFilter) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    let limit = if OURS.contains(&name) { level } else { level.min(LevelFilter::INFO) };
    event <= limit && target != QUOTES_EVENTS
}

/// Returns the level that the environment names: one word, for all of this workspace.
fn level(env: &impl Variables) -> LevelFilter {
    let named = env.get("AWS_LAMBDA_LOG_LEVEL").or_else(|| env.get("RUST_LOG")).unwrap_or_default();
    match named.to_lowercase().as_str() {
        // Lambda's name for a level that tracing doesn't have.
        "fatal" => LevelFilter::ERROR,
        "" => LevelFilter::INFO,
        named => named.parse().unwrap_or(LevelFilter::INFO),
    }
}

/// Logs where a panic happened, but not its message. The message may quote data, such as a text
/// that was sliced in a wrong place.
pub fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string);
    tracing::error!(location, "panicked");
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use model::{Clock, SystemClock};

    use super::*;

    /// Sends each written line.
    #[derive(Clone)]
    struct Lines(mpsc::Sender<Vec<u8>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_owned()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_the_timestamp_and_the_level_by_which_lambda_files_it() {
        let (sender, lines) = mpsc::channel();
        let writer = Lines(sender);
        tracing::subscriber::with_default(
            subscriber(LevelFilter::INFO, move || writer.clone()),
            || {
                tracing::error!(books = 1, "request failed");
            },
        );
        let line: serde_json::Value =
            serde_json::from_slice(&lines.recv().expect("a line")).expect("JSON");
        let text = line["timestamp"].as_str().expect("a text");
        assert!(text.ends_with('Z'), "{text} is UTC");
        let timestamp: jiff::Timestamp = text.parse().expect("RFC 3339");
        let now_ms = i64::try_from(SystemClock.now_ms()).expect("a time");
        assert!((now_ms - timestamp.as_millisecond()).abs() < 60_000, "{timestamp} is now");
        assert_eq!(
            (&line["level"], &line["fields"]["message"]),
            (&"ERROR".into(), &"request failed".into())
        );
    }

    struct Fixed(&'static [(&'static str, &'static str)]);

    impl Variables for Fixed {
        fn get(&self, name: &str) -> Option<String> {
            self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn the_level_is_one_word_of_the_environment() {
        for (variables, expected) in [
            (&[][..], LevelFilter::INFO),
            (&[("AWS_LAMBDA_LOG_LEVEL", "DEBUG")], LevelFilter::DEBUG),
            (&[("AWS_LAMBDA_LOG_LEVEL", "FATAL")], LevelFilter::ERROR),
            (&[("RUST_LOG", "trace")], LevelFilter::TRACE),
            (&[("AWS_LAMBDA_LOG_LEVEL", "INFO"), ("RUST_LOG", "trace")], LevelFilter::INFO),
            (&[("RUST_LOG", "aws_smithy_runtime=trace")], LevelFilter::INFO),
            (&[("RUST_LOG", "")], LevelFilter::INFO),
        ] {
            assert_eq!(level(&Fixed(variables)), expected, "{variables:?}");
        }
    }

    #[test]
    fn other_crates_log_no_further_than_info() {
        for (target, event, set, expected) in [
            ("api::call", Level::TRACE, LevelFilter::TRACE, true),
            ("api::call", Level::DEBUG, LevelFilter::INFO, false),
            ("upload", Level::DEBUG, LevelFilter::DEBUG, true),
            ("upload_tools", Level::DEBUG, LevelFilter::TRACE, false),
            ("aws_smithy_runtime::client", Level::DEBUG, LevelFilter::TRACE, false),
            ("lambda_runtime", Level::INFO, LevelFilter::TRACE, true),
            ("lambda_runtime", Level::INFO, LevelFilter::WARN, false),
            (QUOTES_EVENTS, Level::ERROR, LevelFilter::TRACE, false),
        ] {
            assert_eq!(may_be_logged(target, event, set), expected, "{target} {event} {set}");
        }
    }
}
