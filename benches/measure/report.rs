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

/// Writes a file of the documents, such as `cost.svg`.
pub fn write_file(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    std::fs::write(path, text).expect("the file can be written");
}

/// Formats a number with its thousands apart. It has a decimal if it is small and not whole, and
/// two if it is below 1.
pub fn number(value: f64) -> String {
    if value < 1.0 {
        let digits = format!("{value:.2}");
        return digits.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    if value < 100.0 && value.fract() != 0.0 {
        return format!("{value:.1}").trim_end_matches(".0").to_owned();
    }
    let digits = format!("{value:.0}");
    let from_end = |place: usize| digits.len() - place;
    let apart = |(place, digit): (usize, char)| {
        let comma = place > 0 && from_end(place).is_multiple_of(3);
        comma.then_some(',').into_iter().chain([digit])
    };
    digits.chars().enumerate().flat_map(apart).collect()
}

/// Formats how many times larger something is.
pub fn times(ratio: f64) -> String {
    if ratio < 0.01 {
        return "<0.01×".to_owned();
    }
    if ratio < 10.0 { format!("{ratio:.2}×") } else { format!("{}×", number(ratio.round())) }
}
