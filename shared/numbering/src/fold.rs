//! From a phone as a person writes it to a run of ASCII digits.

use crate::digits::ascii_digit;
use crate::extension::is_extension;

/// What is left of a phone without its decoration.
#[derive(Default)]
pub(crate) struct Folded {
    /// A plus stood before the first digit.
    pub plus: bool,
    /// The digits in ASCII, without those of an extension.
    pub digits: String,
    /// The place in `digits` of the zero of a bracketed `(0)`.
    pub bracketed_zero: Option<usize>,
}

/// What a character means inside a phone.
enum Mark {
    Digit(u8),
    Plus,
    Open,
    Close,
    /// A space or a dash, which may stand before an extension.
    Gap,
    /// Another separator or an invisible mark: says nothing.
    Filler,
    /// Belongs in no number, but may begin an extension.
    Foreign,
}

/// Folds `raw`: digits of other scripts become ASCII, decoration and an extension are dropped.
///
/// A text with anything in it that has no place in a phone (letters other than those of an
/// extension, `*`) folds to no digits at all: half of such a text must not become a number.
pub(crate) fn fold(raw: &str) -> Folded {
    let raw = raw.trim_start_matches(is_filler);
    match strip_scheme(raw) {
        Some(address) => fold_text(&with_context(address)),
        None => fold_text(raw),
    }
}

fn fold_text(raw: &str) -> Folded {
    let mut folded = Folded::default();
    let mut opened_at = None;
    let mut gap_at = 0;
    for (place, c) in raw.char_indices() {
        let digits = folded.digits.len();
        match mark(c) {
            Mark::Digit(digit) => folded.digits.push(char::from(digit)),
            Mark::Plus if digits == 0 && !folded.plus => folded.plus = true,
            Mark::Open => opened_at = Some(digits),
            Mark::Close => {
                if let Some(start) = opened_at.take()
                    && &folded.digits[start..] == "0"
                {
                    folded.bracketed_zero.get_or_insert(start);
                }
            }
            Mark::Gap => gap_at = digits,
            Mark::Filler => {}
            Mark::Foreign if is_hash(&raw[place..]) && has_extension(gap_at, digits) => {
                folded.digits.truncate(gap_at);
                break;
            }
            Mark::Foreign if digits > 0 && is_extension(&raw[place..]) => break,
            Mark::Foreign if is_tilde(c) => {}
            Mark::Plus | Mark::Foreign => return Folded::default(),
        }
    }
    folded
}

/// Whether a text ends with the sign after an American extension, as in `650 253 0000 - 12#`.
fn is_hash(rest: &str) -> bool {
    matches!(rest.trim(), "#" | "\u{FF03}")
}

/// Whether a character is the sign of Google's formats for a pause after a prefix, as in `8~10`.
fn is_tilde(c: char) -> bool {
    matches!(c, '~' | '\u{FF5E}' | '\u{223C}' | '\u{2053}')
}

/// Whether a group of digits can be an extension, because it is short and follows a number.
fn has_extension(gap_at: usize, digits: usize) -> bool {
    gap_at >= 7 && (1..=6).contains(&(digits - gap_at))
}

/// Returns what follows `tel:`, if the text begins with it.
fn strip_scheme(raw: &str) -> Option<&str> {
    raw.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("tel:")).map(|_| &raw[4..])
}

/// Puts the international prefix of a `tel:` address (RFC 3966, `phone-context`) before its number.
fn with_context(address: &str) -> String {
    let context = address.split(';').find_map(|part| part.strip_prefix("phone-context=+"));
    match context.filter(|_| !address.starts_with('+')) {
        Some(prefix) => format!("+{prefix}{address}"),
        None => address.to_owned(),
    }
}

fn mark(c: char) -> Mark {
    if let Some(digit) = ascii_digit(c) {
        return Mark::Digit(digit);
    }
    match c {
        '+' | '\u{FF0B}' | '\u{FE62}' | '\u{2795}' => Mark::Plus,
        '(' | '[' | '{' | '\u{FF08}' | '\u{FF3B}' | '\u{FF5B}' => Mark::Open,
        ')' | ']' | '}' | '\u{FF09}' | '\u{FF3D}' | '\u{FF5D}' => Mark::Close,
        ' ' | '-' => Mark::Gap,
        _ if is_filler(c) => Mark::Filler,
        _ => Mark::Foreign,
    }
}

/// Spaces, dashes, dots, slashes, and what can't be seen at all.
fn is_filler(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c,
            '-' | '.' | '/' | '_' | '\u{AD}' | '\u{B7}' | '\u{58A}' | '\u{61C}' | '\u{180E}'
            | '\u{200B}'..='\u{2015}' | '\u{2022}' | '\u{2024}' | '\u{2027}' | '\u{202A}'..='\u{202E}'
            | '\u{2043}' | '\u{2044}' | '\u{2060}'..='\u{206F}' | '\u{20E3}' | '\u{2212}' | '\u{2215}' | '\u{301C}'
            | '\u{30FC}' | '\u{30FB}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FE58}' | '\u{FE63}' | '\u{FEFF}'
            | '\u{FF0D}'..='\u{FF0F}' | '\u{FF3F}' | '\u{FF65}' | '\u{FFA0}' | '\u{E0001}'..='\u{E007F}')
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
            ("tel:7042;phone-context=+1-650-555", true, "16505557042"),
            ("tel:+16505550123;phone-context=+49", true, "16505550123"),
            ("650 555 0123 - 12#", false, "6505550123"),
            ("+7 495 123-45-67 доб. 89", true, "74951234567"),
            ("6\u{0}5\t0\n5550123", false, "6505550123"),
            ("6\u{FE0F}\u{20E3}505550123", false, "6505550123"),
        ] {
            assert_eq!(parts(raw), (plus, digits.to_owned(), None), "{raw:?}");
        }
    }

    #[test]
    fn what_isnt_a_phone_has_no_digits() {
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
