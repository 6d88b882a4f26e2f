//! The town: who lives there, whom they know, and how they sign in.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use fastrand::Rng;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::graph::Graph;
use crate::people::Phones;

/// A town. Everything in it follows from its seed.
#[derive(Debug)]
pub struct Town {
    pub graph: Graph,
    pub phones: Phones,
    /// Part of the people's user ids, so that two towns have no user in common.
    pub label: String,
    /// The bodies of `POST /session`, if they aren't made here.
    sessions: Vec<Value>,
}

/// Why a file has no people who can sign in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("--sign-in {0} can't be read: {1}")]
    Read(PathBuf, #[source] std::io::Error),
    /// The cause has no content of the line in it.
    #[error("line {1} of --sign-in {0} isn't {{\"phone\":\"+1…\",\"session\":{{…}}}}")]
    Line(PathBuf, usize),
    #[error("line {1} of --sign-in {0} has a phone that an earlier line has")]
    Repeated(PathBuf, usize),
    #[error("--sign-in {0} has {1} people, and --people asks for {2}")]
    TooFew(PathBuf, usize, u32),
}

#[derive(Deserialize)]
struct Line {
    phone: String,
    session: serde_json::Map<String, Value>,
}

impl Town {
    /// Makes a town.
    pub fn new(people: u32, contacts: u32, outside: u32, seed: u64) -> Self {
        let graph = Graph::new(people, contacts, outside, &mut Rng::with_seed(seed));
        let phones = Phones::made(people);
        Self { graph, phones, label: format!("{seed:x}"), sessions: vec![] }
    }

    /// Lets people sign in by the lines of a file, with the phones that it names.
    ///
    /// # Errors
    /// [`SignInError`].
    pub fn with_sign_ins(mut self, path: &Path) -> Result<Self, SignInError> {
        let file = || path.to_owned();
        let text =
            std::fs::read_to_string(path).map_err(|error| SignInError::Read(file(), error))?;
        let people = self.graph.people;
        let (mut phones, mut seen) = (vec![], HashSet::new());
        for (number, line) in (1..).zip(text.lines()).take(people as usize) {
            let line: Line =
                serde_json::from_str(line).map_err(|_| SignInError::Line(file(), number))?;
            let digits = line.phone.strip_prefix('+').unwrap_or_default().to_owned();
            if !(7..=15).contains(&digits.len())
                || !digits.bytes().all(|byte| byte.is_ascii_digit())
            {
                return Err(SignInError::Line(file(), number));
            }
            if !seen.insert(digits.clone()) {
                return Err(SignInError::Repeated(file(), number));
            }
            phones.push(digits);
            self.sessions.push(line.session.into());
        }
        if phones.len() < people as usize {
            return Err(SignInError::TooFew(file(), phones.len(), people));
        }
        self.phones = Phones::given(phones);
        Ok(self)
    }

    /// Returns the body by which somebody signs in.
    pub fn session(&self, person: u32) -> Value {
        let given = self.sessions.get(person as usize).cloned();
        given.unwrap_or_else(|| {
            let login = format!("{}:+{}", self.user(person), self.phones.digits(person));
            json!({"application_id": 1, "user": {"login": login, "password": "any"}})
        })
    }

    /// Returns whether people sign in by logins that are made here, and so have the user ids that
    /// [`Town::person`] knows.
    pub fn makes_logins(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Returns who has a user id.
    pub fn person(&self, user: &str) -> Option<u32> {
        let number = user.strip_prefix("town-")?.strip_prefix(&self.label)?.strip_prefix('-')?;
        number.parse().ok().filter(|person| *person < self.graph.people)
    }

    /// Returns the user id of somebody, if logins are made here.
    fn user(&self, person: u32) -> String {
        format!("town-{}-{person}", self.label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed_in_by(lines: &str) -> Result<Town, SignInError> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), lines).expect("it is written");
        Town::new(2, 1, 0, 1).with_sign_ins(file.path())
    }

    #[test]
    fn people_sign_in_as_the_file_says() {
        let town = signed_in_by(concat!(
            "{\"phone\":\"+16505550123\",\"session\":{\"keys\":{\"token\":\"a\"}}}\n",
            "{\"phone\":\"+4915112345678\",\"session\":{\"keys\":{\"token\":\"b\"}}}\n",
        ))
        .expect("two people");
        assert_eq!(town.session(1), json!({"keys": {"token": "b"}}));
        assert_eq!(town.phones.holder("4915112345678"), Some(1));
        assert!(!town.makes_logins());
    }

    #[test]
    fn a_file_that_lacks_somebody_is_refused_and_not_quoted() {
        let line = "{\"phone\":\"+16505550123\",\"session\":{}}";
        for (lines, problem) in [
            (String::new(), "has 0 people, and --people asks for 2"),
            (line.to_owned(), "has 1 people"),
            (format!("{line}\n{line}"), "line 2 of --sign-in"),
            (format!("{line}\nx"), "line 2 of --sign-in"),
            (format!("{}\n{line}", line.replace('+', "")), "line 1 of --sign-in"),
            (format!("{}\n{line}", line.replace("{}", "[]")), "line 1 of --sign-in"),
        ] {
            let error = signed_in_by(&lines).expect_err(&lines).to_string();
            assert!(error.contains(problem) && !error.contains("6505550123"), "{error}");
        }
    }

    #[test]
    fn only_people_of_this_town_are_known_by_their_user_id() {
        let town = Town::new(20, 1, 0, 255);
        assert_eq!(town.session(7)["user"]["login"], "town-ff-7:+16505550007");
        for (user, person) in
            [("town-ff-7", Some(7)), ("town-ff-20", None), ("town-fe-7", None), ("alice", None)]
        {
            assert_eq!(town.person(user), person, "{user}");
        }
    }
}
