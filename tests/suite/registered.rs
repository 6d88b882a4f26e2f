//! Tests of the full form of `registered_users` before a change of a user has reached the book.

use local::Inbox;
use model::SystemClock;
use serde_json::{Value, json};
use store::Store;

use support::embedded::{database, store_over};
use support::meter::Meter;
use support::requests::{read, request};
use support::{upload_settings, user_settings};

const OLGA: &str = "olga:+14155550100";
const BOB: &str = "bob:+16505550123";
const BOB_ELSEWHERE: &str = "bob:+16505550124";

/// The functions, without the stream and its queue: no book hears of any change.
struct Api(Store);

impl Api {
    async fn users(&self, method: &str, path: &str, token: &str, user: Value) -> Value {
        let event = request(method, path, token, Some(json!({ "user": user }).to_string()));
        let (inbox, settings) = (Inbox::default(), user_settings());
        let answer = users::handle(&self.0, &inbox, &SystemClock, &settings, event).await;
        let (status, answer) = read(&answer);
        assert!(status < 300, "{answer}");
        answer
    }

    /// Uploads Bob's number, once Bob has signed up. Returns the path of Bob's account.
    async fn olga_has_bob(&self) -> String {
        let bob = self.users("POST", "/users", BOB, json!({})).await;
        let body = json!({"contacts": [{"name": "Bob", "phone": "+16505550123"}]}).to_string();
        let event = request("POST", "/address_book", OLGA, Some(body));
        let answer = upload::handle(&self.0, &SystemClock, &upload_settings(), event).await;
        assert_eq!(answer.status_code, 200);
        format!("/users/{}", bob["user"]["id"])
    }

    /// Returns how many users Olga sees, in full form and in compact form.
    async fn olga_sees(&self) -> [usize; 2] {
        let mut seen = [0; 2];
        for (form, query) in ["", "?compact=1"].into_iter().enumerate() {
            let path = format!("/address_book/registered_users{query}");
            let answer = registered_users::handle(&self.0, request("GET", &path, OLGA, None)).await;
            seen[form] = read(&answer).1["items"].as_array().expect("a list").len();
        }
        seen
    }
}

#[tokio::test]
async fn a_user_who_hides_is_gone_from_the_full_form_at_once() {
    let api = Api(database().await.store());
    let bob = api.olga_has_bob().await;
    assert_eq!(api.olga_sees().await, [1, 1]);
    api.users("PUT", &bob, BOB, json!({"discoverable_by_phone": 0})).await;
    assert_eq!(api.olga_sees().await, [0, 1], "the book itself follows with the queue");
    api.users("PUT", &bob, BOB, json!({"discoverable_by_phone": 1})).await;
    assert_eq!(api.olga_sees().await, [1, 1]);
}

#[tokio::test]
async fn a_user_who_no_longer_has_the_number_is_gone_from_the_full_form_at_once() {
    let api = Api(database().await.store());
    let bob = api.olga_has_bob().await;
    api.users("PUT", &bob, BOB_ELSEWHERE, json!({"phone": "+16505550124"})).await;
    assert_eq!(api.olga_sees().await, [0, 1]);

    let api = Api(database().await.store());
    api.olga_has_bob().await;
    api.users("POST", "/users", "carol:+16505550123", json!({})).await;
    assert_eq!(api.olga_sees().await, [0, 1], "Carol has it now, and Bob's profile isn't hers");

    let api = Api(database().await.store());
    let bob = api.olga_has_bob().await;
    api.users("DELETE", &bob, BOB, json!({})).await;
    assert_eq!(api.olga_sees().await, [0, 1]);
}

#[tokio::test]
async fn the_full_form_reads_the_book_and_each_profile_strongly() {
    let meter = Meter::new(database().await);
    let api = Api(store_over(meter.clone()));
    api.olga_has_bob().await;
    meter.take();
    let event = request("GET", "/address_book/registered_users", OLGA, None);
    assert_eq!(registered_users::handle(&api.0, event).await.status_code, 200);
    let units = meter.take();
    assert_eq!((units.read, units.answered), (2.0, 2.0), "one unit for each");
}
