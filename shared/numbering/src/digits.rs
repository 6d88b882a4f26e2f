//! Decimal digits of all scripts.

/// The zeros of Unicode's decimal digits (general category `Nd`, Unicode 14.0); the nine code
/// points after each are the digits one to nine of the same script.
const ZEROS: [u32; 66] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6,
    0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80,
    0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
    0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0,
    0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0,
    0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0,
];

/// The ASCII digit that `c` stands for in whatever script, if it is a decimal digit.
pub(crate) fn ascii_digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c as u8);
    }
    let code = u32::from(c);
    let zero = ZEROS[ZEROS.partition_point(|zero| *zero <= code) - 1];
    let value = u8::try_from(code - zero).ok().filter(|value| *value < 10)?;
    Some(b'0' + value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_are_read() {
        for (c, digit) in
            [('7', b'7'), ('٣', b'3'), ('۹', b'9'), ('५', b'5'), ('０', b'0'), ('𝟗', b'9')]
        {
            assert_eq!(ascii_digit(c), Some(digit), "{c}");
        }
    }

    #[test]
    fn what_only_looks_like_a_digit_is_none() {
        for c in ['O', '²', '½', '①', '一', 'Ⅷ', '\u{660A}', '\u{10FFFF}'] {
            assert_eq!(ascii_digit(c), None, "{c}");
        }
    }
}
