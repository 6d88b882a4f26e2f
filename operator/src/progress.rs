//! Progress bars, on the standard error of a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Returns a bar that counts things of which nobody knows how many there are. It shows nothing if
/// nobody watches.
pub(crate) fn counter(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::no_length().with_message(what);
    bar.set_style(style("{spinner} {msg}: {human_pos} ({per_sec})"));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Returns a bar of so many things.
pub(crate) fn measured(what: &'static str, things: u64) -> ProgressBar {
    let bar = ProgressBar::new(things).with_message(what);
    bar.set_style(style("{bar:30} {msg}: {human_pos} of {human_len} ({per_sec}, {eta} left)"));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is valid")
}
