//! Tests of a book's items, without a database.

use model::{Book, Change, Clock, Contact, Diff, Entry, Growth, Mode, PublicId, Upload};
use numbering::HomeRegion;
use proptest::prelude::*;

use super::items::{BookItems, BookKeys};
use super::layout::Times;
use super::*;
use crate::item::bytes;
use crate::keyring::Keyring;
use crate::packed::{pack_contacts, pack_matches};

/// A clock that always shows the same time.
#[derive(Debug)]
struct FixedClock;

impl Clock for FixedClock {
    fn now_ms(&self) -> u64 {
        1_700_000_000_000
    }
}

fn alice() -> UserId {
    "alice".parse().expect("a user")
}

fn secret() -> Keyring {
    Keyring::generate_secret().parse().expect("a secret")
}

fn contact(digits: u64, name: &str) -> Contact {
    let digits = format!("1650555{digits:04}");
    Contact {
        phone: digits.parse().expect("a phone"),
        spelling: format!("+{digits}").as_str().into(),
        name: name.parse().expect("a name"),
    }
}

fn book_of(contacts: u64) -> Book {
    let entry = |digits| Entry {
        contact: contact(digits, &format!("Gordie Kann {digits}")),
        matched: PublicId::new(digits % 3),
    };
    let region = (contacts > 0).then(|| "US".parse().expect("a region"));
    Book::new(region, (0..contacts).map(entry).collect())
}

fn open(book: Book) -> StoredBook {
    let life = Life::Open { generation: 3 };
    StoredBook { life, book, ..StoredBook::empty(BookHead::absent(9)) }
}

/// Writes `next` in place of `seen`, as a transaction would.
fn write(
    items: &mut BookItems,
    keys: &BookKeys<'_>,
    seen: &StoredBook,
    next: &StoredBook,
    times: &Times,
) {
    let version = seen.version + 1;
    let written = seen.layout.written(version, next.contents(), times, MAX_CHANGES_BYTES);
    items.head = Some(keys.head_item(version, next, times.used_at, &written));
    if let Some(book) = written.new_base {
        items.base = Some(keys.base_item(version, book, written.expires_at));
    } else if written.base.is_none() {
        items.base = None;
    }
}

const FOR_EVER: Times = Times { expires_at: None, expires_after: 0, used_at: None };

/// Writes a book that wasn't there.
fn first(keys: &BookKeys<'_>, next: &StoredBook) -> BookItems {
    let mut items = BookItems::default();
    write(&mut items, keys, &StoredBook::empty(BookHead::absent(8)), next, &FOR_EVER);
    items
}

fn read(items: &BookItems, keys: &BookKeys<'_>) -> StoredBook {
    items.read(keys, &FixedClock).expect("readable").expect("whole")
}

#[test]
fn a_stored_book_comes_back_as_it_was() {
    let user = alice();
    let leaving = |contacts| Book::new(None, book_of(contacts).entries().to_vec());
    for keyring in [Keyring::default(), secret()] {
        let keys = BookKeys::new(&keyring, &user, &Scope::Global);
        for contacts in [0, 1, 1_000] {
            for stored in [
                StoredBook { uploaded_by: Some(u32::MAX), ..open(book_of(contacts)) },
                StoredBook {
                    life: Life::Deleted { generation: 3 },
                    leaving: leaving(contacts),
                    ..StoredBook::empty(BookHead::absent(9))
                },
            ] {
                let items = first(&keys, &stored);
                assert_eq!(items.base.is_some(), contacts == 1_000);
                let back = read(&items, &keys);
                let layout = back.layout.clone();
                assert_eq!(back, StoredBook { is_stored: true, layout, ..stored });
            }
        }
    }
}

#[test]
fn a_book_of_an_earlier_release_is_read_and_is_divided_by_its_next_write() {
    let (user, keyring) = (alice(), Keyring::default());
    let keys = BookKeys::new(&keyring, &user, &Scope::Global);
    let book = book_of(1_000);
    let mut old = first(&keys, &open(Book::default()));
    let head = old.head.as_mut().expect("a head");
    head.insert("contacts".to_owned(), bytes(pack_contacts(&book)));
    head.insert("matches".to_owned(), bytes(pack_matches(&book).expect("matches")));
    head.insert("region".to_owned(), text("US"));
    head.insert("reading".to_owned(), number(u64::from(book.reading_version())));
    let seen = read(&old, &keys);
    assert_eq!(seen.book, book);
    write(&mut old, &keys, &seen, &seen, &FOR_EVER);
    assert!(old.base.is_some());
    assert_eq!(read(&old, &keys).book, book);

    let mut tombstone = first(&keys, &StoredBook { life: Life::Unopened, ..open(Book::default()) });
    let head = tombstone.head.as_mut().expect("a head");
    head.insert("leaving".to_owned(), bytes(pack_contacts(&book)));
    assert_eq!(read(&tombstone, &keys).leaving.entries().len(), 1_000);
}

