//! What follows a number: extensions, pauses and the parameters of a `tel:` address.

use crate::digits::ascii_digit;

/// Words that people write before an extension, in small letters.
///
/// Those that Google's library reads or writes, and the usual ones of other languages.
const WORDS: [&str; 23] = [
    "x",
    "ext",
    "extn",
    "xt",
    "xtn",
    "extension",
    "extensión",
    "extensio\u{301}n",
    "int",
    "interno",
    "anexo",
    "ramal",
    "poste",
    "durchwahl",
    "dw",
    "wew",
    "linka",
    "доб",
    "внутр",
    "内線",
    "分机",
    "转",
    "내선",
];

/// Whether `rest`, which begins after the digits of a number, is an extension and nothing else.
pub(crate) fn is_extension(rest: &str) -> bool {
    let rest: String = rest.chars().flat_map(plain).collect();
    let rest = rest.trim();
    if rest.starts_with(';') {
        return true;
    }
    // The same sign joins digits elsewhere, as in "8~10".
    if let Some(rest) = rest.strip_prefix('~') {
        return (1..=9).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_digit());
    }
    if let Some(rest) = rest.strip_prefix([',', '#']) {
        return rest.chars().all(|c| c.is_ascii_digit() || " ,;#*pw:.-".contains(c));
    }
    // The longest word counts: "ext" begins "extension".
    let after =
        WORDS.iter().filter_map(|word| rest.strip_prefix(word)).min_by_key(|rest| rest.len());
    after.is_some_and(|rest| {
        let rest = rest.trim_start_matches([':', '.', ' ', '-', '\t', ',']);
        rest.trim_end_matches(['#', ' ']).chars().all(|c| c.is_ascii_digit())
    })
}

/// A character in its plain form: small, ASCII if it is a digit or has full width.
fn plain(c: char) -> impl Iterator<Item = char> {
    let c = match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{A0}' | '\u{3000}' => ' ',
        _ => ascii_digit(c).map_or(c, char::from),
    };
    c.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_a_word_and_its_digits() {
        for (rest, expected) in [
            ("x99", true),
            ("ext. 99", true),
            ("ext:99", true),
            ("Extension 99#", true),
            ("extensión 7", true),
            ("extensio\u{301}n 7", true),
            ("int. 5", true),
            ("Anexo 12", true),
            ("доб. 123", true),
            ("ｅｘｔ ７", true),
            ("#12", true),
            ("~12", true),
            ("~10 373 557 31 773", false),
            (";ext=7", true),
            (",,99#", true),
            ("else", false),
            ("xyz", false),
            ("ext. seven", false),
            ("intern", false),
        ] {
            assert_eq!(is_extension(rest), expected, "{rest}");
        }
    }
}
