//! The survey: what the lines of a file say, before anything is written.

use std::collections::{HashMap, HashSet, hash_map};
use std::hash::Hash;

use model::{PublicId, UserId};
use numbering::{Phone, Region};

use super::report::{Failure, Watch};
use crate::lines::Line;
use crate::mistake::Mistake;
use crate::person::{Person, Read};

/// What was seen in the lines so far.
#[derive(Default)]
pub(super) struct Survey {
    pub lines: u64,
    /// The lines that make no sense.
    pub failed: HashSet<u64>,
    pub contacts_left_out: u64,
    /// The greatest public id that a line gives.
    pub greatest_id: Option<PublicId>,
    /// Whose phones they are.
    pub phones: Phones,
    users: HashMap<UserId, u64>,
    ids: HashMap<PublicId, u64>,
}

/// The phones of the accounts of a file, each with its line.
#[derive(Default)]
pub(super) struct Phones(HashMap<Phone, u64>);

impl Phones {
    /// Returns whether an account has this phone, in any of its forms.
    pub fn contains(&self, phone: Phone) -> bool {
        self.0.contains_key(&newest_form(phone))
    }
}

fn newest_form(phone: Phone) -> Phone {
    phone.forms().first().copied().unwrap_or(phone)
}

impl Survey {
    /// Looks at one more line.
    pub fn add(&mut self, line: &Line, region: Region, watch: &mut dyn Watch) {
        self.lines += 1;
        let number = line.number;
        let read = Person::read(&line.bytes, region).and_then(|Read { person, left_out }| {
            self.compare(&person, number)?;
            Ok(left_out)
        });
        match read {
            Ok(left_out) => {
                self.contacts_left_out += left_out.len() as u64;
                for left_out in left_out {
                    watch.failed(&Failure::of_contact(number, left_out));
                }
            }
            Err(mistake) => {
                self.failed.insert(number);
                watch.failed(&Failure::of_line(number, mistake));
            }
        }
    }

    /// Fails if a line before has the same user, id or phone: of two lines at once, nobody could say
    /// which one wins.
    fn compare(&mut self, person: &Person, line: u64) -> Result<(), Mistake> {
        first(&mut self.users, person.user.clone(), line, "subject")?;
        let Some(account) = &person.account else { return Ok(()) };
        if let Some(phone) = account.phone {
            first(&mut self.phones.0, newest_form(phone), line, "phone")?;
        }
        if let Some(id) = account.id {
            first(&mut self.ids, id, line, "id")?;
            self.greatest_id = self.greatest_id.max(Some(id));
        }
        Ok(())
    }
}

fn first<K: Eq + Hash>(
    seen: &mut HashMap<K, u64>,
    key: K,
    line: u64,
    what: &str,
) -> Result<(), Mistake> {
    match seen.entry(key) {
        hash_map::Entry::Vacant(place) => {
            place.insert(line);
            Ok(())
        }
        hash_map::Entry::Occupied(place) => {
            Err(Mistake::new(format!("line {} has the same {what}", place.get())))
        }
    }
}
