//! Books that were written by older rules for phones, and uploads that are read by today's.

use std::collections::{BTreeMap, HashSet};

use model::{Book, Change, Contact, Entry, Mode, Payer, Scope, SystemClock, UserId};
use numbering::{HomeRegion, Phone, Region, reread};
use protocol::{PhoneClaim, ProfilePatch, Uploaded, sign_up, upload};
use store::{
    BookReader, BookStore, Bucket, BudgetStore, HolderReader, Life, Outcome, OwnerIndex,
    OwnerRange, Store, StoredBook,
};

use support::embedded::database;
use support::{allowance, upload_of, user};

/// Spellings, and what the rules before `READING_VERSION` made of them.
const READINGS: &str = include_str!("../../shared/numbering/tests/fixtures/readings-v1.tsv");

/// Returns the contacts of each region, as the old rules read them.
fn old_contacts() -> BTreeMap<&'static str, Vec<Contact>> {
    let mut regions: BTreeMap<&str, Vec<Contact>> = BTreeMap::new();
    let mut seen = HashSet::new();
    for line in READINGS.lines() {
        let [region, spelling, digits] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("a line has three fields")
        };
        // The old rules refused what has fewer than ten digits.
        let Ok(phone) = Phone::stored(digits) else { continue };
        if digits.len() >= 10 && seen.insert((region, digits)) {
            let name = "Somebody".parse().expect("a name");
            let contact = Contact { phone, spelling: spelling.into(), name };
            regions.entry(region).or_default().push(contact);
        }
    }
    regions
}

/// Returns a contact as an upload of today sends it.
fn read_today(contact: &Contact, home: &HomeRegion) -> Change {
    let phone = Phone::read(contact.spelling.as_str(), home).unwrap_or(contact.phone);
    Change::Put(Contact { phone, ..contact.clone() })
}

/// Writes a book as the old rules left it, every contact with the match that it has now.
async fn write_old_book(store: &Store, owner: &UserId, region: Region, contacts: &[Contact]) {
    let mut entries = vec![];
    for contact in contacts {
        let holder = store.holder(contact.phone).await.expect("readable");
        entries.push(Entry { contact: contact.clone(), matched: holder.map(|holder| holder.id) });
    }
    let book = Book::new(Some(region), entries).read_by(1);
    let seen = store.read_book(owner, &Scope::Global).await.expect("readable");
    let version = seen.version + 1;
    let phones: Vec<Phone> = contacts.iter().map(|contact| contact.phone).collect();
    store.put_hints(owner, &Scope::Global, &phones, version).await.expect("put");
    let open = StoredBook { life: Life::Open { generation: 0 }, book, ..seen.clone() };
    let written = store.write_book(owner, &Scope::Global, &seen, &open).await;
    assert_eq!(written.expect("written"), Outcome::Done);
}

async fn sign_up_all(store: &Store, phones: impl Iterator<Item = Phone>) {
    for phone in phones {
        if store.holder(phone).await.expect("readable").is_none() {
            let subject = user(&format!("user-{}", phone.digits()));
            let (claim, none) = (PhoneClaim::Proven(phone), ProfilePatch::default());
            sign_up(store, &SystemClock, &subject, claim, &none).await.expect("signed up");
        }
    }
}

#[tokio::test]
async fn a_book_of_older_rules_keeps_its_contacts_and_matches_and_costs_no_budget() {
    let store = database().await.store();
    let mut changed = 0;
    for (code, contacts) in old_contacts() {
        let region: Region = code.parse().expect("a region");
        let (home, owner) = (HomeRegion::from(region), user(&format!("owner in {code}")));
        let today = || contacts.iter().map(|contact| read_today(contact, &home));
        let valid = contacts.iter().map(|contact| contact.phone).chain(today().map(|c| c.phone()));
        sign_up_all(&store, valid.collect::<HashSet<_>>().into_iter()).await;
        write_old_book(&store, &owner, region, &contacts).await;

        let (limits, wanted) = (support::limits(), upload_of(Mode::Merge, today().collect()));
        let allowance = allowance(&owner, &limits, &SystemClock);
        for _ in 0..2 {
            let uploaded = upload(&store, &allowance, &owner, &Scope::Global, &wanted, &home).await;
            assert_eq!(uploaded.expect("uploaded"), Uploaded::default(), "{code}");
        }
        let bucket = store.bucket(&Payer::User(owner.clone())).await.expect("readable");
        assert_eq!(bucket, Bucket::default(), "{code}: a reading is free");

        let stored = store.read_book(&owner, &Scope::Global).await.expect("readable");
        let old: HashSet<Phone> = contacts.iter().map(|contact| contact.phone).collect();
        for Entry { contact, matched } in stored.book.entries() {
            changed += usize::from(!old.contains(&contact.phone));
            let holder = store.holder(contact.phone).await.expect("readable").expect("a user");
            assert_eq!(*matched, Some(holder.id), "{code}: a match is lost");
            let range = OwnerRange::default();
            let owners = store.owners(contact.phone, &range, 1_000).await.expect("readable");
            assert!(owners.hints.iter().any(|hint| hint.user == owner), "{code}: no hint");
        }
        for Contact { phone, spelling, .. } in &contacts {
            let today = reread(spelling.as_str(), *phone, &home);
            assert!(stored.book.find(today).is_some(), "{code}: a contact is lost");
        }
    }
    assert!(changed > 50, "only {changed} phones are read better");
}

#[tokio::test]
async fn a_caller_without_a_phone_uploads_in_the_region_of_the_book() {
    let store = database().await.store();
    let (owner, limits) = (user("alice"), support::limits());
    let allowance = allowance(&owner, &limits, &SystemClock);
    let us: Region = "US".parse().expect("a region");
    let proven = HomeRegion::of(Some("4915112345678".parse().expect("a phone")), us);
    let assumed = HomeRegion::of(None, us);
    for (home, spelling) in [(proven, "030 123456"), (assumed, "0151 12345678")] {
        let name = "Somebody".parse().expect("a name");
        let phone = Phone::read(spelling, &home).unwrap_or("1234567890".parse().expect("a phone"));
        let contact = Contact { phone, spelling: spelling.into(), name };
        let wanted = upload_of(Mode::Merge, vec![Change::Put(contact)]);
        upload(&store, &allowance, &owner, &Scope::Global, &wanted, &home).await.expect("uploaded");
    }
    let book = store.read_book(&owner, &Scope::Global).await.expect("readable").book;
    let digits: Vec<_> = book.entries().iter().map(|entry| entry.contact.phone.digits()).collect();
    assert_eq!(digits, ["4930123456", "4915112345678"]);
    assert_eq!(book.region().map(|region| region.to_string()).as_deref(), Some("DE"));
}