#[test]
fn releases_before_there_were_bases_refuse_a_book() {
    let (user, keyring) = (alice(), Keyring::default());
    let keys = BookKeys::new(&keyring, &user, &Scope::Global);
    for contacts in [1, 1_000] {
        let items = first(&keys, &open(book_of(contacts)));
        let head = items.head.expect("a head");
        let contacts = head["contacts"].as_b().expect("bytes").as_ref();
        assert_eq!(crate::unpack(None, contacts, None), Err(crate::PackError::Format));
    }
}

#[test]
fn a_head_without_its_base_is_torn_until_its_time_is_over() {
    let (user, keyring) = (alice(), secret());
    let keys = BookKeys::new(&keyring, &user, &Scope::Global);
    let now = FixedClock.now_seconds();
    for (expires_at, is_over) in [(None, false), (Some(now + 1), false), (Some(now), true)] {
        let mut items = BookItems::default();
        let times = Times { expires_at, ..FOR_EVER };
        write(&mut items, &keys, &open(Book::default()), &open(book_of(1_000)), &times);
        items.base = None;
        let expected = StoredBook { is_stored: true, ..StoredBook::empty(BookHead::absent(10)) };
        let read = items.read(&keys, &FixedClock).expect("readable");
        assert_eq!(read, is_over.then_some(expected));
    }
}

#[test]
fn a_head_and_a_base_of_different_writes_are_torn() {
    let (user, keyring) = (alice(), secret());
    let keys = BookKeys::new(&keyring, &user, &Scope::Global);
    let before = first(&keys, &open(book_of(1_000)));
    let seen = read(&before, &keys);
    let mut after = BookItems::default();
    let next = open(book_of(2_000));
    write(&mut after, &keys, &seen, &next, &FOR_EVER);
    for torn in [
        BookItems { head: before.head.clone(), base: after.base.clone() },
        BookItems { head: after.head.clone(), base: before.base.clone() },
        BookItems { head: before.head, base: None },
    ] {
        assert_eq!(torn.read(&keys, &FixedClock).expect("readable"), None);
    }
    assert_eq!(read(&after, &keys).book, next.book);
}

#[test]
fn the_head_and_the_base_expire_together() {
    let (user, keyring) = (alice(), Keyring::default());
    let keys = BookKeys::new(&keyring, &user, &Scope::Global);
    let times = |expires_at, expires_after| Times { expires_at, expires_after, used_at: None };
    // When the book was to expire, when it is to expire now and at the earliest, whether its base is
    // written again for that, and when it then expires.
    for (before, at, after, is_folded, expected) in [
        (None, None, 0, false, None),
        (None, Some(100), 50, true, Some(100)),
        (Some(100), Some(100), 50, false, Some(100)),
        (Some(100), Some(90), 45, true, Some(90)),
        (Some(100), Some(120), 60, false, Some(100)),
        (Some(100), Some(300), 150, true, Some(300)),
        (Some(100), None, 0, true, None),
    ] {
        let mut items = BookItems::default();
        let book = open(book_of(1_000));
        write(&mut items, &keys, &open(Book::default()), &book, &times(before, 0));
        let seen = read(&items, &keys);
        write(&mut items, &keys, &seen, &seen, &times(at, after));
        let next = read(&items, &keys);
        assert_eq!(next.layout.tag() != seen.layout.tag(), is_folded, "{before:?} {at:?}");
        assert_eq!(next.expires_at, expected, "{before:?} {at:?}");
        let of_base = items.base.expect("a base").get("expires_at").cloned();
        assert_eq!(of_base, expected.map(number), "{before:?} {at:?}");
    }
}

#[test]
fn a_sealed_book_is_nothing_in_another_users_hands_or_another_books_place() {
    let (alice, bob): (UserId, UserId) = (alice(), "bob".parse().expect("a user"));
    let (keyring, device) = (secret(), Scope::Device("pixel".parse().expect("a udid")));
    for contacts in [1, 1_000] {
        let mut items =
            first(&BookKeys::new(&keyring, &alice, &Scope::Global), &open(book_of(contacts)));
        for (user, scope) in [(&bob, &Scope::Global), (&alice, &device)] {
            let read = items.read(&BookKeys::new(&keyring, user, scope), &FixedClock);
            assert!(matches!(read, Err(StoreError::Corrupt { what: "contacts", .. })));
        }
        for keyring in [secret(), Keyring::default()] {
            let keys = BookKeys::new(&keyring, &alice, &Scope::Global);
            assert!(items.read(&keys, &FixedClock).is_err(), "other keys, or none");
        }
        // What was sealed for the base is nothing in the head.
        if let Some(base) = &items.base {
            let contacts = base["contacts"].clone();
            items.head.as_mut().expect("a head").insert("contacts".to_owned(), contacts);
            let keys = BookKeys::new(&keyring, &alice, &Scope::Global);
            assert!(items.read(&keys, &FixedClock).is_err());
        }
    }
}

