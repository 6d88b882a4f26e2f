//! Templates: the text of a push, with a place for the joiner's name.

use std::str::FromStr;

/// A text with exactly one `%s`, which stands for the joiner's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    before: String,
    after: String,
}

/// The text isn't a valid template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a push template has exactly one %s, for the joiner's name")]
pub struct TemplateError;

impl Template {
    /// Returns the text about a joiner of this name. The name is put in literally, whatever it
    /// contains.
    #[must_use]
    pub fn render(&self, name: &str) -> String {
        [&self.before, name, &self.after].concat()
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        match text.split("%s").collect::<Vec<_>>()[..] {
            [before, after] => Ok(Self { before: before.to_owned(), after: after.to_owned() }),
            _ => Err(TemplateError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_put_in_literally() {
        let template: Template = "%s is here, 100%!".parse().expect("a template");
        for name in ["Gordie", "%s", "a\n\"b\"", "שלום", "😀"] {
            assert_eq!(template.render(name), format!("{name} is here, 100%!"));
        }
    }

    #[test]
    fn a_template_has_exactly_one_place_for_the_name() {
        for text in ["", "joined", "%s and %s"] {
            assert_eq!(text.parse::<Template>(), Err(TemplateError), "{text}");
        }
    }
}
