//! The requests that callers repeat.

use serde_json::json;

use super::town::{BOOK, Caller, Event, REGISTERED_EACH, Town, confirmed_account, sign_up};
use support::people::Person;

#[derive(Clone, Copy, PartialEq)]
pub enum Work {
    Get,
    Compact,
    Full,
    SameAgain,
    OneChangedName,
    SignUp,
    Profile,
    ChangedProfile,
    SameDevice,
    Devices,
    Confirmed,
    Relay,
    Join,
}

impl Work {
    pub const ALL: [Self; 13] = [
        Self::Get,
        Self::Compact,
        Self::Full,
        Self::SameAgain,
        Self::OneChangedName,
        Self::SignUp,
        Self::Profile,
        Self::ChangedProfile,
        Self::SameDevice,
        Self::Devices,
        Self::Confirmed,
        Self::Relay,
        Self::Join,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Compact => "registered-users, compact",
            Self::Full => "registered-users, full",
            Self::SameAgain => "upload, the same again",
            Self::OneChangedName => "upload, one changed name",
            Self::SignUp => "users, a sign-up",
            Self::Profile => "users, a profile",
            Self::ChangedProfile => "users, one changed name",
            Self::SameDevice => "subscriptions, the same again",
            Self::Devices => "subscriptions, the list",
            Self::Confirmed => "cognito-sign-up",
            Self::Relay => "joins, a sign-up",
            Self::Join => "join-push, one book, one push",
        }
    }

    /// Returns how often a caller can make the request. Each contact joins only once.
    pub fn most(self) -> usize {
        if self == Self::Join { BOOK - BOOK.div_ceil(REGISTERED_EACH) } else { usize::MAX }
    }

    /// Returns the events of each caller.
    pub async fn events(self, town: &Town, each: usize) -> Vec<Vec<Event>> {
        if self == Self::Join {
            return joins(town, each).await;
        }
        (0..town.callers())
            .map(|number| (0..each).map(|nth| self.event(town, number, nth)).collect())
            .collect()
    }

    fn event(self, town: &Town, number: usize, nth: usize) -> Event {
        let caller = &town.people[number];
        let profile = format!("/users/{}", caller.id);
        let name = format!("Name {nth}");
        match self {
            Self::Get => caller.request("GET", "/address_book", None),
            Self::Compact => {
                caller.request("GET", "/address_book/registered_users?compact=1", None)
            }
            Self::Full => caller.request("GET", "/address_book/registered_users", None),
            Self::SameAgain => caller.upload(&caller.book),
            Self::OneChangedName => caller.upload(&[Person { name, ..caller.book[0].clone() }]),
            Self::SignUp => sign_up(&stranger(self, number, nth)),
            Self::Profile => caller.request("GET", &profile, None),
            Self::ChangedProfile => {
                caller.request("PUT", &profile, Some(&json!({"user": {"full_name": name}})))
            }
            Self::SameDevice => caller.subscribe(),
            Self::Devices => caller.request("GET", "/subscriptions", None),
            Self::Confirmed => confirmed_account(&stranger(self, number, nth)),
            Self::Relay => Event::Record(town.record.clone()),
            Self::Join => unreachable!("a join is a message"),
        }
    }
}

/// Returns, for each caller, the messages about contacts who sign up.
async fn joins(town: &Town, each: usize) -> Vec<Vec<Event>> {
    let joiners = |caller: &Caller| -> Vec<Person> {
        let contacts =
            caller.book.iter().enumerate().filter(|(place, _)| place % REGISTERED_EACH != 0);
        contacts.take(each).map(|(_, person)| person.clone()).collect()
    };
    let joiners: Vec<Person> = town.people.iter().flat_map(joiners).collect();
    let messages = town.messages_of(&town.records_of_sign_ups(joiners.iter()).await).await;
    assert_eq!(messages.len(), each * town.callers());
    let bodies: Vec<String> = messages
        .iter()
        .map(|message| serde_json::to_string(message).expect("a message is JSON"))
        .collect();
    bodies.chunks(each).map(|bodies| bodies.iter().cloned().map(Event::Message).collect()).collect()
}

/// Returns a person whom nobody has in a book.
fn stranger(work: Work, caller: usize, nth: usize) -> Person {
    Person {
        name: "Somebody New".to_owned(),
        phone: format!("+4915{:02}{caller:03}{nth:05}", work as usize),
    }
}
