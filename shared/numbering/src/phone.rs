//! The canonical phone: digits on which two spellings of one number meet.

use std::fmt;
use std::str::FromStr;

use crate::country::status_of;

/// Fewest digits of a phone that needn't be a valid number: ConnectyCube's rule.
pub(crate) const MIN_DIGITS: usize = 10;
/// Fewest digits of a valid number. Those of the smallest countries have 7.
const MIN_VALID_DIGITS: usize = 7;
/// Most digits of a phone: ConnectyCube's rule, and E.164's.
const MAX_DIGITS: usize = 15;

/// A canonical phone: ASCII digits that begin with a country code, without a plus.
///
/// It has 10 to 15 digits, or 7 to 9 if it is a valid number of its country. Two contacts are the
/// same contact, and a contact is a user, exactly when their canonical phones are equal. `Debug`
/// hides the digits; there is no `Display`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone {
    digits: [u8; MAX_DIGITS],
    len: u8,
}

/// Why a text isn't a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// The canonical form has the wrong number of digits.
    #[error("a phone has {MIN_DIGITS} to {MAX_DIGITS} digits, or fewer if its country's have")]
    Length,
    /// The text has other characters than digits.
    #[error("a canonical phone is made of digits alone")]
    NotDigits,
}

impl Phone {
    /// Most digits of a phone (E.164).
    pub const MAX_DIGITS: usize = MAX_DIGITS;

    /// Returns the digits, without a plus.
    #[must_use]
    pub fn digits(&self) -> &str {
        std::str::from_utf8(&self.digits[..usize::from(self.len)])
            .expect("only ASCII digits are ever stored")
    }

    /// Takes digits that were a phone when they were stored.
    ///
    /// Of 7 to 9 digits, they needn't be a valid number any more: newer metadata may have withdrawn
    /// it.
    ///
    /// # Errors
    /// [`PhoneError`] for digits that no version of this crate accepted.
    pub fn stored(digits: &str) -> Result<Self, PhoneError> {
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PhoneError::NotDigits);
        }
        if !(MIN_VALID_DIGITS..=MAX_DIGITS).contains(&digits.len()) {
            return Err(PhoneError::Length);
        }
        let mut phone = Self { digits: [0; MAX_DIGITS], len: digits.len() as u8 };
        phone.digits[..digits.len()].copy_from_slice(digits.as_bytes());
        Ok(phone)
    }

    /// Whether the phone is a valid number of its country, by the metadata of this crate.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        status_of(self.digits()).is_valid()
    }
}

impl FromStr for Phone {
    type Err = PhoneError;

    /// Takes canonical digits; use [`Phone::read`] for what people write.
    fn from_str(digits: &str) -> Result<Self, PhoneError> {
        let phone = Self::stored(digits)?;
        let is_long_enough = digits.len() >= MIN_DIGITS || phone.is_valid();
        if is_long_enough { Ok(phone) } else { Err(PhoneError::Length) }
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

    #[test]
    fn a_phone_has_ten_to_fifteen_digits_or_is_a_valid_number() {
        for (digits, expected) in [
            ("1234567890", Ok(())),
            ("123456789012345", Ok(())),
            ("1234567890123456", Err(PhoneError::Length)),
            // The Faroe Islands, Saint Helena, Tristan da Cunha.
            ("298212345", Ok(())),
            ("29051234", Ok(())),
            ("2908123", Ok(())),
            ("298112345", Err(PhoneError::Length)),
            ("123456789", Err(PhoneError::Length)),
            ("", Err(PhoneError::Length)),
            ("+16505550123", Err(PhoneError::NotDigits)),
        ] {
            assert_eq!(digits.parse::<Phone>().map(|_| ()), expected, "{digits}");
        }
        for (digits, expected) in [
            ("298112345", Ok(())),
            ("2981123", Ok(())),
            ("298112", Err(PhoneError::Length)),
            ("x981123", Err(PhoneError::NotDigits)),
        ] {
            assert_eq!(Phone::stored(digits).map(|_| ()), expected, "{digits}, stored");
        }
    }
}
