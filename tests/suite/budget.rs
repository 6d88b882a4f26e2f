//! Tests of the budget of new numbers: what it charges, and that nothing gets around it.

use std::sync::Mutex;

use model::{Budget, Clock, Limits};
use serde_json::{Value, json};
use store::Store;

use support::embedded::{database, store_over};
use support::gate::{Request, Scheduler, on_a_stopped_clock};
use support::meter::Meter;
use support::requests::{read, request};
use support::upload_settings;

const START_MS: u64 = 1_795_485_472_000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A clock that is set by hand.
#[derive(Debug)]
struct SetClock(Mutex<u64>);

impl SetClock {
    fn new() -> Self {
        Self(Mutex::new(START_MS))
    }

    fn pass(&self, milliseconds: u64) {
        *self.0.lock().expect("no panic") += milliseconds;
    }
}

impl Clock for SetClock {
    fn now_ms(&self) -> u64 {
        *self.0.lock().expect("no panic")
    }
}

/// Returns settings that allow ten numbers at once, and one more each day.
fn settings() -> upload::Settings {
    let budget = Budget::new(10, 1);
    let limits = Limits { budget, phoneless_budget: Some(budget), ..Limits::default() };
    upload::Settings { limits, ..upload_settings() }
}

fn contacts(numbers: std::ops::Range<u32>) -> Vec<Value> {
    numbers.map(|n| json!({"name": format!("{n}"), "phone": format!("+1650555{n:04}")})).collect()
}

struct Api {
    store: Store,
    clock: SetClock,
    settings: upload::Settings,
}

impl Api {
    async fn new() -> Self {
        Self { store: database().await.store(), clock: SetClock::new(), settings: settings() }
    }

    /// Sends a request, and returns the answer's status and its Retry-After.
    async fn send(&self, method: &str, path: &str, token: &str, body: Value) -> (i64, Option<u64>) {
        let body = (!body.is_null()).then(|| body.to_string());
        let event = request(method, path, token, body);
        let response = upload::handle(&self.store, &self.clock, &self.settings, event).await;
        let after =
            response.headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        (response.status_code, after)
    }

    async fn upload(&self, token: &str, body: Value) -> (i64, Option<u64>) {
        self.send("POST", "/address_book", token, body).await
    }

    /// Returns how many contacts are in a book of Ann's.
    async fn count(&self, query: &str) -> usize {
        let event = request("GET", &format!("/address_book{query}"), "ann", None);
        read(&get::handle(&self.store, event).await).1.as_array().map_or(0, Vec::len)
    }

    async fn add(&self, token: &str, numbers: std::ops::Range<u32>) -> (i64, Option<u64>) {
        self.upload(token, json!({"contacts": contacts(numbers)})).await
    }

    async fn size(&self, token: &str) -> usize {
        let (_, book) =
            read(&get::handle(&self.store, request("GET", "/address_book", token, None)).await);
        book.as_array().map_or(0, Vec::len)
    }
}

const DONE: (i64, Option<u64>) = (200, None);
/// The answer if there is room again in a day, when one number has leaked out.
const A_DAY: (i64, Option<u64>) = (429, Some(86_400));

#[tokio::test]
async fn an_upload_beyond_the_budget_is_429_until_enough_has_leaked_and_changes_nothing() {
    let api = Api::new().await;
    assert_eq!(api.add("ann", 0..10).await, DONE);
    assert_eq!(api.add("ann", 0..10).await, DONE, "contacts that are in the book are free");
    assert_eq!(api.add("ann", 0..11).await, A_DAY);
    assert_eq!(api.size("ann").await, 10);
    let event = request(
        "POST",
        "/address_book",
        "ann",
        Some(json!({"contacts": contacts(10..11)}).to_string()),
    );
    let (_, error) = read(&upload::handle(&api.store, &api.clock, &api.settings, event).await);
    let sentence = "Too many new phones were added of late. Please try again later.";
    assert_eq!(error, json!({"errors": {"base": [sentence]}}));
    api.clock.pass(DAY_MS - 500);
    assert_eq!(api.add("ann", 10..11).await, (429, Some(1)));
    api.clock.pass(500);
    assert_eq!(api.add("ann", 10..11).await, DONE);
    assert_eq!(api.add("ann", 11..12).await, A_DAY);
    assert_eq!(api.add("ben", 0..10).await, DONE, "everybody has a budget of their own");
    assert_eq!(api.add("cat", 0..11).await, (422, None), "no waiting would help");
}

