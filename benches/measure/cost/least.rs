//! The fewest units for which DynamoDB could do each operation, whatever the design.
//!
//! A bound counts a read unit per 4 KB of what has to be read and is packed as small as it can be,
//! and a write unit per item that has to change. It needs nothing to be read that a condition of a
//! write can check.

use super::{BOOKS, Cost, Input, Operation};
use support::people::Person;

/// Bytes of a read unit, and of a write unit.
const READ_BYTES: usize = 4096;
const WRITE_BYTES: usize = 1024;
/// Bytes of a phone's last seven digits, which are random.
const PHONE_BYTES: usize = 3;
/// Bytes of a public id.
const ID_BYTES: usize = 4;
/// Bytes of an owner's id, as Cognito's are.
const OWNER_BYTES: usize = 36;
/// The highest level of zstd.
const HIGHEST_LEVEL: i32 = 22;

/// The bounds for one size.
pub struct Least {
    contacts: f64,
    book_bytes: usize,
    registered: f64,
    registered_bytes: usize,
}

impl Least {
    pub fn new(input: &Input) -> Self {
        let registered: Vec<Person> = input.registered().cloned().collect();
        Self {
            contacts: input.book.len() as f64,
            book_bytes: packed(&input.book),
            registered: registered.len() as f64,
            registered_bytes: packed(&registered) + registered.len() * ID_BYTES,
        }
    }

    /// Returns the bound of an operation.
    pub fn cost(&self, operation: Operation) -> Cost {
        let (book, contacts) = (self.book_bytes, self.contacts);
        let (read, written) = match operation {
            // Who has each phone; a hint for each, and the book.
            Operation::FirstUpload => (contacts, contacts + write_units(book)),
            // A checksum of the book.
            Operation::SameUpload => (1.0, 0.0),
            // Who has the phone; its hint, and the book.
            Operation::NewContact => (1.0, 2.0),
            Operation::ChangedName => (0.0, 1.0),
            Operation::RemovedContact => (0.0, 2.0),
            // Which hints to delete, and who has the new phones; hints of both, and the book.
            Operation::HalfReplaced => {
                (read_units(book) + contacts / 2.0, contacts + write_units(book))
            }
            Operation::Get => (read_units(book), 0.0),
            // Nothing depends on a profile, so it can be read eventually consistently.
            Operation::RegisteredFull => {
                (read_units(self.registered_bytes) + self.registered / 2.0, 0.0)
            }
            Operation::RegisteredCompact => (read_units(self.registered_bytes), 0.0),
            // The book's version.
            Operation::NothingNew => (1.0, 0.0),
            // Where the device's token is in use.
            Operation::SameSubscription => (1.0, 0.0),
            // The owners share the query for them; each has a book.
            Operation::JoinOfBook => (read_units(BOOKS * OWNER_BYTES) / BOOKS as f64, 1.0),
            Operation::NewContactAndLook | Operation::JoinOfBookAndLook => {
                return operation.sum(|part| Some(self.cost(part))).expect("it is a sum");
            }
        };
        Cost { read, written, ..Cost::default() }
    }
}

fn read_units(bytes: usize) -> f64 {
    bytes.div_ceil(READ_BYTES) as f64
}

fn write_units(bytes: usize) -> f64 {
    bytes.div_ceil(WRITE_BYTES) as f64
}

/// Returns the fewest bytes in which we know to pack contacts.
fn packed(people: &[Person]) -> usize {
    let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
    let names = zstd::bulk::compress(names.join("\n").as_bytes(), HIGHEST_LEVEL);
    people.len() * PHONE_BYTES + names.expect("memory is enough").len()
}
