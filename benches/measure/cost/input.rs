//! The people whom all designs are measured with.

use support::people::{Person, people};

/// One contact in this many is a user.
pub const REGISTERED_EACH: usize = 10;
/// Most changes of one kind, one after the other. A book with fewer contacts has as many as it has
/// contacts.
const CHANGES: usize = 200;
/// Most users who join, one after the other. Of a smaller book, half the contacts do.
const JOINERS: usize = 200;

/// The input of all measurements for one size.
pub struct Input {
    pub book: Vec<Person>,
    /// Half of the book, and as many other people.
    pub half_new: Vec<Person>,
    /// Contacts from all over the book, with names that they didn't have.
    pub renamed: Vec<Person>,
    /// The book without half as many contacts as there are newcomers. When all newcomers have come,
    /// it is as much larger than the book.
    pub before_newcomers: Vec<Person>,
    /// People who aren't in the book.
    pub newcomers: Vec<Person>,
    /// Contacts from all over the book who aren't users.
    pub joiners: Vec<Person>,
}

impl Input {
    pub fn new(size: usize) -> Self {
        let mut all = people(7);
        let mut some = |count: usize| all.by_ref().take(count).collect::<Vec<Person>>();
        let book = some(size);
        let half_new = book.iter().skip(size / 2).cloned().chain(some(size / 2)).collect();
        let newcomers = some(CHANGES.min(size));
        let names = some(newcomers.len()).into_iter().map(|person| person.name);
        let rename = |(contact, name): (Person, String)| Person { name, ..contact };
        let renamed = spread(&book, newcomers.len()).into_iter().zip(names).map(rename).collect();
        let strangers: Vec<Person> = book
            .iter()
            .enumerate()
            .filter(|(place, _)| !is_registered(*place))
            .map(|(_, person)| person.clone())
            .collect();
        Self {
            before_newcomers: book[newcomers.len() / 2..].to_vec(),
            joiners: spread(&strangers, JOINERS.min(size / 2)),
            half_new,
            renamed,
            newcomers,
            book,
        }
    }

    /// Returns the people of the book who are users.
    pub fn registered(&self) -> impl Iterator<Item = &Person> {
        self.book.iter().step_by(REGISTERED_EACH)
    }
}

fn is_registered(place: usize) -> bool {
    place.is_multiple_of(REGISTERED_EACH)
}

/// Returns some of the people, as far from each other as they can be.
fn spread(people: &[Person], count: usize) -> Vec<Person> {
    (0..count).map(|nth| people[nth * people.len() / count].clone()).collect()
}
