//! Writes a part's figures to the screen and into `docs/PERFORMANCE.md`.

use std::path::Path;

/// Prints `text`, and puts it between the document's marks of `part`.
pub fn write(part: &str, text: &str) {
    let text = text.trim_end();
    println!("{text}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/PERFORMANCE.md");
    let document = std::fs::read_to_string(&path).expect("the document is there");
    let (begin, end) =
        (format!("<!-- {part}: written by cargo bench -->\n"), format!("<!-- {part}: end -->"));
    let (before, rest) =
        document.split_once(&begin).expect("the document has the part's first mark");
    let (_, after) = rest.split_once(&end).expect("the document has the part's last mark");
    std::fs::write(&path, format!("{before}{begin}\n{text}\n{end}{after}"))
        .expect("the document can be written");
}

/// Formats a number with its thousands apart, and with a decimal if it is small and not whole.
pub fn number(value: f64) -> String {
    if value < 100.0 && value.fract() != 0.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let from_end = |place: usize| digits.len() - place;
    let apart = |(place, digit): (usize, char)| {
        let comma = place > 0 && from_end(place).is_multiple_of(3);
        comma.then_some(',').into_iter().chain([digit])
    };
    digits.chars().enumerate().flat_map(apart).collect()
}
