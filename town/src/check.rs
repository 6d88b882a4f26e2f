//! Whether anything was lost: the matches that people see, and the pushes that they got.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;

use crate::events::{Arrivals, Pushed};
use crate::people::name_in_book;
use crate::person::Person;
use crate::town::Town;

/// How the matches of one person, or of several, differ from who is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MatchCheck {
    /// How many people were asked for.
    pub people: u64,
    /// How many of them couldn't be asked for.
    pub people_unchecked: u64,
    /// How many matches there have to be.
    pub expected: u64,
    pub missing: u64,
    /// Matches that aren't contacts, or aren't here, or come twice.
    pub unexpected: u64,
    /// Matches under another name than the contact has.
    pub misnamed: u64,
    /// Contacts that the server refused.
    pub rejected: u64,
}

impl MatchCheck {
    /// Returns how much was found to be wrong.
    pub fn wrong(&self) -> u64 {
        let Self { people_unchecked, missing, unexpected, misnamed, rejected, .. } = self;
        people_unchecked + missing + unexpected + misnamed + rejected
    }

    /// Returns both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            people: self.people + other.people,
            people_unchecked: self.people_unchecked + other.people_unchecked,
            expected: self.expected + other.expected,
            missing: self.missing + other.missing,
            unexpected: self.unexpected + other.unexpected,
            misnamed: self.misnamed + other.misnamed,
            rejected: self.rejected + other.rejected,
        }
    }
}

/// Who of the town is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    Here,
    Absent,
    /// No answer says whether they have signed up.
    Unknown,
}

impl Presence {
    /// Returns whether somebody is here.
    pub fn of(person: &Person) -> Self {
        match person.signed_up {
            None => Self::Absent,
            Some(moment) if moment.done_ms.is_none() => Self::Unknown,
            Some(_) => Self::Here,
        }
    }
}

/// Compares an answer of `registered_users?compact=1` with who is here: each contact who is, and
/// nobody else.
pub fn matches(
    town: &Town,
    person: &Person,
    presence: &[Presence],
    answer: Option<&Value>,
) -> MatchCheck {
    let mut check = MatchCheck { people: 1, rejected: person.rejected, ..MatchCheck::default() };
    let items = answer.and_then(|answer| answer["items"].as_array());
    let Some(items) = items else {
        return MatchCheck { people_unchecked: 1, ..check };
    };
    let mut shown: HashMap<u32, &str> = HashMap::with_capacity(items.len());
    for user in items.iter().map(|item| &item["user"]) {
        let holder = user["phone"].as_str().and_then(|phone| town.phones.holder(phone));
        let name = user["address_book_name"].as_str().unwrap_or_default();
        if holder.is_none_or(|holder| shown.insert(holder, name).is_some()) {
            check.unexpected += 1;
        }
    }
    for entry in person.book.iter().filter(|entry| town.graph.is_of_town(entry.contact)) {
        let name = shown.remove(&entry.contact);
        match presence[entry.contact as usize] {
            Presence::Absent => check.unexpected += u64::from(name.is_some()),
            Presence::Here => {
                check.expected += 1;
                check.missing += u64::from(name.is_none());
            }
            Presence::Unknown => {}
        }
        let right = || name_in_book(person.id, entry.contact, entry.changes);
        check.misnamed += u64::from(name.is_some_and(|name| name != right()));
    }
    check.unexpected += shown.len() as u64;
    check
}

/// How the pushes differ from those that had to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PushCheck {
    /// Pushes that had to come: the owner had subscribed and uploaded the joiner's number before the
    /// joiner signed up.
    pub expected: u64,
    pub missing: u64,
    /// Pushes that came more than once.
    pub repeated: u64,
    /// Pushes about somebody who isn't a contact, or hasn't signed up.
    pub unexpected: u64,
    /// Pushes that might have come or not: the owner uploaded while the joiner signed up.
    pub of_either: u64,
    /// Events that weren't read. If there are any, some of the missing pushes may be among them.
    pub events_missed: u64,
}

impl PushCheck {
    /// Returns how much was found to be wrong.
    pub fn wrong(&self) -> u64 {
        self.missing + self.repeated + self.unexpected
    }
}

/// The pushes that have to come, by their owner. `people` are in the order of their numbers.
fn expected<'a>(
    town: &'a Town,
    people: &'a [Person],
) -> impl Iterator<Item = (Pushed, &'a Person)> {
    people.iter().flat_map(move |owner| {
        owner.book.iter().filter_map(move |entry| {
            let joiner = people.get(entry.contact as usize)?;
            debug_assert!(town.graph.is_of_town(entry.contact));
            let joined = joiner.signed_up.filter(|joined| joined.done_ms.is_some())?;
            let is_told = owner.subscribed.is_some_and(|done| done.is_before(joined))
                && entry.uploaded.is_before(joined);
            is_told.then_some((Pushed { owner: owner.id, joiner: joiner.id }, joiner))
        })
    })
}

/// Returns how many pushes still have to come.
pub fn pushes_to_come(town: &Town, people: &[Person], pushes: &HashMap<Pushed, Arrivals>) -> usize {
    expected(town, people).filter(|(pushed, _)| !pushes.contains_key(pushed)).count()
}

