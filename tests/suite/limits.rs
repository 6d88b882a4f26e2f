//! Tests of the largest, the smallest and the strangest uploads that clients may send, through the
//! upload's handler.

use api::MAX_BODY_BYTES;
use model::{Scope, SystemClock};
use serde_json::{Value, json};
use store::{BookReader, OwnerIndex, Store};

use support::embedded::{database, store_over};
use support::meter::Meter;
use support::requests::{read, request};
use support::{upload_settings, user};

struct Api(Store);

impl Api {
    async fn new() -> Self {
        Self(database().await.store())
    }

    async fn upload_text(&self, body: String) -> (i64, Value) {
        let event = request("POST", "/address_book", "owner", Some(body));
        read(&upload::handle(&self.0, &SystemClock, &upload_settings(), event).await)
    }

    async fn upload(&self, body: Value) -> (i64, Value) {
        self.upload_text(body.to_string()).await
    }

    async fn book(&self, query: &str) -> (i64, Value) {
        let path = format!("/address_book{query}");
        read(&get::handle(&self.0, request("GET", &path, "owner", None)).await)
    }
}

/// Returns a different phone for each `n`. The digits of different `n` are unlike each other.
fn phone(n: u64) -> String {
    let mut random = fastrand::Rng::with_seed(n);
    format!("+1{}{n:07}", random.u64(200..999))
}

fn created(created: usize) -> (i64, Value) {
    (200, json!({"created": created, "updated": 0, "deleted": 0, "rejected": {}}))
}

