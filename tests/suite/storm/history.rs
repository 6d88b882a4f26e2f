//! The history of a storm: what was asked and answered, and which books this can have led to.

use std::collections::BTreeMap;
use std::sync::Mutex;

use tokio::time::Instant;

/// A book: its user, and its device if it is a device's book.
pub type BookName = (&'static str, Option<&'static str>);

/// What a client asked of a user's books.
#[derive(Clone, Debug)]
pub enum Asked {
    /// The contacts in `put` get this name, and those in `removed` are destroyed. A forced upload
    /// destroys all that it doesn't put.
    Upload { book: BookName, name: String, put: Vec<String>, removed: Vec<String>, force: bool },
    /// The user leaves.
    Leave { user: &'static str },
}

/// One request, from its sending to the last moment at which it can have had an effect.
#[derive(Clone, Debug)]
struct Write {
    asked: Asked,
    start: Instant,
    /// The time of its acknowledgement. A write that isn't acknowledged may have an effect at any
    /// later time, or none.
    end: Option<Instant>,
}

impl Write {
    /// Returns the name that the write gives to a phone of a book: `Some(None)` if it removes the
    /// phone, `None` if it doesn't touch it.
    fn gives(&self, of: &BookName, phone: &str) -> Option<Option<&str>> {
        match &self.asked {
            Asked::Leave { user } => (*user == of.0).then_some(None),
            Asked::Upload { book, .. } if book != of => None,
            Asked::Upload { name, put, removed, force, .. } => {
                let removed = *force || removed.iter().any(|other| other == phone);
                if put.iter().any(|other| other == phone) {
                    Some(Some(name))
                } else {
                    removed.then_some(None)
                }
            }
        }
    }
}

/// Everything that happened in a storm.
#[derive(Default)]
pub struct History {
    writes: Mutex<Vec<Write>>,
    statuses: Mutex<BTreeMap<i64, usize>>,
}

impl History {
    /// Records a request that is being sent. Returns its number.
    pub fn begin(&self, asked: Asked) -> usize {
        let mut writes = self.writes.lock().expect("no panic");
        writes.push(Write { asked, start: Instant::now(), end: None });
        writes.len() - 1
    }

    /// Records that a request was acknowledged.
    pub fn acknowledge(&self, number: usize) {
        self.writes.lock().expect("no panic")[number].end = Some(Instant::now());
    }

    /// Counts an answer.
    pub fn answered(&self, status: i64) {
        *self.statuses.lock().expect("no panic").entry(status).or_default() += 1;
    }

    pub fn count(&self, status: i64) -> usize {
        self.statuses.lock().expect("no panic").get(&status).copied().unwrap_or_default()
    }

    pub fn summary(&self) -> String {
        format!("answers {:?}", self.statuses.lock().expect("no panic"))
    }

    /// Returns whether a reader who asked at `read_from` can have found `name` for a phone. Either
    /// a write gave that name, and no other write that began after its end was acknowledged before
    /// the reader asked. Or the phone was never there, and no write of it was acknowledged before
    /// the reader asked.
    pub fn explains(
        &self,
        book: &BookName,
        phone: &str,
        name: Option<&str>,
        read_from: Instant,
    ) -> bool {
        let writes = self.writes.lock().expect("no panic");
        let of_phone: Vec<(&Write, Option<&str>)> =
            writes.iter().filter_map(|write| Some((write, write.gives(book, phone)?))).collect();
        let overwritten = |end: Option<Instant>| {
            let Some(end) = end else { return false };
            of_phone
                .iter()
                .any(|(other, _)| other.start > end && other.end.is_some_and(|end| end < read_from))
        };
        let never = name.is_none()
            && !of_phone.iter().any(|(write, _)| write.end.is_some_and(|end| end < read_from));
        never || of_phone.iter().any(|(write, given)| *given == name && !overwritten(write.end))
    }

    /// Returns whether `user` may have left after `moment`. A leave that wasn't acknowledged may have
    /// an effect at any time.
    pub fn may_have_left(&self, user: &str, moment: Instant) -> bool {
        let writes = self.writes.lock().expect("no panic");
        writes.iter().any(|write| {
            let is_theirs = matches!(&write.asked, Asked::Leave { user: left } if *left == user);
            is_theirs && write.end.is_none_or(|end| end >= moment)
        })
    }

    /// Returns the phones that any write of the book ever named.
    pub fn phones(&self, of: &BookName) -> Vec<String> {
        let writes = self.writes.lock().expect("no panic");
        let named = writes.iter().filter_map(|write| match &write.asked {
            Asked::Upload { book, put, removed, .. } if book == of => {
                Some([&put[..], removed].concat())
            }
            _ => None,
        });
        let mut phones: Vec<String> = named.flatten().collect();
        phones.sort();
        phones.dedup();
        phones
    }
}
