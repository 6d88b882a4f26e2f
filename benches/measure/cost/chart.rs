//! The chart of what a user costs over the size of their book, as SVG. Both axes are logarithmic.

use std::fmt::Write as _;

use super::Designs;
use super::habits::Habits;
use crate::report::number;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 140.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 50.0;
/// Pixels from one name of a line to the next.
const NAMES_APART: f64 = 17.0;

/// It has a background of its own, because a page may be light where the system is dark.
const STYLE: &str = "\
text { font: 13px sans-serif; fill: #1f2328 }
.title { font-weight: bold }
.end { text-anchor: end }
.middle { text-anchor: middle }
.page { fill: #ffffff }
.grid { stroke: #d1d9e0 }
.line { fill: none; stroke: currentColor; stroke-width: 2.5 }
.name { fill: currentColor }
.d0 { color: #0969da } .d1 { color: #bc4c00 } .d2 { color: #8250df; stroke-dasharray: 9 5 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.page { fill: #0d1117 }
.grid { stroke: #3d444d }
.d0 { color: #4493f8 } .d1 { color: #f0883e } .d2 { color: #ab7df8 }
}";

/// A logarithmic axis, from the first to the last of its ticks.
struct Axis {
    ticks: Vec<f64>,
    from: f64,
    to: f64,
}

impl Axis {
    /// Returns where a value is, in pixels.
    fn place(&self, value: f64) -> f64 {
        let (first, last) = (self.ticks[0], self.ticks[self.ticks.len() - 1]);
        self.from + (value / first).ln() / (last / first).ln() * (self.to - self.from)
    }
}

/// Returns the chart.
pub fn chart(sizes: &[Designs]) -> String {
    let lines = lines(sizes);
    let x = Axis {
        ticks: sizes.iter().map(|designs| designs.size as f64).collect(),
        from: LEFT,
        to: WIDTH - RIGHT,
    };
    let dollars = || lines.iter().flatten().copied();
    let (least, most) = (dollars().fold(f64::MAX, f64::min), dollars().fold(0.0, f64::max));
    let y = Axis { ticks: decades(least, most), from: HEIGHT - BOTTOM, to: TOP };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n\
         <title>What a typical user costs, over the contacts of their book</title>\n\
         <style>\n{STYLE}\n</style>\n\
         <rect class=\"page\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n"
    );
    text(&mut svg, "title", LEFT, 28.0, "$ a month for a million typical users (DynamoDB)");
    text(&mut svg, "middle", (x.from + x.to) / 2.0, HEIGHT - 10.0, "contacts of a book");
    grid(&mut svg, &x, &y);
    for (place, line) in lines.iter().enumerate() {
        curve(&mut svg, place, &x, &y, line);
    }
    names(&mut svg, &x, lines.map(|line| y.place(line[line.len() - 1])));
    svg + "</svg>\n"
}

/// Returns the dollars of each design, over the sizes.
fn lines(sizes: &[Designs]) -> [Vec<f64>; 3] {
    [0, 1, 2].map(|place| {
        let dollars = |designs: &Designs| Habits::TYPICAL.dollars(designs.each()[place]);
        sizes.iter().map(dollars).collect()
    })
}

/// Returns the powers of ten from below `least` to above `most`.
fn decades(least: f64, most: f64) -> Vec<f64> {
    let exponents = least.log10().floor() as i32..=most.log10().ceil() as i32;
    exponents.map(|exponent| 10_f64.powi(exponent)).collect()
}

fn grid(svg: &mut String, x: &Axis, y: &Axis) {
    for tick in &x.ticks {
        let at = x.place(*tick);
        path(svg, "grid", &[(at, y.from), (at, y.to)]);
        text(svg, "middle", at, y.from + 20.0, &number(*tick));
    }
    for tick in &y.ticks {
        let at = y.place(*tick);
        path(svg, "grid", &[(x.from, at), (x.to, at)]);
        text(svg, "end", x.from - 8.0, at + 4.0, &number(*tick));
    }
}

/// Draws the line of a design.
fn curve(svg: &mut String, place: usize, x: &Axis, y: &Axis, dollars: &[f64]) {
    let sizes = x.ticks.iter().zip(dollars);
    let points: Vec<(f64, f64)> =
        sizes.map(|(size, dollars)| (x.place(*size), y.place(*dollars))).collect();
    path(svg, &format!("line d{place}"), &points);
}

/// Writes the name of each design where its line ends, or below a name that is there already.
fn names(svg: &mut String, x: &Axis, ends: [f64; 3]) {
    let mut order = [0, 1, 2];
    order.sort_by(|one, other| ends[*one].total_cmp(&ends[*other]));
    let mut free = 0.0_f64;
    for place in order {
        let at = ends[place].max(free);
        text(svg, &format!("name d{place}"), x.to + 8.0, at + 4.0, Designs::NAMES[place]);
        free = at + NAMES_APART;
    }
}

fn path(svg: &mut String, class: &str, points: &[(f64, f64)]) {
    let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    writeln!(svg, "<polyline class=\"{class}\" points=\"{}\"/>", points.join(" "))
        .expect("it is a string");
}

fn text(svg: &mut String, class: &str, x: f64, y: f64, text: &str) {
    writeln!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>")
        .expect("it is a string");
}
