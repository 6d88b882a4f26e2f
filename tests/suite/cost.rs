//! What the main operations cost, on the database's own counts.

use serde_json::json;
use shared::domain::{HomeRegion, Mode, Scope};
use shared::protocol::{PhoneClaim, ProfilePatch, SystemClock, sign_up, upload};
use shared::store::Store;

use crate::support::embedded::{database, store_over};
use crate::support::meter::Meter;
use crate::support::requests::{read, request};
use crate::support::{home, phone, user};

/// Given and family names of several languages, as address books hold them.
const GIVEN: [&str; 24] = [
    "Gordie",
    "Hildegarde",
    "Buiron",
    "Dacia",
    "Carmen",
    "Øystein",
    "Ola",
    "Kari",
    "José",
    "María",
    "Jean-Luc",
    "Zoë",
    "Ahmed",
    "Fatima",
    "Yuki",
    "Haruto",
    "Wei",
    "Xin Yi",
    "Олена",
    "Андрій",
    "Σοφία",
    "Mohammed",
    "Priya",
    "Arjun",
];
const FAMILY: [&str; 24] = [
    "Kann",
    "McCombie",
    "Voss",
    "Larsen",
    "García",
    "Fernández",
    "Dupont",
    "Lefèvre",
    "Hassan",
    "Tanaka",
    "Sato",
    "Zhang",
    "Li",
    "Шевченко",
    "Коваленко",
    "Papadopoulos",
    "Müller",
    "Schmidt",
    "Rossi",
    "Bianchi",
    "Patel",
    "Singh",
    "Smith",
    "Johnson",
];

/// One of a thousand contacts, the same in every run.
fn generated(random: &mut fastrand::Rng) -> serde_json::Value {
    let name = format!("{} {}", random.choice(GIVEN).expect("some"), random.choice(FAMILY).expect("some"));
    // Numbers of the reserved exchange would all look alike, and compress as no real ones do.
    json!({ "name": name, "phone": format!("+1{}", random.u64(2_000_000_000..9_999_999_999)) })
}

async fn send(store: &Store, body: &serde_json::Value) -> serde_json::Value {
    let event = request("POST", "/address_book", "owner", Some(body.to_string()));
    let (status, answer) = read(&upload::handle(store, crate::support::region(), event).await);
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test]
async fn the_main_operations_stay_within_their_units() {
    let embedded = database().await;
    let meter = Meter::new(embedded.clone());
    let store = store_over(meter.clone());
    let mut random = fastrand::Rng::with_seed(7);
    let mut contacts: Vec<_> = (0..1_000).map(|_| generated(&mut random)).collect();

    let answer = send(&store, &json!({ "contacts": contacts })).await;
    assert_eq!(answer, json!({"created": 1000, "updated": 0, "deleted": 0, "rejected": {}}));
    let first = meter.take();
    assert!(first.written <= 1_030.0, "first upload: {first:?}");

    let answer = send(&store, &json!({ "contacts": contacts })).await;
    assert_eq!(answer, json!({"created": 0, "updated": 0, "deleted": 0, "rejected": {}}));
    let again = meter.take();
    assert!(again.written == 0.0 && again.read <= 8.0, "same upload again: {again:?}");

    contacts[500]["name"] = "Somebody Else".into();
    let answer = send(&store, &json!({ "contacts": [contacts[500]] })).await;
    assert_eq!(answer, json!({"created": 0, "updated": 1, "deleted": 0, "rejected": {}}));
    let renamed = meter.take();
    assert!(renamed.written <= 24.0, "one changed name: {renamed:?}");

    // A hundred of them sign up before another upload, which finds them.
    let plain = embedded.store();
    for (n, contact) in contacts.iter().enumerate().take(100) {
        let digits = contact["phone"].as_str().expect("a phone").trim_start_matches('+');
        let claim = PhoneClaim::Proven(phone(digits));
        let patch = ProfilePatch::default();
        sign_up(&plain, &SystemClock, &user(&format!("user-{n}")), claim, &patch).await.expect("signed up");
    }
    send(&store, &json!({ "contacts": [], "force": 1 })).await;
    send(&store, &json!({ "contacts": contacts })).await;
    meter.take();

    let event = request("GET", "/address_book/registered_users?compact=1", "owner", None);
    let (status, answer) = read(&registered_users::handle(&store, event).await);
    assert_eq!((status, answer["items"].as_array().map(Vec::len)), (200, Some(100)));
    let compact = meter.take();
    assert!(compact.requests == 1 && compact.read <= 8.0, "registered users compact: {compact:?}");

    println!("first {first:?}\nagain {again:?}\nrenamed {renamed:?}\ncompact {compact:?}");
}

#[tokio::test]
async fn an_empty_upload_into_no_book_writes_nothing() {
    let meter = Meter::new(database().await);
    let store = store_over(meter.clone());
    let nothing = crate::support::upload_of(Mode::Replace, vec![]);
    let home: HomeRegion = home();
    upload(&store, &user("owner"), &Scope::Global, &nothing, &home).await.expect("uploaded");
    let units = meter.take();
    assert_eq!((units.requests, units.written), (1, 0.0));
}
