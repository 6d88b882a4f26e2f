//! From a phone as a person writes it to a run of ASCII digits.

use crate::digits::ascii_digit;

/// What is left of a phone once its decoration is gone.
#[derive(Default)]
pub(crate) struct Folded {
    /// A plus stood before the first digit.
    pub plus: bool,
    /// The digits in ASCII, an extension left out.
    pub digits: String,
    /// Where in `digits` the zero of a bracketed `(0)` stands.
    pub bracketed_zero: Option<usize>,
}

/// What a character means inside a phone.
enum Mark {
    Digit(u8),
    Plus,
    Open,
    Close,
    /// A space, a separator or an invisible mark: says nothing.
    Filler,
    /// From here on it is an extension or a pause.
    Extension,
    /// Nothing that belongs in a phone.
    Foreign,
}

/// Folds `raw`; digits of other scripts become ASCII, decoration and an extension go.
///
/// A text with anything in it that has no place in a phone (letters other than those of an
/// extension, `*`) folds to no digits at all: half of such a text must not become a number.
pub(crate) fn fold(raw: &str) -> Folded {
    let raw = strip_scheme(raw.trim_start_matches(is_filler));
    let mut folded = Folded::default();
    let mut opened_at = None;
    for c in raw.chars() {
        match mark(c, !folded.digits.is_empty()) {
            Mark::Digit(digit) => folded.digits.push(char::from(digit)),
            Mark::Plus if folded.digits.is_empty() && !folded.plus => folded.plus = true,
            Mark::Plus | Mark::Foreign => return Folded::default(),
            Mark::Open => opened_at = Some(folded.digits.len()),
            Mark::Close => {
                if let Some(start) = opened_at.take()
                    && &folded.digits[start..] == "0"
                    && folded.bracketed_zero.is_none()
                {
                    folded.bracketed_zero = Some(start);
                }
            }
            Mark::Filler => {}
            Mark::Extension => break,
        }
    }
    folded
}

fn strip_scheme(raw: &str) -> &str {
    match raw.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &raw[4..],
        _ => raw,
    }
}

fn mark(c: char, after_digits: bool) -> Mark {
    if let Some(digit) = ascii_digit(c) {
        return Mark::Digit(digit);
    }
    match c {
        '+' | '\u{FF0B}' | '\u{FE62}' | '\u{2795}' => Mark::Plus,
        '(' | '[' | '{' | '\u{FF08}' | '\u{FF3B}' | '\u{FF5B}' => Mark::Open,
        ')' | ']' | '}' | '\u{FF09}' | '\u{FF3D}' | '\u{FF5D}' => Mark::Close,
        // "x 12", "ext. 12", "#12", RFC 3966's ";ext=12", and the pauses of iOS and Android.
        'x' | 'X' | 'e' | 'E' | '#' | ';' | ',' | '\u{FF03}' if after_digits => Mark::Extension,
        _ if is_filler(c) => Mark::Filler,
        _ => Mark::Foreign,
    }
}

/// Spaces, dashes, dots, slashes, and what can't be seen at all.
fn is_filler(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c,
            '-' | '.' | '/' | '_' | '~' | '\u{AD}' | '\u{B7}' | '\u{58A}' | '\u{61C}' | '\u{180E}'
            | '\u{200B}'..='\u{2015}' | '\u{2022}' | '\u{2024}' | '\u{2027}' | '\u{202A}'..='\u{202E}'
            | '\u{2043}' | '\u{2044}' | '\u{2060}'..='\u{206F}' | '\u{20E3}' | '\u{2212}' | '\u{2215}' | '\u{301C}'
            | '\u{30FC}' | '\u{30FB}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FE58}' | '\u{FE63}' | '\u{FEFF}'
            | '\u{FF0D}'..='\u{FF0F}' | '\u{FF3F}' | '\u{FF5E}' | '\u{FF65}' | '\u{FFA0}' | '\u{E0001}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(raw: &str) -> (bool, String, Option<usize>) {
        let folded = fold(raw);
        (folded.plus, folded.digits, folded.bracketed_zero)
    }

    #[test]
    fn decoration_goes_and_digits_stay() {
        for (raw, plus, digits) in [
            ("(650) 555-0123", false, "6505550123"),
            ("\u{202A}+1\u{A0}650\u{2011}555\u{2013}0123\u{202C}", true, "16505550123"),
            ("tel:+1-650-555-0123;ext=7", true, "16505550123"),
            ("650.555/0123 x99", false, "6505550123"),
            ("650 555 0123 ext. 99", false, "6505550123"),
            ("+1 650 555 0123,,99#", true, "16505550123"),
            ("＋１６５０５５５０１２３", true, "16505550123"),
            ("٠١٢٣٤٥٦٧٨٩", false, "0123456789"),
            ("6\u{0}5\t0\n5550123", false, "6505550123"),
            ("6\u{FE0F}\u{20E3}505550123", false, "6505550123"),
        ] {
            assert_eq!(parts(raw), (plus, digits.to_owned(), None), "{raw:?}");
        }
    }

    #[test]
    fn what_is_no_phone_has_no_digits() {
        for raw in
            ["", "call me", "650-CALL-NOW", "*67 650 555 0123", "650+5550123", "++16505550123", "x"]
        {
            assert_eq!(parts(raw).1, "", "{raw:?}");
        }
    }

    #[test]
    fn a_bracketed_zero_is_remembered() {
        assert_eq!(parts("+44 (0) 20 7946 0018"), (true, "4402079460018".to_owned(), Some(2)));
        assert_eq!(parts("+44 (020) 7946 0018").2, None);
    }
}