#[tokio::test]
async fn a_body_that_makes_no_sense_changes_nothing() {
    let api = Api::new().await;
    let kept = json!([{"name": "Gordie Kann", "phone": "1879108395"}]);
    assert_eq!(api.upload(json!({"contacts": kept})).await, created(1));
    for (body, status) in [
        ("", 400),
        ("{", 400),
        ("{\"contacts\":[}", 400),
        ("\u{0}", 400),
        ("[]", 422),
        ("null", 422),
        ("{}", 422),
        (r#"{"contacts":{}}"#, 422),
        (r#"{"contacts":[],"force":[]}"#, 422),
        (r#"{"contacts":[],"force":1,"udid":[5]}"#, 422),
    ] {
        let (answered, error) = api.upload_text(body.to_owned()).await;
        assert_eq!(answered, status, "{body}");
        assert!(error["errors"].is_object(), "{body}: {error}");
    }
    assert_eq!(api.book("").await, (200, kept));
}

#[tokio::test]
async fn an_upload_without_contacts_is_valid_and_with_force_it_empties_the_book() {
    let api = Api::new().await;
    assert_eq!(api.upload(json!({"contacts": []})).await, created(0));
    let one = json!({"contacts": [{"name": "Gordie Kann", "phone": "1879108395", "extra": {"deep": [1]}}], "more": 1});
    assert_eq!(api.upload(one).await, created(1));
    let emptied = api.upload(json!({"contacts": [], "force": "1"})).await;
    assert_eq!(emptied, (200, json!({"created": 0, "updated": 0, "deleted": 1, "rejected": {}})));
    assert_eq!(api.book("").await, (200, json!([])));
}

#[tokio::test]
async fn a_full_book_of_the_longest_names_fits_into_an_answer_of_lambda() {
    let api = Api::new().await;
    let name = "𝒜".repeat(255);
    let contacts: Vec<Value> =
        (0..8_000).map(|n| json!({"name": name, "phone": phone(n)})).collect();
    // Uploads of that many bytes have to be split.
    let (first, second) = contacts.split_at(4_000);
    assert_eq!(api.upload(json!({"contacts": first})).await, created(first.len()));
    let (status, uploaded) = api.upload(json!({"contacts": second})).await;
    let more = usize::try_from(uploaded["created"].as_u64().expect("a count")).expect("few");
    assert_eq!(
        (status, uploaded["rejected"].as_object().map(serde_json::Map::len)),
        (200, Some(second.len() - more))
    );
    assert!(more > 0);

    let (status, book) = api.book("").await;
    assert_eq!((status, &book), (200, &Value::from(&contacts[..first.len() + more])));
    let in_lambda = json!({"body": book.to_string()}).to_string().len();
    assert!(in_lambda < 6_000_000 && in_lambda > 4_500_000, "an answer of {in_lambda} bytes");
}

#[tokio::test]
async fn ten_thousand_contacts_fit_into_one_request() {
    let api = Api::new().await;
    let contacts: Vec<Value> =
        (0..10_000).map(|n| json!({"name": format!("{n}"), "phone": phone(n)})).collect();
    assert_eq!(api.upload(json!({"contacts": contacts, "force": 1})).await, created(10_000));
    assert_eq!(api.upload(json!({"contacts": contacts, "force": 1})).await, created(0));
    assert_eq!(api.book("").await, (200, Value::Array(contacts)));
}

/// An upload put all of its hints and died. When the app repeats it, every hint is there already.
#[tokio::test]
async fn a_large_upload_that_is_repeated_after_a_crash_takes_batches() {
    const CONTACTS: u64 = 5_000;
    let meter = Meter::new(database().await);
    let api = Api(store_over(meter.clone()));
    let one = json!([{"name": "Gordie Kann", "phone": "+16505550123"}]);
    assert_eq!(api.upload(json!({"contacts": one})).await, created(1));
    let owner = user("owner");
    let seen = api.0.read_book(&owner, &Scope::Global).await.expect("readable");
    let phones: Vec<_> = (0..CONTACTS).map(|n| self::phone(n)[1..].parse().expect("one")).collect();
    api.0.put_hints(&owner, &Scope::Global, &phones, seen.version + 1).await.expect("written");
    meter.take();
    let contacts: Vec<Value> =
        (0..CONTACTS).map(|n| json!({"name": format!("{n}"), "phone": phone(n)})).collect();
    assert_eq!(api.upload(json!({"contacts": contacts})).await, created(5_000));
    let requests = meter.take().requests;
    // 200 calls insert, 200 update, 50 read holders.
    assert!(requests <= 460, "{requests} requests");
}

#[tokio::test]
async fn contacts_that_a_book_has_no_room_for_are_rejected_and_the_rest_is_kept() {
    let api = Api::new().await;
    // Names that no compressor makes smaller: 255 characters each, drawn from twenty thousand.
    let mut random = fastrand::Rng::with_seed(11);
    let mut name = || (0..255).map(|_| random.char('\u{4E00}'..'\u{9FFF}')).collect::<String>();
    let contacts: Vec<Value> =
        (0..2_000).map(|n| json!({"name": name(), "phone": phone(n)})).collect();
    let (status, uploaded) = api.upload(json!({"contacts": contacts})).await;
    assert_eq!(status, 200);
    let rejected = uploaded["rejected"].as_object().expect("an object");
    let room = contacts.len() - rejected.len();
    assert!(0 < room && room < contacts.len(), "{room} of {} fit", contacts.len());
    assert_eq!(uploaded["created"], room);
    for index in room..contacts.len() {
        assert_eq!(rejected[&index.to_string()], json!(["The address book is full."]), "{index}");
    }
    assert_eq!(api.book("").await, (200, contacts[..room].into()));

    // A full book still takes removals and changes that don't make it larger.
    let change = json!([{"phone": phone(0), "destroy": 1}, {"name": "Short", "phone": phone(1)}]);
    let changed = api.upload(json!({"contacts": change})).await;
    assert_eq!(changed, (200, json!({"created": 0, "updated": 1, "deleted": 1, "rejected": {}})));
    // Another book has room of its own.
    let elsewhere = json!({"contacts": contacts[room..=room], "udid": "pixel"});
    assert_eq!(api.upload(elsewhere).await, created(1));
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_413() {
    let api = Api::new().await;
    let body = |bytes: usize| format!("{}{{\"contacts\":[]}}", " ".repeat(bytes - 15));
    assert_eq!(api.upload_text(body(MAX_BODY_BYTES)).await.0, 200);
    let (status, error) = api.upload_text(body(MAX_BODY_BYTES + 1)).await;
    let sentence = "The body must not be larger than 5242880 bytes.";
    assert_eq!((status, error), (413, json!({"errors": {"base": [sentence]}})));
    assert_eq!(api.upload_text(body(6 * 1024 * 1024)).await.0, 413);
}

#[tokio::test]
async fn names_keep_what_people_write_and_lose_only_the_space_around_it() {
    let api = Api::new().await;
    let names = [
        ("  Gordie\u{A0}Kann\u{3000}", "Gordie\u{A0}Kann"),
        ("a\tb\nc\r\u{7}\u{0}d", "a\tb\nc\r\u{7}\u{0}d"),
        ("שלום \u{202E}مرحبا", "שלום \u{202E}مرحبا"),
        ("👩‍👩‍👧‍👦 %s \"quoted\" \\ </script>", "👩‍👩‍👧‍👦 %s \"quoted\" \\ </script>"),
        ("\u{FEFF}\u{200B}", "\u{FEFF}\u{200B}"),
    ];
    let contacts = |of: fn(&(&'static str, &'static str)) -> &'static str| -> Vec<Value> {
        names
            .iter()
            .zip(0..)
            .map(|(pair, n)| json!({"name": of(pair), "phone": phone(n)}))
            .collect()
    };
    assert_eq!(
        api.upload(json!({"contacts": contacts(|pair| pair.0)})).await,
        created(names.len())
    );
    assert_eq!(api.book("").await, (200, contacts(|pair| pair.1).into()));
}

#[tokio::test]
async fn a_phone_is_one_contact_however_it_is_spelled() {
    let api = Api::new().await;
    let spellings = [
        "+16505550123",
        "+1 (650) 555-0123",
        "001-650-555-0123",
        "＋１（６５０）５５５－０１２３",
        "+١٦٥٠٥٥٥٠١٢٣",
        "+१६५०५५५०१२३",
        "\u{202A}+1\u{A0}650\u{2009}555\u{2011}0123\u{202C}",
        "+1.650.555.0123;ext=7",
        "(650) 555-0123",
    ];
    let contacts: Vec<Value> =
        spellings.iter().map(|phone| json!({"name": "Alice", "phone": phone})).collect();
    assert_eq!(api.upload(json!({"contacts": contacts})).await, created(1));
    let last = json!([{"name": "Alice", "phone": "(650) 555-0123"}]);
    assert_eq!(api.book("").await, (200, last));
}

#[tokio::test]
async fn texts_that_are_not_phones_are_rejected() {
    let api = Api::new().await;
    let length = "Length of 'phone' field should be min: 10 and max: 15.";
    let phones = [
        "",
        "+",
        "\u{0}",
        "call me",
        "+1234567890123456",
        "123456789",
        "+1650555012٫3x",
        "++16505550123🔥",
    ];
    for phone in phones {
        let (status, answered) =
            api.upload(json!({"contacts": [{"name": "x", "phone": phone}]})).await;
        assert_eq!((status, &answered["rejected"]), (200, &json!({"0": [length]})), "{phone:?}");
    }
    assert_eq!(api.book("").await, (200, json!([])));
}

#[tokio::test]
async fn a_udid_may_hold_anything_up_to_its_length() {
    let api = Api::new().await;
    let longest = "📱".repeat(64);
    for (n, udid) in
        ["#", "/", "a/b#c", "\u{0}", "📱", "g", "d", "d1:x", &longest].iter().enumerate()
    {
        let contacts = json!([{"name": format!("book {n}"), "phone": "1879108395"}]);
        assert_eq!(
            api.upload(json!({"contacts": contacts, "udid": udid})).await,
            created(1),
            "{udid:?}"
        );
        let query =
            form_urlencoded::Serializer::new(String::new()).append_pair("udid", udid).finish();
        assert_eq!(api.book(&format!("?{query}")).await, (200, contacts), "{udid:?}");
    }
    let too_long = api.upload(json!({"contacts": [], "udid": "x".repeat(65)})).await;
    let sentence = json!({"errors": {"udid": ["Length of 'udid' field should be max: 64."]}});
    assert_eq!(too_long, (422, sentence));
    assert_eq!(api.book("").await, (200, json!([])));
}
