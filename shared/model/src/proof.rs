//! Proofs: which phone a token, or a user pool, proves to be a user's.

use std::collections::HashMap;

use numbering::{Phone, PhoneError};

/// The issuers whose tokens hold a phone only if it was verified. Their tokens needn't say
/// `phone_number_verified`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuers(Vec<String>);

impl Default for Issuers {
    /// Returns Firebase. Cognito isn't among them, because its tokens say themselves whether the
    /// phone was verified.
    fn default() -> Self {
        Self::read("https://securetoken.google.com/")
    }
}

impl Issuers {
    /// Reads issuers that are separated by commas. One that ends with a slash stands for all issuers
    /// that begin with it, such as those of all projects of Firebase.
    #[must_use]
    pub fn read(list: &str) -> Self {
        Self(list.split(',').map(str::trim).filter(|one| !one.is_empty()).map(Into::into).collect())
    }

    fn include(&self, issuer: &str) -> bool {
        self.0.iter().any(|one| one == issuer || (one.ends_with('/') && issuer.starts_with(one)))
    }
}

/// Returns the phone that `claims` prove, if they prove one. They are the claims of a token, or the
/// attributes of a user in Cognito, which have the same names.
///
/// A phone is proven if `phone_number_verified` is `true`. If that claim is missing, the phone is
/// proven only by one of `issuers`.
///
/// # Errors
/// [`PhoneError`] if what is proven isn't a plus and the digits of a phone.
pub fn proven_phone(
    claims: &HashMap<String, String>,
    issuers: &Issuers,
) -> Result<Option<Phone>, PhoneError> {
    let is_proven = match claims.get("phone_number_verified") {
        Some(verified) => verified == "true",
        None => claims.get("iss").is_some_and(|issuer| issuers.include(issuer)),
    };
    let Some(number) = claims.get("phone_number").filter(|_| is_proven) else { return Ok(None) };
    let digits = number.strip_prefix('+').filter(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
    digits.ok_or(PhoneError::Length)?;
    Phone::proven(number).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIREBASE: &str = "https://securetoken.google.com/project";
    const COGNITO: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE";

    #[test]
    fn a_phone_counts_if_the_token_or_its_issuer_says_that_it_was_verified() {
        let listed = "https://id.example.com, https://securetoken.google.com/";
        for (issuer, verified, issuers, proven) in [
            (Some(FIREBASE), None, "https://securetoken.google.com/", true),
            (Some(FIREBASE), Some("true"), "", true),
            (Some(FIREBASE), Some("false"), "https://securetoken.google.com/", false),
            (Some(FIREBASE), None, "", false),
            (Some(FIREBASE), None, "https://securetoken.google.com", false),
            (Some(COGNITO), Some("true"), "", true),
            (Some(COGNITO), Some("false"), "", false),
            (Some(COGNITO), None, "https://securetoken.google.com/", false),
            (Some("https://id.example.com"), None, listed, true),
            (Some("https://id.example.com.evil.example"), None, listed, false),
            (None, Some("true"), "", true),
            (None, None, "https://securetoken.google.com/", false),
        ] {
            let claims = [
                ("phone_number", Some("+16505550123")),
                ("iss", issuer),
                ("phone_number_verified", verified),
            ];
            let claims = claims
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
                .collect();
            let phone = proven_phone(&claims, &Issuers::read(issuers)).expect("a phone or none");
            let expected = proven.then_some("16505550123");
            let phone = phone.as_ref().map(Phone::digits);
            assert_eq!(phone, expected, "{issuer:?} {verified:?} {issuers}");
        }
    }

    #[test]
    fn a_phone_that_is_not_written_as_the_standard_says_is_not_proven() {
        for number in ["16505550123", "+1 650 555 0123", "+", "", "+123", "+1650555012345678"] {
            assert_eq!(proven(number), Err(PhoneError::Length), "{number}");
        }
    }

    #[test]
    fn a_proven_phone_is_read_like_those_of_contacts() {
        for (number, phone) in [
            // Mexico has abolished the 1, and the Falkland Islands have five digits.
            ("+5215512345678", "525512345678"),
            ("+50051234", "50051234"),
            ("+390612345678", "390612345678"),
        ] {
            assert_eq!(
                proven(number),
                Ok(Some(Phone::stored(phone).expect("a phone"))),
                "{number}"
            );
        }
    }

    fn proven(number: &str) -> Result<Option<Phone>, PhoneError> {
        let claims = [("phone_number", number), ("phone_number_verified", "true")];
        let claims = claims.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter();
        proven_phone(&claims.collect(), &Issuers::default())
    }
}