#[tokio::test]
async fn nothing_is_refunded_by_destroying_forcing_wiping_or_another_book() {
    let empty = json!({"contacts": [], "force": 1});
    let destroy: Vec<Value> =
        (0..5).map(|n| json!({"phone": format!("+1650555{n:04}"), "destroy": 1})).collect();
    for (name, cycle) in
        [("destroy", json!({"contacts": destroy})), ("force", empty), ("wipe", Value::Null)]
    {
        let api = Api::new().await;
        assert_eq!(api.add("ann", 0..5).await, DONE);
        let method = if cycle.is_null() { "DELETE" } else { "POST" };
        assert_eq!(api.send(method, "/address_book", "ann", cycle).await, DONE, "{name}");
        assert_eq!(api.size("ann").await, 0, "{name}");
        assert_eq!(api.add("ann", 5..10).await, DONE, "{name}");
        assert_eq!(api.add("ann", 10..11).await, A_DAY, "{name}");
    }
    let api = Api::new().await;
    for (n, udid) in ["one", "two"].iter().enumerate() {
        let numbers = contacts(n as u32 * 5..n as u32 * 5 + 5);
        assert_eq!(api.upload("ann", json!({"contacts": numbers, "udid": udid})).await, DONE);
    }
    assert_eq!(
        api.upload("ann", json!({"contacts": contacts(10..11), "udid": "three"})).await,
        A_DAY
    );
    let known = json!({"contacts": contacts(0..10), "udid": "three"});
    assert_eq!(
        api.upload("ann", known).await,
        DONE,
        "numbers in the user's other books are not new"
    );
}

#[tokio::test]
async fn another_account_with_the_same_proven_phone_is_the_same_payer() {
    let api = Api::new().await;
    assert_eq!(api.add("ann:+14155550100", 0..10).await, DONE);
    assert_eq!(api.add("ann-again:+14155550100", 10..11).await, A_DAY);
    assert_eq!(
        api.add("ann-again:+14155550101", 10..11).await,
        DONE,
        "another phone is another person"
    );
}

#[tokio::test]
async fn a_new_number_costs_one_write_and_a_known_one_none() {
    let meter = Meter::new(database().await);
    let (store, clock, settings) = (store_over(meter.clone()), SetClock::new(), settings());
    let api = Api { store, clock, settings };
    assert_eq!(api.add("ann", 0..2).await, DONE);
    meter.take();
    assert_eq!(api.add("ann", 2..3).await, DONE);
    // The hint, the budget and the book.
    assert_eq!(meter.take().written, 3.0);
    assert_eq!(api.add("ann", 0..3).await, DONE);
    assert_eq!(meter.take().written, 0.0);
}

#[tokio::test]
async fn an_upload_that_paid_and_failed_does_not_pay_again() {
    let api = Api::new().await;
    // The receipt is stored before the book is.
    assert_eq!(api.add("ann", 0..10).await, DONE);
    assert_eq!(api.send("DELETE", "/address_book", "ann", Value::Null).await, DONE);
    assert_eq!(api.add("ann", 0..10).await, DONE, "the same numbers were paid for");
    assert_eq!(api.send("DELETE", "/address_book", "ann", Value::Null).await, DONE);
    assert_eq!(api.add("ann", 10..20).await.0, 429, "other ones were not");
}

#[tokio::test]
async fn a_receipt_counts_for_minutes_and_not_for_ever() {
    let api = Api::new().await;
    let cycle = async || {
        let added = api.add("ann", 0..10).await;
        assert_eq!(api.send("DELETE", "/address_book", "ann", Value::Null).await, DONE);
        added
    };
    assert_eq!(cycle().await, DONE);
    for _ in 0..3 {
        api.clock.pass(4 * 60 * 1000);
        assert_eq!(cycle().await, DONE, "the receipt is younger than a quarter of an hour");
    }
    api.clock.pass(4 * 60 * 1000);
    assert_eq!(cycle().await.0, 429, "using a receipt doesn't make it last");
}

#[tokio::test]
async fn one_more_number_does_not_make_a_receipt_last() {
    let mut api = Api::new().await;
    api.settings.limits.phoneless_budget = Some(Budget::new(15, 1));
    assert_eq!(api.add("ann", 0..10).await, DONE);
    for more in 1..=2 {
        api.clock.pass(6 * 60 * 1000);
        assert_eq!(api.send("DELETE", "/address_book", "ann", Value::Null).await, DONE);
        assert_eq!(api.add("ann", 0..10 + more).await, DONE);
    }
    api.clock.pass(6 * 60 * 1000);
    assert_eq!(api.send("DELETE", "/address_book", "ann", Value::Null).await, DONE);
    assert_eq!(api.add("ann", 0..10).await.0, 429, "paid for 18 minutes ago");
}

