//! The answers to requests that succeed.

use serde::Serialize;
use store::hashed;

/// The largest answer, in bytes, as Lambda counts it: with the body as a string in the function's
/// JSON. Lambda's own limit is 6 MB.
const MAX_ANSWER_BYTES: usize = 6_000_000;

/// The answer to a request that succeeded.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// The revision of what is answered, by which clients may ask again.
    pub(crate) revision: Option<String>,
}

model::hide_debug!(Reply);

impl Reply {
    /// Answers 200 with a JSON body.
    #[must_use]
    pub fn ok(body: &impl Serialize) -> Self {
        Self { status: 200, body: json(body), revision: None }
    }

    /// Answers 200 with an empty JSON object, because stock clients parse every body.
    #[must_use]
    pub fn empty() -> Self {
        Self { status: 200, body: "{}".to_owned(), revision: None }
    }

    /// Answers 201 with a JSON body.
    #[must_use]
    pub fn created(body: &impl Serialize) -> Self {
        Self { status: 201, ..Self::ok(body) }
    }

    /// Answers 202 with a JSON body.
    #[must_use]
    pub fn accepted(body: &impl Serialize) -> Self {
        Self { status: 202, ..Self::ok(body) }
    }

    /// Answers with the JSON body of `content`, which is at this revision. If there is none, the
    /// client has this revision, and the answer is 304.
    #[must_use]
    pub fn of_revision(revision: String, content: Option<&impl Serialize>) -> Self {
        let reply = content.map_or_else(Self::not_modified, Self::ok);
        Self { revision: Some(revision), ..reply }
    }

    /// Returns this answer with a digest of its body as its revision, or 304 if that is among the
    /// revisions that the client has.
    #[must_use]
    pub fn unless_known(self, known: &[String]) -> Self {
        let revision = hashed(&[&self.body]);
        let reply = if known.contains(&revision) { Self::not_modified() } else { self };
        Self { revision: Some(revision), ..reply }
    }

    fn not_modified() -> Self {
        Self { status: 304, body: String::new(), revision: None }
    }

    /// Returns whether Lambda can pass the answer on.
    #[must_use]
    pub fn fits(&self) -> bool {
        let escaped = self.body.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
        self.body.len() + escaped <= MAX_ANSWER_BYTES
    }
}

fn json(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("an answer's keys are texts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_counted_with_its_quotes_escaped() {
        let longest = MAX_ANSWER_BYTES - 4;
        for (text, fits) in [("x".repeat(longest), true), ("x".repeat(longest + 1), false)] {
            assert_eq!(Reply::ok(&text).fits(), fits);
        }
        let quotes = "\"".repeat(MAX_ANSWER_BYTES / 3);
        assert!(!Reply::ok(&quotes).fits(), "each is two bytes in the body and four in the answer");
    }
}
