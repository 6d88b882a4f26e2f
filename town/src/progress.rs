//! What a terminal shows while a load runs. Without a terminal, nothing is shown.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Bars below each other.
#[derive(Debug, Default)]
pub struct Progress {
    bars: MultiProgress,
}

impl Progress {
    /// Adds a bar for `length` of something.
    pub fn bar(&self, title: &'static str, length: u64) -> ProgressBar {
        let style = "{prefix:>10} {bar:32} {human_pos}/{human_len} {msg}";
        self.add(title, ProgressBar::new(length), style)
    }

    /// Adds a count of something that has no known end.
    pub fn count(&self, title: &'static str) -> ProgressBar {
        self.add(title, ProgressBar::no_length(), "{prefix:>10} {human_pos} {msg}")
    }

    fn add(&self, title: &'static str, bar: ProgressBar, style: &str) -> ProgressBar {
        let style = ProgressStyle::with_template(style).expect("the template is valid");
        self.bars.add(bar.with_prefix(title).with_style(style))
    }
}
