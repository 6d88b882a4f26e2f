//! Tests of what the main operations cost on sealed tables, by the database's own counts.

use local::Inbox;
use model::{Mode, Scope, SystemClock};
use numbering::HomeRegion;
use protocol::{PhoneClaim, ProfilePatch, Renewal, sign_up, upload};
use serde_json::json;
use store::{Keyring, Store};

use support::embedded::{database, sealed_store_over, store_over, stored_bytes};
use support::meter::Meter;
use support::people::{Person, people};
use support::requests::{read, request, subscription};
use support::{allowance, home, limits, phone, upload_settings, user};

/// A user id as long as the subject in a token from Cognito.
const OWNER: &str = "2f9bd1c4-6d0e-4c58-9a3b-5e7f01a2b3c4";

async fn send(store: &Store, body: &serde_json::Value) -> serde_json::Value {
    let event = request("POST", "/address_book", OWNER, Some(body.to_string()));
    let (status, answer) =
        read(&upload::handle(store, &SystemClock, &upload_settings(), event).await);
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test]
async fn the_main_operations_stay_within_their_units() {
    let embedded = database().await;
    let meter = Meter::new(embedded.clone());
    let keys: Keyring = Keyring::generate_secret().parse().expect("a secret of keys");
    let store = sealed_store_over(meter.clone(), keys);
    let people: Vec<Person> = people(7).take(1_000).collect();
    let mut contacts: Vec<_> = people.iter().map(Person::contact).collect();

    let answer = send(&store, &json!({ "contacts": contacts })).await;
    assert_eq!(answer, json!({"created": 1000, "updated": 0, "deleted": 0, "rejected": {}}));
    let first = meter.take();
    assert!(first.written <= 1_020.0, "first upload: {first:?}");

    let answer = send(&store, &json!({ "contacts": contacts })).await;
    assert_eq!(answer, json!({"created": 0, "updated": 0, "deleted": 0, "rejected": {}}));
    let again = meter.take();
    assert!(again.written == 0.0 && again.read <= 5.0, "same upload again: {again:?}");

    contacts[500]["name"] = "Somebody Else".into();
    let answer = send(&store, &json!({ "contacts": [contacts[500]] })).await;
    assert_eq!(answer, json!({"created": 0, "updated": 1, "deleted": 0, "rejected": {}}));
    let renamed = meter.take();
    assert!(renamed.written <= 19.0, "one changed name: {renamed:?}");

    let one_more = json!({"name": "Ein Neuer", "phone": "+491999999999999"});
    let answer = send(&store, &json!({ "contacts": [one_more] })).await;
    assert_eq!(answer, json!({"created": 1, "updated": 0, "deleted": 0, "rejected": {}}));
    let added = meter.take();
    assert!(added.written <= 20.0, "one new contact: {added:?}");

    // A hundred of the contacts sign up before another upload, which finds them.
    for (n, person) in people.iter().enumerate().take(100) {
        let digits = person.digits();
        let claim = PhoneClaim::Proven(phone(&digits));
        let patch = ProfilePatch::default();
        sign_up(&store, &SystemClock, &user(&format!("user-{n}")), claim, &patch)
            .await
            .expect("signed up");
    }
    send(&store, &json!({ "contacts": [], "force": 1 })).await;
    send(&store, &json!({ "contacts": contacts })).await;
    meter.take();

    let event = request("GET", "/address_book/registered_users?compact=1", OWNER, None);
    let (status, answer) = read(&registered_users::handle(&store, event).await);
    assert_eq!((status, answer["items"].as_array().map(Vec::len)), (200, Some(100)));
    let compact = meter.take();
    assert!(compact.requests == 1 && compact.read <= 6.0, "registered users compact: {compact:?}");

    let all = [
        ("first", first),
        ("again", again),
        ("renamed", renamed),
        ("added", added),
        ("compact", compact),
    ];
    for (what, units) in all {
        println!("{what} {units:?}");
        // The rules and the database's own answers are two ways to the same count.
        assert_eq!(units.read + units.written, units.answered, "{what}");
    }
    let stored: usize = ["AddressBooks", "ContactOwners"]
        .iter()
        .map(|table| stored_bytes(&embedded, table))
        .sum::<usize>();
    println!("{} bytes stored per contact", stored / 1_000);
    assert!(stored <= 140 * 1_000, "{stored} bytes for 1,000 contacts");
}

#[tokio::test]
async fn a_device_that_repeats_its_subscription_costs_one_read_unit() {
    let meter = Meter::new(database().await);
    let keys: Keyring = Keyring::generate_secret().parse().expect("a secret of keys");
    let (store, inbox) = (sealed_store_over(meter.clone(), keys), Inbox::default());
    let start = async || {
        let event = subscription(OWNER, "pixel");
        let renewal = Renewal::default();
        read(&subscriptions::handle(&store, &inbox, &SystemClock, renewal, event).await)
    };
    let first = start().await;
    let registered = meter.take();
    assert_eq!(first.0, 201, "{}", first.1);
    assert_eq!((registered.read, registered.written), (5.0, 6.0), "{registered:?}");
    assert_eq!(start().await, first);
    let again = meter.take();
    assert_eq!((again.requests, again.read, again.written), (1, 1.0, 0.0), "{again:?}");
    assert_eq!(again.answered, 1.0, "{again:?}");
}

#[tokio::test]
async fn an_empty_upload_into_no_book_writes_nothing() {
    let meter = Meter::new(database().await);
    let store = store_over(meter.clone());
    let nothing = support::upload_of(Mode::Replace, vec![]);
    let home: HomeRegion = home();
    let (owner, limits) = (user(OWNER), limits());
    let allowance = allowance(&owner, &limits, &SystemClock);
    upload(&store, &allowance, &owner, &Scope::Global, &nothing, &home).await.expect("uploaded");
    let units = meter.take();
    assert_eq!((units.requests, units.written), (1, 0.0));
}
