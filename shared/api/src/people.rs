//! Looking up people whom the caller knows.

use std::collections::HashSet;

use model::{Entry, Profile, PublicId, TextField};
use numbering::Phone;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::registered::shown;
use crate::user::{own_fields, own_user};

/// Most people in one answer, and how many there are unless the query says otherwise.
const MAX_PEOPLE: usize = 100;

/// A person whom the caller may see: the caller, or a user whose phone is in their books.
#[derive(Debug)]
pub enum Person<'a> {
    Caller(&'a Profile),
    Contact(&'a Entry, &'a Profile),
}

impl Person<'_> {
    fn profile(&self) -> &Profile {
        match self {
            Self::Caller(profile) | Self::Contact(_, profile) => profile,
        }
    }

    /// Returns the person's profile as the caller may see it, if they may see it still.
    fn fields(&self) -> Option<Map<String, Value>> {
        match self {
            Self::Caller(profile) => Some(own_fields(profile)),
            Self::Contact(entry, profile) => shown(entry, profile),
        }
    }

    /// Returns `{"user":{…}}`, if the caller may see the person still.
    #[must_use]
    pub fn user(&self) -> Option<Value> {
        match self {
            Self::Caller(profile) => Some(own_user(profile)),
            Self::Contact(..) => Some(json!({ "user": self.fields()? })),
        }
    }
}

/// What people are looked for by, and which part of them is asked for.
#[derive(Debug, Default)]
pub struct PeopleQuery {
    ids: Option<HashSet<String>>,
    phones: Option<HashSet<String>>,
    /// The fields of profiles, each with the values of which one has to be there.
    texts: Vec<(&'static TextField, HashSet<String>)>,
    limit: usize,
    skip: usize,
}

impl PeopleQuery {
    /// Reads the query of `GET /users/v2`. Filters are `field=value`, `field[]=value` and
    /// `field[in][]=value`.
    ///
    /// # Errors
    /// 422 for a field or an operator that can't be looked for, and for a limit or an offset that
    /// isn't a number.
    pub fn read(query: &Map<String, Value>) -> Result<Self, ApiError> {
        let mut read = Self { limit: MAX_PEOPLE, ..Self::default() };
        for (name, value) in query {
            match name.as_str() {
                "limit" => read.limit = count("limit", value)?.clamp(1, MAX_PEOPLE),
                "offset" => read.skip = count("offset", value)?,
                "id" => read.ids = Some(values(value)?),
                "phone" => {
                    read.phones = Some(values(value)?.iter().map(|raw| digits(raw)).collect());
                }
                name => read.texts.push((filterable(name)?, values(value)?)),
            }
        }
        Ok(read)
    }

    /// Returns the query for whoever has this id.
    #[must_use]
    pub fn of_id(id: &str) -> Self {
        Self { ids: Some([id.to_owned()].into()), limit: 1, ..Self::default() }
    }

    /// Returns the query for whoever has this phone.
    #[must_use]
    pub fn of_phone(phone: &str) -> Self {
        Self { phones: Some([digits(phone)].into()), limit: 1, ..Self::default() }
    }

    /// Returns the query for whoever has this `external_id`.
    ///
    /// # Panics
    /// Never: a profile has that field.
    #[must_use]
    pub fn of_external_id(id: &str) -> Self {
        // API Gateway decodes paths, and other servers don't.
        let decoded = percent_decode_str(id).decode_utf8_lossy().into_owned();
        let field = filterable("external_id").expect("a profile has that field");
        let filter = (field, [id.to_owned(), decoded].into());
        Self { texts: vec![filter], limit: 1, ..Self::default() }
    }

    /// Returns whether a person may be among those who are looked for, before their profile is
    /// known. `phone` is the one by which the caller knows them.
    #[must_use]
    pub fn may_include(&self, id: PublicId, phone: Option<Phone>) -> bool {
        let wanted = |set: &Option<HashSet<String>>, value: Option<String>| {
            set.as_ref().is_none_or(|set| value.is_some_and(|value| set.contains(&value)))
        };
        wanted(&self.ids, Some(id.to_string()))
            && wanted(&self.phones, phone.map(|phone| phone.digits().to_owned()))
    }

