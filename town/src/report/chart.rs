//! Charts as SVG, whose colours the page's style sets.

use std::fmt::Write as _;

use crate::measure::Percentiles;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 220.0;
/// What a chart keeps free for its labels.
const LEFT: f64 = 56.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 30.0;
/// How high a row of [`ranges`] is, and how wide its titles are.
const ROW: f64 = 26.0;
const TITLES: f64 = 200.0;
/// Most labels beside each other.
const LABELS: usize = 10;

/// Draws values over equal steps as a filled line. `steps` names what is counted from 1.
pub fn area(title: &str, values: &[f64], steps: &str) -> String {
    let mut svg = begin(title, HEIGHT);
    let (top, most) = scale(values);
    let last = values.len().saturating_sub(1).max(1);
    let x = |index: usize| LEFT + (WIDTH - LEFT - RIGHT) * index as f64 / last as f64;
    let y = |value: f64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top;
    grid(&mut svg, top, y);
    let mut line = String::new();
    for (index, value) in values.iter().enumerate() {
        let _ =
            write!(line, "{}{:.1} {:.1}", if index == 0 { 'M' } else { 'L' }, x(index), y(*value));
    }
    let (left, right, ground) = (x(0), x(values.len().saturating_sub(1)), y(0.0));
    let _ = write!(
        svg,
        r#"<path class="fill" d="{line}L{right:.1} {ground:.1}L{left:.1} {ground:.1}Z"/><path class="line" d="{line}"/>"#
    );
    for index in (0..values.len()).step_by(values.len().div_ceil(LABELS).max(1)) {
        label(&mut svg, x(index), HEIGHT - 10.0, "middle", &(index + 1).to_string());
    }
    label(&mut svg, WIDTH - RIGHT, 14.0, "end", &format!("{steps}; most {}", number(most)));
    svg + "</svg>"
}

/// Draws a bar for each label.
pub fn bars(title: &str, labels: &[String], values: &[f64]) -> String {
    let mut svg = begin(title, HEIGHT);
    let (top, _) = scale(values);
    let y = |value: f64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top;
    grid(&mut svg, top, y);
    let step = (WIDTH - LEFT - RIGHT) / values.len().max(1) as f64;
    for (index, (name, value)) in labels.iter().zip(values).enumerate() {
        let x = LEFT + step * index as f64;
        let _ = write!(
            svg,
            r#"<rect class="bar" x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" rx="2"><title>{}: {}</title></rect>"#,
            step.mul_add(0.1, x),
            y(*value),
            step * 0.8,
            y(0.0) - y(*value),
            escaped(name),
            number(*value)
        );
        label(&mut svg, step.mul_add(0.5, x), HEIGHT - 10.0, "middle", name);
    }
    svg + "</svg>"
}

/// Draws a row for each title, on a logarithmic scale: a bar from the median to the 99th
/// percentile, and dots for the median, the 90th percentile and the slowest.
pub fn ranges(title: &str, rows: &[(&str, Percentiles)]) -> String {
    let height = ROW * rows.len() as f64 + TOP + BOTTOM;
    let mut svg = begin(title, height);
    let fastest = rows.iter().map(|(_, row)| row.p50_ms).fold(f64::INFINITY, f64::min);
    let slowest = rows.iter().map(|(_, row)| row.max_ms).fold(1.0, f64::max);
    let low = fastest.clamp(0.1, 1e6).log10().floor();
    let high = slowest.log10().ceil().max(low + 1.0);
    let x = |ms: f64| {
        let share = (ms.max(10_f64.powf(low)).log10() - low) / (high - low);
        TITLES + (WIDTH - TITLES - 24.0) * share
    };
    for power in low as i32..=high as i32 {
        let at = x(10_f64.powi(power));
        let _ = write!(svg, r#"<path class="grid" d="M{at:.1} {TOP}V{:.1}"/>"#, height - BOTTOM);
        let text = match 10_f64.powi(power) {
            ms if ms >= 1000.0 => format!("{} s", ms / 1000.0),
            ms => format!("{ms} ms"),
        };
        label(&mut svg, at, height - 10.0, "middle", &text);
    }
    for (index, (name, row)) in rows.iter().enumerate() {
        let y = TOP + ROW * (index as f64 + 0.5);
        label(&mut svg, TITLES - 12.0, y + 4.0, "end", name);
        let (from, to, most) = (x(row.p50_ms), x(row.p99_ms), x(row.max_ms));
        let _ = write!(
            svg,
            r#"<path class="whisker" d="M{to:.1} {y:.1}H{most:.1}"/><path class="range" d="M{from:.1} {y:.1}H{to:.1}"/>"#
        );
        for (what, ms) in
            [("p50", row.p50_ms), ("p90", row.p90_ms), ("p99", row.p99_ms), ("max", row.max_ms)]
        {
            let _ = write!(
                svg,
                r#"<circle class="{what}" cx="{:.1}" cy="{y:.1}" r="4"><title>{}: {what} {ms:.1} ms</title></circle>"#,
                x(ms),
                escaped(name)
            );
        }
    }
    svg + "</svg>"
}

/// Returns text that is safe in HTML and SVG.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Returns a number as people write it.
pub fn number(value: f64) -> String {
    if value < 10.0 && value.fract() != 0.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn begin(title: &str, height: f64) -> String {
    let title = escaped(title);
    format!(r#"<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">"#)
}

/// Returns a round number that no value exceeds, and the largest value.
fn scale(values: &[f64]) -> (f64, f64) {
    let most = values.iter().copied().fold(0.0, f64::max);
    let power = 10_f64.powf(most.max(1.0).log10().floor());
    let steps = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    let top = steps.iter().map(|step| step * power).find(|top| *top >= most);
    (top.unwrap_or(10.0 * power), most)
}

fn grid(svg: &mut String, top: f64, y: impl Fn(f64) -> f64) {
    for quarter in [0.0, 0.5, 1.0] {
        let at = y(top * quarter);
        let _ = write!(svg, r#"<path class="grid" d="M{LEFT} {at:.1}H{}"/>"#, WIDTH - RIGHT);
        label(svg, LEFT - 8.0, at + 4.0, "end", &number(top * quarter));
    }
}

fn label(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let text = escaped(text);
    let _ = write!(svg, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"#);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        for (value, text) in [
            (0.0, "0"),
            (2.5, "2.5"),
            (12.4, "12"),
            (999.0, "999"),
            (1_000.0, "1,000"),
            (1_234_567.0, "1,234,567"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_scale_is_round_and_not_exceeded() {
        for (most, top) in [(0.0, 1.0), (1.0, 1.0), (7.0, 8.0), (120.0, 200.0), (950.0, 1_000.0)] {
            assert_eq!(scale(&[0.0, most]), (top, most));
        }
    }

    #[test]
    fn charts_of_nothing_and_of_one_value_hold_only_numbers() {
        let row = Percentiles { p50_ms: 0.0, ..Percentiles::default() };
        for svg in [
            area("a", &[], "days"),
            area("a", &[0.0], "days"),
            bars("b", &[], &[]),
            bars("b", &["<x>".to_owned()], &[0.0]),
            ranges("c", &[]),
            ranges("c", &[("x", row)]),
        ] {
            assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("<x>"), "{svg}");
        }
    }
}
