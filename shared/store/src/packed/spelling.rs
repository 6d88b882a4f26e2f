//! Spellings: each is described by what it adds to the canonical digits. So the spellings of a
//! whole book become a few patterns, which cost next to nothing.
//!
//! | code | spelling |
//! |---|---|
//! | nothing | the canonical digits |
//! | `+` | a plus and the canonical digits |
//! | `p` and a pattern | the pattern, with the last canonical digits in the places of its marks |
//! | `v` and a text | the text |

use super::error::PackError;
use model::Contact;
use numbering::Phone;

/// The mark that takes the place of a canonical digit in a pattern. It is one byte, and is in no
/// sane phone.
const MARK: char = '\u{1}';

/// Returns at least the number of bytes that the contact's [`code`] has.
pub(super) fn longest_code(contact: &Contact) -> usize {
    if is_plain(contact) { 1 } else { 1 + contact.spelling.as_str().len() }
}

fn is_plain(Contact { phone, spelling, .. }: &Contact) -> bool {
    spelling.as_str().trim_start_matches('+') == phone.digits()
        && !spelling.as_str().starts_with("++")
}

pub(super) fn code(contact: &Contact) -> String {
    let (raw, canonical) = (contact.spelling.as_str(), contact.phone.digits());
    if is_plain(contact) {
        return if raw == canonical { String::new() } else { "+".to_owned() };
    }
    if raw.contains(MARK) {
        return format!("v{raw}");
    }
    // Digits that aren't the phone's last ones stay as they are, such as a trunk zero or an
    // international prefix.
    let digits: Vec<u8> = raw.bytes().filter(u8::is_ascii_digit).collect();
    let shared =
        digits.iter().rev().zip(canonical.bytes().rev()).take_while(|(a, b)| **a == *b).count();
    let mut own = digits.len() - shared;
    let pattern = raw.chars().map(|c| {
        if c.is_ascii_digit() && own == 0 {
            return MARK;
        }
        own -= usize::from(c.is_ascii_digit());
        c
    });
    std::iter::once('p').chain(pattern).collect()
}

pub(super) fn read(code: &str, phone: Phone) -> Result<String, PackError> {
    let canonical = phone.digits();
    match code.split_at_checked(1) {
        None => Ok(canonical.to_owned()),
        Some(("+", "")) => Ok(format!("+{canonical}")),
        Some(("v", raw)) => Ok(raw.to_owned()),
        Some(("p", pattern)) => {
            let marks = pattern.chars().filter(|c| *c == MARK).count();
            let start = canonical.len().checked_sub(marks).ok_or(PackError::Columns)?;
            let mut last = canonical[start..].chars();
            pattern
                .chars()
                .map(|c| if c == MARK { last.next().ok_or(PackError::Columns) } else { Ok(c) })
                .collect()
        }
        Some(_) => Err(PackError::Columns),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spelled(digits: &str, spelling: &str) -> Contact {
        Contact {
            phone: digits.parse().expect("a phone"),
            spelling: spelling.into(),
            name: "x".parse().expect("a name"),
        }
    }

    #[test]
    fn a_spelling_is_told_by_what_it_adds() {
        for (digits, spelling, expected) in [
            ("16505550123", "16505550123", ""),
            ("16505550123", "+16505550123", "+"),
            (
                "16505550123",
                "(650) 555-0123",
                "p(\u{1}\u{1}\u{1}) \u{1}\u{1}\u{1}-\u{1}\u{1}\u{1}\u{1}",
            ),
            (
                "4915112345678",
                "0151 12345678",
                "p0\u{1}\u{1}\u{1} \u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}",
            ),
            ("16505550123", "6\u{1}505550123", "v6\u{1}505550123"),
            ("16505550123", "٦٥٠ 123", "p٦٥٠ \u{1}\u{1}\u{1}"),
            ("16505550123", "", "p"),
        ] {
            let contact = spelled(digits, spelling);
            assert_eq!(code(&contact), expected, "{spelling:?}");
            assert_eq!(read(expected, contact.phone).as_deref(), Ok(spelling), "{spelling:?}");
        }
    }

    proptest! {
        #[test]
        fn every_spelling_comes_back(digits in "[0-9]{10,15}", spelling in "\\PC{0,20}|[+0-9() \u{1}-]{0,20}") {
            let contact = spelled(&digits, &spelling);
            let code = code(&contact);
            prop_assert!(code.len() <= longest_code(&contact));
            prop_assert_eq!(read(&code, contact.phone), Ok(spelling));
        }

        #[test]
        fn a_code_of_nobody_is_an_error_or_some_spelling(code in ".{0,20}|p[\u{1}0-9]{0,20}") {
            let _ = read(&code, "16505550123".parse().expect("a phone"));
        }
    }
}