#[tokio::test]
async fn a_set_that_differs_by_a_few_contacts_is_not_charged_again() {
    let mut api = Api::new().await;
    api.settings.limits.phoneless_budget = Some(Budget::new(1_000, 1));
    assert_eq!(api.add("ann", 0..900).await, DONE);
    assert_eq!(api.send("DELETE", "/address_book", "ann", Value::Null).await, DONE);
    // Three contacts are gone and three are new since the upload that crashed. There is room for a
    // hundred.
    assert_eq!(api.add("ann", 3..903).await, DONE);
    assert_eq!(api.size("ann").await, 900);
    assert_eq!(api.add("ann", 1_000..1_100).await.0, 429, "the new ones were charged");
}

#[tokio::test]
async fn a_token_that_proves_no_phone_has_a_budget_of_its_own_or_none() {
    let mut api = Api::new().await;
    api.settings.limits.phoneless_budget = None;
    let event = request(
        "POST",
        "/address_book",
        "ann",
        Some(json!({"contacts": contacts(0..1)}).to_string()),
    );
    let answer = upload::handle(&api.store, &api.clock, &api.settings, event).await;
    let sentence =
        "Contacts can be added only after the user has proven a phone: verify one first.";
    assert_eq!(read(&answer), (422, json!({"errors": {"base": [sentence]}})));
    assert_eq!(api.upload("ann", json!({"contacts": [], "force": 1})).await, DONE);
    assert_eq!(api.add("ann:+14155550100", 0..10).await, DONE);
    // Without the phone, she may still rename and remove what she has.
    let renamed = json!([{"name": "Another", "phone": "+16505550000"},
                         {"phone": "+16505550001", "destroy": 1}]);
    assert_eq!(api.upload("ann", json!({ "contacts": renamed })).await, DONE);
    assert_eq!(api.add("ann", 10..11).await, (422, None));
    api.settings.limits.phoneless_budget = Some(Budget::new(3, 1));
    assert_eq!(api.add("ann", 10..13).await, DONE);
    assert_eq!(api.add("ann", 13..14).await, A_DAY);
    assert_eq!(Limits::default().phoneless_budget, None, "what the template says");
}

#[tokio::test]
async fn changes_of_books_are_bounded_and_what_changes_nothing_is_not() {
    let mut api = Api::new().await;
    api.settings.limits.book_changes = Budget::new(3, 24);
    let named = |name: &str| json!({"contacts": [{"name": name, "phone": "+16505550000"}]});
    for name in ["one", "two", "three", "three", "three"] {
        assert_eq!(api.upload("ann", named(name)).await, DONE, "{name}");
    }
    assert_eq!(api.upload("ann", named("four")).await, (429, Some(3_600)));
    let destroy = json!({"contacts": [{"phone": "+16505550000", "destroy": 1}]});
    assert_eq!(api.upload("ann", destroy.clone()).await, (429, Some(3_600)));
    assert_eq!(api.upload("ann", named("three")).await, DONE, "it changes nothing");
    assert_eq!(api.upload("ben", named("four")).await, DONE, "others have buckets of their own");
    api.clock.pass(60 * 60 * 1000);
    assert_eq!(api.upload("ann", destroy).await, DONE);
}

#[tokio::test]
async fn an_upload_of_many_numbers_counts_as_several_changes() {
    let mut api = Api::new().await;
    api.settings.limits.phoneless_budget = Some(Budget::new(1_000, 1));
    api.settings.limits.book_changes = Budget::new(5, 1);
    assert_eq!(api.add("ann", 0..300).await, DONE);
    assert_eq!(api.add("ann", 300..400).await.0, 429);
    assert_eq!(api.add("ann", 300..301).await, DONE);
    assert_eq!(api.add("ben", 0..900).await, DONE, "an empty bucket has room for any upload");
}

