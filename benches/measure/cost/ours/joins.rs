//! Users who join, one after the other, and the books that hold them.

use model::{Book, Contact, Entry, PublicId, Scope, SystemClock, UserId};
use numbering::Phone;
use protocol::queue::{BookMessage, BookQueue, Joiner};
use protocol::{JoinQueues, Worked, spread};
use store::{
    BookReader, BookStore, HolderReader, Life, Outcome, OwnerIndex, OwnerRange, StoredBook,
};

use super::super::input::REGISTERED_EACH;
use super::super::{BOOKS, Input, Operation, subject};
use super::Deployment;
use support::people::Person;
use support::queue::RecordingQueue;

impl Deployment {
    /// Lets users join whom some books hold, the deployment's own among them. Their sign-ups aren't
    /// counted.
    pub async fn joins(&mut self, input: &Input) {
        let book = book(&input.book);
        let joiners: Vec<Phone> = input.joiners.iter().map(phone).collect();
        for owner in 1..BOOKS {
            self.write_book(&subject(owner), &book, &joiners).await;
        }
        for (number, joiner) in input.joiners.iter().enumerate() {
            self.sign_up(2_000_000 + number, joiner).await;
            self.tell_books(phone(joiner)).await;
        }
        self.tally.record(Operation::JoinOfBook, joiners.len() * BOOKS);
    }

    /// Writes a book. Of its hints, the joiners' are enough.
    async fn write_book(&self, owner: &str, book: &Book, joiners: &[Phone]) {
        let (store, user) = (&self.uncounted, owner.parse::<UserId>().expect("a user"));
        let seen = store.read_book(&user, &Scope::Global).await.expect("readable");
        let open =
            StoredBook { life: Life::Open { generation: 0 }, book: book.clone(), ..seen.clone() };
        store.put_hints(&user, &Scope::Global, joiners, 1).await.expect("put");
        let outcome = store.write_book(&user, &Scope::Global, &seen, &open).await.expect("written");
        assert_eq!(outcome, Outcome::Done);
    }

    /// Works off the queue's messages about a joiner.
    async fn tell_books(&self, phone: Phone) {
        let holder = self.uncounted.holder(phone).await.expect("readable").expect("signed up");
        let first = BookMessage {
            phone,
            joiner: Some(Joiner::from(&holder)),
            sequence: holder.sequence,
            changed_at_ms: None,
            range: OwnerRange::default(),
        };
        let queue = RecordingQueue::default();
        // Pushes are left out in all designs.
        let queues = JoinQueues { fan_out: queue.clone(), pushes: None::<RecordingQueue> };
        queue.send(&[first]).await.expect("sent");
        let mut books = 0;
        while let Some(message) = queue.receive(1).pop() {
            let Worked { report, result } =
                spread(&self.store, &queues, &SystemClock, &message, u64::MAX).await;
            result.expect("worked off");
            books += report.books;
        }
        assert_eq!(books, BOOKS);
    }
}

fn book(people: &[Person]) -> Book {
    let entry = |(place, person): (usize, &Person)| Entry {
        contact: Contact {
            phone: phone(person),
            spelling: person.phone.as_str().into(),
            name: person.name.parse().expect("a name"),
        },
        matched: place
            .is_multiple_of(REGISTERED_EACH)
            .then(|| PublicId::new(1 + place as u64))
            .flatten(),
    };
    Book::new(None, people.iter().enumerate().map(entry).collect())
}

fn phone(person: &Person) -> Phone {
    person.digits().parse().expect("a phone")
}
