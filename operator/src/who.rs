//! A person whom an operator names, and what Users says of them.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use model::{Holder, Profile, PublicId, UserId, hide_debug};
use numbering::Phone;
use store::{AccountStore, HolderReader};

use crate::stack::{OperatorError, Stack};

/// How an operator names a person.
#[derive(Clone, PartialEq, Eq)]
pub enum Who {
    /// By a phone, as a person writes it.
    Phone(String),
    /// By the id by which apps know them.
    Id(PublicId),
    /// By the id by which their identity provider knows them.
    Subject(UserId),
}

hide_debug!(Who);

/// A text names nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("name a person as +16505550123, id:212 or subject:SUBJECT")]
pub struct WhoError;

impl FromStr for Who {
    type Err = WhoError;

    fn from_str(text: &str) -> Result<Self, WhoError> {
        match text.split_once(':') {
            Some(("id", id)) => id.parse().map(Self::Id).map_err(|_| WhoError),
            Some(("subject", subject)) => subject.parse().map(Self::Subject).map_err(|_| WhoError),
            Some(("phone", phone)) => Ok(Self::Phone(phone.to_owned())),
            None if text.starts_with('+') => Ok(Self::Phone(text.to_owned())),
            _ => Err(WhoError),
        }
    }
}

/// What Users says of a person.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// Their subject. They may have books and devices without an account.
    pub user: Option<UserId>,
    pub profile: Option<Profile>,
    /// The number by which they were asked for, or that of their profile.
    pub phone: Option<Phone>,
    /// Who has that number.
    pub holder: Option<Holder>,
    /// The generation of their account.
    pub generation: u64,
}

impl Person {
    /// Finds a person. What isn't there is left out.
    ///
    /// # Errors
    /// [`OperatorError::NotAPhone`], or an error of the store.
    pub async fn find(stack: &Stack, who: &Who) -> Result<Self, OperatorError> {
        let store = &stack.store;
        match who {
            Who::Phone(spelling) => {
                let phone = stack.phone(spelling)?;
                let Some(holder) = store.holder(phone).await? else {
                    return Ok(Self { phone: Some(phone), ..Self::default() });
                };
                let mut person = Self::of(stack, &holder.user, Some(holder.id)).await?;
                (person.phone, person.holder) = (Some(phone), Some(holder));
                Ok(person)
            }
            Who::Id(id) => match store.profile(*id).await? {
                None => Ok(Self::default()),
                Some(profile) => Self::of(stack, &profile.user, Some(*id)).await,
            },
            Who::Subject(user) => {
                let id = store.subject(user).await?.id;
                Self::of(stack, user, id).await
            }
        }
    }

    async fn of(stack: &Stack, user: &UserId, id: Option<PublicId>) -> Result<Self, OperatorError> {
        let store = &stack.store;
        let profile = match id {
            Some(id) => store.profile(id).await?,
            None => None,
        };
        let phone = profile.as_ref().and_then(|profile| profile.phone).map(|(phone, _)| phone);
        let holder = match phone {
            Some(phone) => store.holder(phone).await?,
            None => None,
        };
        let generation = store.subject(user).await?.generation;
        Ok(Self { user: Some(user.clone()), profile, phone, holder, generation })
    }
}

/// Says how the person was asked for, without the name itself.
impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Phone(_) => "number",
            Self::Id(_) => "id",
            Self::Subject(_) => "subject",
        })
    }
}

/// Takes any text for a phone. Whether it is one depends on the stack's home region.
pub(crate) fn spelling(text: &str) -> Result<Who, Infallible> {
    Ok(Who::Phone(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_named_by_a_phone_an_id_or_a_subject() {
        let id = PublicId::new(212).expect("an id");
        let subject = |subject: &str| Some(Who::Subject(subject.parse().expect("a subject")));
        for (text, who) in [
            ("+1 650 555 0123", Some(Who::Phone("+1 650 555 0123".to_owned()))),
            ("phone:650 555 0123", Some(Who::Phone("650 555 0123".to_owned()))),
            ("id:212", Some(Who::Id(id))),
            ("subject:google-oauth2|a:b", subject("google-oauth2|a:b")),
            ("subject:+16505550123", subject("+16505550123")),
            ("id:0", None),
            ("id:+16505550123", None),
            ("subject:", None),
            ("212", None),
            ("16505550123", None),
            ("", None),
        ] {
            assert!(text.parse().ok() == who, "{text}");
        }
    }
}