#[test]
fn a_malformed_item_is_an_error_that_names_the_attribute() {
    let (user, keyring) = (alice(), Keyring::default());
    let keys = BookKeys::new(&keyring, &user, &Scope::Global);
    for (in_base, name, value) in [
        (false, "version", text("one")),
        (false, "contacts", bytes(vec![9, 9, 9])),
        (false, "contacts", text("x")),
        (false, "region", text("Utopia")),
        (false, "deleted", number(1)),
        (false, "base", text("1")),
        (true, "tag", text("1")),
        (true, "contacts", bytes(vec![9, 9, 9])),
        (true, "matches", bytes(vec![1])),
    ] {
        let mut items = first(&keys, &open(book_of(1_000)));
        let item = if in_base { &mut items.base } else { &mut items.head };
        item.as_mut().expect("an item").insert(name.to_owned(), value);
        let error = items.read(&keys, &FixedClock).expect_err(name).to_string();
        assert!(error.starts_with("an item of AddressBooks (book) can't be read: "), "{error}");
    }
}

/// What happens to a book.
#[derive(Clone, Debug)]
enum Event {
    Upload(Upload),
    Join(u64, u64),
}

fn upload(mode: Mode, changes: Vec<(u64, Option<String>)>) -> Event {
    let change = |(digits, name): (u64, Option<String>)| match name {
        Some(name) => Change::Put(contact(digits, &name)),
        None => {
            let Contact { phone, spelling, .. } = contact(digits, "x");
            Change::Remove { phone, spelling }
        }
    };
    let changes = changes.into_iter().map(change).enumerate().collect();
    Event::Upload(Upload { mode, changes })
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let change = || (0..40_u64, prop::option::weighted(0.8, "[a-z]{1,40}"));
    let merge = prop::collection::vec(change(), 1..4);
    let replace = prop::collection::vec(change(), 0..40);
    let event = prop_oneof![
        12 => merge.prop_map(|changes| upload(Mode::Merge, changes)),
        1 => replace.prop_map(|changes| upload(Mode::Replace, changes)),
        4 => (0..40_u64, 0..3_u64).prop_map(|(digits, id)| Event::Join(digits, id)),
    ];
    prop::collection::vec(event, 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_uploads_joins_and_folds_make_what_they_make_of_a_plain_list(events in events()) {
        let (user, keyring, home) = (alice(), Keyring::default(), HomeRegion::from("US".parse::<numbering::Region>().expect("a region")));
        let keys = BookKeys::new(&keyring, &user, &Scope::Global);
        let mut items = first(&keys, &open(Book::default()));
        let mut plain: Vec<Entry> = vec![];
        for event in events {
            let seen = read(&items, &keys);
            let book = match event {
                Event::Upload(upload) => {
                    let diff = seen.book.diff(&upload);
                    apply_to(&mut plain, &diff);
                    seen.book.apply(&diff).settled_in(&home)
                }
                Event::Join(digits, id) => {
                    let phone = contact(digits, "x").phone;
                    let found = plain.iter_mut().find(|entry| entry.contact.phone == phone);
                    if let Some(entry) = found {
                        entry.matched = PublicId::new(id);
                    }
                    seen.book.clone().with_match(phone, PublicId::new(id))
                }
            };
            let next = StoredBook { book, ..seen.clone() };
            write(&mut items, &keys, &seen, &next, &FOR_EVER);
            let back = read(&items, &keys);
            prop_assert_eq!(back.book.entries(), &plain[..]);
            prop_assert_eq!(back.version, seen.version + 1);
        }
    }
}

/// Does to a plain list what `diff` does to a book.
fn apply_to(plain: &mut Vec<Entry>, diff: &Diff) {
    plain.retain(|entry| !diff.removed.contains(&entry.contact.phone));
    for growth in &diff.growth {
        match growth {
            Growth::Create { contact, .. } => {
                plain.push(Entry { contact: contact.clone(), matched: None });
            }
            Growth::Update { contact, .. } => {
                let place = plain.iter_mut().find(|entry| entry.contact.phone == contact.phone);
                place.expect("it is there").contact = contact.clone();
            }
        }
    }
}