/// Compares the pushes with those that had to come. Returns also how long after the answer to the
/// joiner's sign-up each of those came, in microseconds.
pub fn pushes(
    town: &Town,
    people: &[Person],
    pushes: &HashMap<Pushed, Arrivals>,
) -> (PushCheck, Vec<u32>) {
    let (mut check, mut delays) = (PushCheck::default(), vec![]);
    for (pushed, joiner) in expected(town, people) {
        check.expected += 1;
        let answered_ms = joiner.signed_up.and_then(|joined| joined.done_ms).unwrap_or_default();
        match pushes.get(&pushed) {
            Some(push) => {
                let delay_ms = push.first_ms.saturating_sub(answered_ms);
                delays.push(u32::try_from(delay_ms * 1000).unwrap_or(u32::MAX));
            }
            None => check.missing += 1,
        }
    }
    for (Pushed { owner, joiner }, push) in pushes {
        check.repeated += u64::from(push.times > 1);
        let is_contact = people[*owner as usize].book.iter().any(|entry| entry.contact == *joiner);
        let is_right = is_contact && people[*joiner as usize].signed_up.is_some();
        check.unexpected += u64::from(!is_right);
    }
    let came = check.expected - check.missing + check.unexpected;
    check.of_either = pushes.len() as u64 - came;
    (check, delays)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::person::{Entry, Moment};

    /// Returns people 0, 1 and 2, of whom 0 and 1 are here. 0 has the numbers of both others.
    fn three() -> (Town, Vec<Person>) {
        let town = Town::new(3, 1, 0, 1);
        let at = |ms| Moment { sent_ms: ms, done_ms: Some(ms + 5) };
        let entry = |contact| Entry { contact, changes: 0, uploaded: at(20) };
        let mut people: Vec<Person> = (0..3).map(|id| Person::new(id, &town)).collect();
        for person in &mut people {
            person.book.clear();
        }
        people[0].signed_up = Some(at(0));
        people[0].subscribed = Some(at(10));
        people[0].book = vec![entry(1), entry(2)];
        people[1].signed_up = Some(at(30));
        (town, people)
    }

    fn item(contact: u32, name: &str) -> Value {
        json!({"user": {"id": 1, "phone": Town::new(3, 1, 0, 1).phones.digits(contact), "address_book_name": name}})
    }

    #[test]
    fn matches_are_exactly_the_contacts_who_are_here() {
        let (town, people) = three();
        let presence: Vec<Presence> = people.iter().map(Presence::of).collect();
        let (first, second) = (name_in_book(0, 1, 0), name_in_book(0, 2, 0));
        let right = MatchCheck { people: 1, expected: 1, ..MatchCheck::default() };
        for (items, expected) in [
            (vec![item(1, &first)], right),
            (vec![], MatchCheck { missing: 1, ..right }),
            (vec![item(1, "x")], MatchCheck { misnamed: 1, ..right }),
            (vec![item(1, &first), item(1, &first)], MatchCheck { unexpected: 1, ..right }),
            (vec![item(1, &first), item(2, &second)], MatchCheck { unexpected: 1, ..right }),
            (vec![item(1, &first), item(0, "x")], MatchCheck { unexpected: 1, ..right }),
            (vec![item(1, &first), item(9, "x")], MatchCheck { unexpected: 1, ..right }),
        ] {
            let answer = json!({ "items": items });
            let check = matches(&town, &people[0], &presence, Some(&answer));
            assert_eq!(check, expected, "{answer}");
        }
        let unchecked = matches(&town, &people[0], &presence, None);
        assert_eq!((unchecked.people_unchecked, unchecked.wrong()), (1, 1));
    }

    #[test]
    fn somebody_who_may_have_signed_up_may_be_a_match() {
        let (town, mut people) = three();
        people[2].signed_up = Some(Moment { sent_ms: 40, done_ms: None });
        let presence: Vec<Presence> = people.iter().map(Presence::of).collect();
        for items in [
            json!([item(1, &name_in_book(0, 1, 0))]),
            json!([item(1, &name_in_book(0, 1, 0)), item(2, &name_in_book(0, 2, 0))]),
        ] {
            let answer = json!({ "items": items });
            assert_eq!(matches(&town, &people[0], &presence, Some(&answer)).wrong(), 0, "{answer}");
        }
    }

    #[test]
    fn pushes_come_exactly_once_to_those_who_waited() {
        let (town, mut people) = three();
        let push = |owner, joiner| Pushed { owner, joiner };
        let once = |first_ms| Arrivals { times: 1, first_ms };
        let right = PushCheck { expected: 1, ..PushCheck::default() };
        for (came, expected) in [
            (vec![(push(0, 1), once(38))], right),
            (vec![], PushCheck { missing: 1, ..right }),
            (
                vec![(push(0, 1), Arrivals { times: 2, first_ms: 38 })],
                PushCheck { repeated: 1, ..right },
            ),
            (
                vec![(push(0, 1), once(38)), (push(0, 2), once(40))],
                PushCheck { unexpected: 1, ..right },
            ),
            (
                vec![(push(0, 1), once(38)), (push(1, 0), once(40))],
                PushCheck { unexpected: 1, ..right },
            ),
        ] {
            let came: HashMap<Pushed, Arrivals> = came.into_iter().collect();
            let (check, delays) = pushes(&town, &people, &came);
            assert_eq!(check, expected, "{came:?}");
            assert!(delays.iter().all(|delay| *delay == 3_000), "{delays:?}");
            assert_eq!(pushes_to_come(&town, &people, &came), check.missing as usize);
        }

        // Who uploads or subscribes meanwhile may get a push or not.
        people[0].book[0].uploaded.done_ms = Some(31);
        let came = HashMap::from([(push(0, 1), once(38))]);
        let (check, _) = pushes(&town, &people, &came);
        assert_eq!(check, PushCheck { of_either: 1, ..PushCheck::default() });
        assert_eq!(pushes(&town, &people, &HashMap::new()).0, PushCheck::default());
    }
}
