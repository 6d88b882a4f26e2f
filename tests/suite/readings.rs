//! Books that were written by older rules for phones, and uploads that are read by today's.

use std::collections::{BTreeMap, HashSet};

use local::Inbox;
use model::{Book, Change, Contact, Entry, Mode, Payer, PublicId, Scope, SystemClock, UserId};
use numbering::{HomeRegion, Phone, Region, reread};
use protocol::{
    AccountError, JoinQueues, PhoneClaim, ProfilePatch, Uploaded, sign_up, spread, upload,
};
use serde_json::{Value, json};
use store::{
    BookReader, BookStore, Bucket, BudgetStore, HolderReader, Keyring, Life, Outcome, OwnerIndex,
    OwnerRange, Store, StoredBook,
};

use support::embedded::database;
use support::queue::RecordingQueue;
use support::requests::{read, request};
use support::{allowance, upload_of, user, user_settings};

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

/// A Mexican mobile number, as it was until 2019 and as it is since.
const FORMER: &str = "5215512345678";
const PRESENT: &str = "525512345678";

fn proven(digits: &str) -> PhoneClaim {
    PhoneClaim::Proven(Phone::stored(digits).expect("a phone"))
}

/// Returns whom Alice's book shows for the number, once she has uploaded it as it is since.
async fn alice_sees(store: &Store) -> Option<PublicId> {
    let (owner, limits) = (user("alice"), support::limits());
    let home = HomeRegion::from("MX".parse::<Region>().expect("a region"));
    let phone = Phone::read("55 1234 5678", &home).expect("a phone");
    assert_eq!(phone.digits(), PRESENT);
    let name = "Somebody".parse().expect("a name");
    let contact = Contact { phone, spelling: "55 1234 5678".into(), name };
    let wanted = upload_of(Mode::Merge, vec![Change::Put(contact)]);
    let allowance = allowance(&owner, &limits, &SystemClock);
    upload(store, &allowance, &owner, &Scope::Global, &wanted, &home).await.expect("uploaded");
    let book = store.read_book(&owner, &Scope::Global).await.expect("readable").book;
    book.find(phone).expect("a contact").matched
}

#[tokio::test]
async fn whoever_registered_before_their_country_changed_the_number_is_found_and_keeps_it() {
    let store = database().await.store();
    let none = ProfilePatch::default();
    let sign_up =
        async |name: &str, claim| sign_up(&store, &SystemClock, &user(name), claim, &none).await;
    let before = sign_up("maria", proven(FORMER)).await.expect("signed up");
    assert_eq!(alice_sees(&store).await, Some(before.id));
    // Maria's next token is read by today's rules. That is no change, and announces her to nobody.
    assert_eq!(sign_up("maria", proven(PRESENT)).await.expect("signed up"), before);
    let stated = PhoneClaim::Stated(Phone::stored(PRESENT).expect("a phone"));
    assert!(matches!(sign_up("thief", stated).await, Err(AccountError::PhoneTaken)));

    let diego = sign_up("diego", proven(PRESENT)).await.expect("signed up");
    for form in [FORMER, PRESENT] {
        let form = Phone::stored(form).expect("a phone");
        let holder = store.holder(form).await.expect("readable").expect("a holder");
        assert_eq!(holder.id, diego.id, "who proves the number has it");
        let holders = store.holders(&[form]).await.expect("readable");
        assert_eq!(holders.held.get(&form).map(|holder| holder.id), Some(diego.id));
    }
}

#[tokio::test]
async fn books_with_either_form_of_a_number_are_told_of_its_holder() {
    let embedded = database().await;
    let store = embedded.store();
    alice_sees(&store).await;
    let none = ProfilePatch::default();
    let maria = sign_up(&store, &SystemClock, &user("maria"), proven(FORMER), &none).await;
    let records = embedded.stream(None);
    let is_holder = |record: &&Value| {
        record["dynamodb"]["Keys"]["key"]["S"].as_str().is_some_and(|key| key.starts_with("phone#"))
    };
    let records: Vec<_> = records.iter().filter(is_holder).collect();
    let event = serde_json::from_value(json!({ "Records": records })).expect("an event");
    let queue = RecordingQueue::default();
    let response = joins::handle(&Keyring::default(), &queue, &queue, event).await;
    assert_eq!(response.batch_item_failures.len(), 0);

    let messages = queue.take();
    let told: Vec<_> = messages.iter().map(|message| message.phone.digits()).collect();
    assert_eq!(told, [PRESENT, FORMER]);
    let queues = JoinQueues { fan_out: queue.clone(), pushes: Some(queue.clone()) };
    for message in &messages {
        spread(&store, &queues, &SystemClock, message, u64::MAX).await.result.expect("told");
    }
    let book = store.read_book(&user("alice"), &Scope::Global).await.expect("readable").book;
    let matched = book.entries().iter().map(|entry| entry.matched).collect::<Vec<_>>();
    assert_eq!(matched, [Some(maria.expect("signed up").id)]);
    assert_eq!(queue.take_pushes().len(), 1, "and Alice gets a push");
}

#[tokio::test]
async fn a_token_is_told_that_its_number_cannot_be_used() {
    let store = database().await.store();
    for (number, status) in [("+123", 422), ("+50051234", 201), ("+1650555012345678", 422)] {
        let token = format!("maria:{number}");
        let event = request("POST", "/users", &token, Some(json!({"user": {}}).to_string()));
        let settings = user_settings();
        let answer = users::handle(&store, &Inbox::default(), &SystemClock, &settings, event).await;
        let (answered, body) = read(&answer);
        assert_eq!(answered, status, "{body}");
        if status == 422 {
            let why = json!({"errors": {"phone": ["of the token isn't a phone that can be used"]}});
            assert_eq!(body, why);
        }
    }
}
