//! The fields of a profile in a line. Unlike a stored profile, a line may have no others.

use std::fmt;

use model::Details;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// Reads the fields of a profile, and refuses those that a profile doesn't have.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Details, D::Error> {
    deserializer.deserialize_map(Fields)
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Details;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fields of a profile")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Details, A::Error> {
        let (mut details, mut seen) = (Details::default(), vec![]);
        while let Some(name) = map.next_key::<String>()? {
            if let Some((_, field)) = Details::TEXTS.iter().find(|(text, _)| *text == name) {
                *field(&mut details) = map.next_value()?;
            } else if let Some((_, field)) =
                Details::INTEGERS.iter().find(|(integer, _)| *integer == name)
            {
                *field(&mut details) = map.next_value()?;
            } else {
                return Err(A::Error::unknown_field(&name, &[]));
            }
            if seen.contains(&name) {
                return Err(A::Error::custom(format!("duplicate field `{name}`")));
            }
            seen.push(name);
        }
        Ok(details)
    }
}