#[tokio::test]
async fn more_books_contacts_or_contacts_at_once_than_allowed_are_refused() {
    let mut api = Api::new().await;
    let budget = Budget::new(100, 1);
    api.settings.limits = Limits {
        budget,
        phoneless_budget: Some(budget),
        contacts_per_request: 8,
        contacts_per_user: 10,
        books_per_user: 2,
        ..Limits::default()
    };
    assert_eq!(api.add("ann", 0..9).await, (422, None));
    assert_eq!(api.add("ann", 0..8).await, DONE);
    let device =
        |udid: &str, numbers| json!({"contacts": contacts(numbers), "udid": udid}).to_string();
    let send = async |body| {
        let event = request("POST", "/address_book", "ann", Some(body));
        read(&upload::handle(&api.store, &api.clock, &api.settings, event).await)
    };
    let full = json!(["The address book is full."]);
    let expected =
        json!({"created": 2, "updated": 0, "deleted": 0, "rejected": {"2": full, "3": full}});
    assert_eq!(send(device("one", 20..24)).await, (200, expected));
    // Another device's book takes the place of the first one's.
    assert_eq!(send(device("two", 0..1)).await.0, 200);
    assert_eq!(api.count("?udid=one").await, 0);
    assert_eq!((api.count("").await, api.count("?udid=two").await), (8, 1));
    // Nothing takes the place of the global book.
    api.settings.limits.books_per_user = 1;
    assert_eq!(api.send("DELETE", "/address_book?udid=two", "ann", Value::Null).await, DONE);
    let event = request("POST", "/address_book", "ann", Some(device("three", 0..1)));
    let answer = read(&upload::handle(&api.store, &api.clock, &api.settings, event).await);
    let sentence = "There are 1 address books already: delete one first.";
    assert_eq!(answer, (422, json!({"errors": {"udid": [sentence]}})));
}

#[tokio::test]
async fn a_number_in_several_books_of_one_user_counts_once() {
    let mut api = Api::new().await;
    let budget = Budget::new(100, 1);
    api.settings.limits = Limits {
        phoneless_budget: Some(budget),
        contacts_per_request: 20,
        contacts_per_user: 10,
        books_per_user: 3,
        ..api.settings.limits
    };
    assert_eq!(api.add("ann", 0..8).await, DONE);
    let send = async |udid: &str, numbers| {
        let body = json!({"contacts": contacts(numbers), "udid": udid}).to_string();
        let event = request("POST", "/address_book", "ann", Some(body));
        read(&upload::handle(&api.store, &api.clock, &api.settings, event).await).1
    };
    let full = json!(["The address book is full."]);
    assert_eq!(send("one", 0..10).await["rejected"], json!({}), "eight of them are there already");
    assert_eq!(send("two", 4..11).await["rejected"], json!({"6": full}), "the eleventh is new");
    // Another phone of the user, with the same contacts, may come and go for ever.
    for udid in ["three", "four", "five"] {
        assert_eq!(send(udid, 0..10).await["rejected"], json!({}), "{udid}");
    }
}

/// Two uploads at once, with room in the budget for one of them, in every order of their requests
/// about the budget.
#[test]
fn uploads_that_race_for_the_bucket_get_through_only_as_far_as_there_is_room() {
    let mut open: Vec<Vec<usize>> = vec![vec![]];
    let mut runs = 0;
    while let Some(order) = open.pop() {
        runs += 1;
        on_a_stopped_clock(async {
            let embedded = database().await;
            let mut scheduler = Scheduler::new(embedded.clone(), |_, _| false);
            for (n, udid) in ["one", "two"].into_iter().enumerate() {
                scheduler
                    .spawn(async move |store| {
                        let numbers = contacts(n as u32 * 6..n as u32 * 6 + 6);
                        let body = json!({"contacts": numbers, "udid": udid}).to_string();
                        let event = request("POST", "/address_book", "ann", Some(body));
                        let answer =
                            upload::handle(&store, &SetClock::new(), &settings(), event).await;
                        assert!([200, 429].contains(&answer.status_code), "{}", answer.status_code);
                    })
                    .await;
            }
            let about_budgets =
                |request: &Request| request.body["TableName"] == local::tables().budgets;
            open.extend(scheduler.finish_both(&order, about_budgets).await);
            let store = embedded.store();
            let mut learned = 0;
            for udid in ["one", "two"] {
                let event = request("GET", &format!("/address_book?udid={udid}"), "ann", None);
                learned += read(&get::handle(&store, event).await).1.as_array().map_or(0, Vec::len);
            }
            assert_eq!(learned, 6, "after {order:?}");
        });
    }
    assert!(runs >= 6, "two reads and two writes have six orders: {runs}");
}