    /// Returns those of `people` who are looked for.
    #[must_use]
    pub fn found<'p, 'a>(&self, people: &'p [Person<'a>]) -> Vec<&'p Person<'a>> {
        let has_texts = |person: &&Person<'_>| {
            let mut details = person.profile().details.clone();
            self.texts.iter().all(|((_, field), wanted)| {
                field(&mut details).as_ref().is_some_and(|text| wanted.contains(text))
            })
        };
        people.iter().filter(has_texts).collect()
    }

    /// Returns the answer of `GET /users/v2`: the part that is asked for of those who are found.
    #[must_use]
    pub fn answer(&self, people: &[Person<'_>]) -> Value {
        let fields = self.found(people).into_iter().filter_map(Person::fields);
        let items: Vec<_> = fields.collect();
        let page: Vec<_> = items.iter().skip(self.skip).take(self.limit).collect();
        json!({ "limit": self.limit, "skip": self.skip, "total_entries": items.len(), "items": page })
    }
}

/// Returns a text field by which people are looked for.
fn filterable(name: &str) -> Result<&'static TextField, ApiError> {
    let named = ["login", "email", "external_id"].contains(&name);
    let field = model::Details::TEXTS.iter().find(|(field, _)| named && *field == name);
    field.ok_or_else(|| {
        let message = "People can be looked for by id, phone, login, email and external_id.";
        ApiError::unacceptable("base", message)
    })
}

fn count(name: &'static str, value: &Value) -> Result<usize, ApiError> {
    let count = value.as_str().map_or(value.as_u64(), |text| text.parse().ok());
    let count = count.and_then(|count| usize::try_from(count).ok());
    count.ok_or_else(|| ApiError::unacceptable(name, "must be a number"))
}

/// Returns the values of a filter.
fn values(value: &Value) -> Result<HashSet<String>, ApiError> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let listed = match value {
        Value::Array(values) => values.iter().map(one).collect(),
        Value::Object(operators) if operators.len() == 1 => operators
            .get("in")
            .and_then(Value::as_array)
            .and_then(|values| values.iter().map(one).collect()),
        value => one(value).map(|value| [value].into()),
    };
    listed.ok_or_else(|| {
        let message = "A filter is a value, or a list of values with the operator in.";
        ApiError::unacceptable("base", message)
    })
}

/// Returns the digits of an international phone, as a person may write it.
fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::form;

    fn read(query: &str) -> Result<PeopleQuery, ApiError> {
        PeopleQuery::read(&form(query.as_bytes()).expect("readable"))
    }

    #[test]
    fn filters_come_as_the_sdks_write_them() {
        let id = PublicId::new(7).expect("an id");
        let phone = Phone::stored("16505550123").ok();
        for (query, includes) in [
            ("", true),
            ("id=7", true),
            ("id=8", false),
            ("id[]=8&id[]=7", true),
            ("id[in][]=8&id[in][]=7&limit=10&offset=0", true),
            ("id[in][]=8", false),
            ("phone=%2B1%20650%20555%200123", true),
            ("phone[in][]=16505550124", false),
            ("id=7&phone=16505550124", false),
        ] {
            let query_read = read(query).expect("readable");
            assert_eq!(query_read.may_include(id, phone), includes, "{query}");
        }
    }

    #[test]
    fn what_can_not_be_looked_for_is_422() {
        for query in [
            "full_name[start_with]=A",
            "created_at[gt]=1",
            "website=x",
            "id[gt]=1",
            "id[in]=1",
            "limit=x",
            "offset=-1",
            "sort_desc=id",
        ] {
            assert_eq!(read(query).expect_err("unacceptable").status, 422, "{query}");
        }
    }
}
