//! The canonical phone: digits on which two spellings of one number meet.

use std::fmt;
use std::str::FromStr;

/// Fewest digits of a phone, ConnectyCube's rule.
const MIN_DIGITS: usize = 10;
/// Most digits of a phone: ConnectyCube's rule, and E.164's.
const MAX_DIGITS: usize = 15;

/// A canonical phone: 10 to 15 ASCII digits, no plus.
///
/// Two contacts are the same contact, and a contact is a user, exactly when their canonical phones
/// are equal. `Debug` hides the digits; there is no `Display`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone {
    digits: [u8; MAX_DIGITS],
    len: u8,
}

/// Why a text is no phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// The canonical form has fewer than 10 or more than 15 digits.
    #[error("a phone has {MIN_DIGITS} to {MAX_DIGITS} digits")]
    Length,
    /// A canonical phone is made of ASCII digits alone.
    #[error("a canonical phone is made of digits alone")]
    NotDigits,
}

impl Phone {
    /// The digits, without a plus.
    #[must_use]
    pub fn digits(&self) -> &str {
        std::str::from_utf8(&self.digits[..usize::from(self.len)])
            .expect("only ASCII digits are ever stored")
    }
}

impl FromStr for Phone {
    type Err = PhoneError;

    /// Takes canonical digits as they are stored and sent; use [`Phone::read`] for what people write.
    fn from_str(digits: &str) -> Result<Self, PhoneError> {
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PhoneError::NotDigits);
        }
        if !(MIN_DIGITS..=MAX_DIGITS).contains(&digits.len()) {
            return Err(PhoneError::Length);
        }
        let mut phone = Self { digits: [0; MAX_DIGITS], len: digits.len() as u8 };
        phone.digits[..digits.len()].copy_from_slice(digits.as_bytes());
        Ok(phone)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_digits() {
        let phone: Phone = "16505550123".parse().expect("a phone");
        assert_eq!(format!("{phone:?}"), "Phone(…)");
    }
}
