//! Tests of the main job over HTTP, on the running server.

use std::time::Duration;

use local::{Args, Server};
use serde_json::{Value, json};

use support::http::call;

const ALICE: &str = "alice:+14155550100";
const BOB: &str = "bob:+16505550123";

async fn server() -> Server {
    Server::start(&Args { port: 0, ..Args::default() }).await.expect("a server")
}

#[tokio::test]
async fn the_documented_contacts_are_created_edited_destroyed_and_replaced() {
    let server = server().await;
    let at = server.address();
    let upload = async |body: Value| call(at, "POST", "/address_book.json", ALICE, body).await;
    let counts = |created: u32, updated: u32, deleted: u32| {
        (200, json!({"created": created, "updated": updated, "deleted": deleted, "rejected": {}}))
    };
    let three = json!([
        {"name": "Gordie Kann", "phone": "1879108395"},
        {"name": "Hildegarde", "phone": "2759108396"},
        {"name": "Buiron", "phone": "3759108396"},
    ]);
    assert_eq!(upload(json!({"contacts": three})).await, counts(3, 0, 0));
    assert_eq!(upload(json!({"contacts": three})).await, counts(0, 0, 0));
    assert_eq!(call(at, "GET", "/address_book", ALICE, Value::Null).await, (200, three.clone()));
    let edit = json!({"contacts": [{"name": "Gordie", "phone": "1879108395"}, {"phone": "2759108396", "destroy": 1}]});
    assert_eq!(upload(edit).await, counts(0, 1, 1));
    let device = json!({"udid": "XXX", "contacts": [{"name": "Else", "phone": "2759108396"}]});
    assert_eq!(upload(device).await, counts(1, 0, 0));
    let forced = json!({"force": 1, "contacts": [{"name": "Plus", "phone": "+4915112345678"}]});
    assert_eq!(upload(forced).await, counts(1, 0, 2));
    let global = call(at, "GET", "/address_book", ALICE, Value::Null).await;
    assert_eq!(global, (200, json!([{"name": "Plus", "phone": "+4915112345678"}])));
    let device = call(at, "GET", "/address_book?udid=XXX", ALICE, Value::Null).await;
    assert_eq!(device, (200, json!([{"name": "Else", "phone": "2759108396"}])));
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn an_owner_is_told_once_of_a_contact_who_joins() {
    let server = server().await;
    let at = server.address();
    let device = json!({
        "notification_channel": "gcm",
        "push_token": {"environment": "production", "client_identification_sequence": "t1"},
        "device": {"platform": "android", "udid": "pixel"}
    });
    assert_eq!(call(at, "POST", "/subscriptions", ALICE, device).await.0, 201);
    let contacts = json!({"contacts": [{"name": "Bob %s B.", "phone": "(650) 555-0123"}]});
    assert_eq!(call(at, "POST", "/address_book", ALICE, contacts).await.0, 200);
    let (status, bob) =
        call(at, "POST", "/users", BOB, json!({"user": {"full_name": "Robert"}})).await;
    assert_eq!(status, 201);
    let id = &bob["user"]["id"];

    let mut pushes = Value::Null;
    for _ in 0..200 {
        pushes = call(at, "GET", "/_local/pushes", ALICE, Value::Null).await.1;
        if pushes != json!([]) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let text = "Bob %s B. is here now. Say hello!";
    let push = json!({"user_id": "alice", "device_udid": "pixel", "text": text, "data": {"id": id, "phone": "16505550123"}});
    assert_eq!(pushes, json!([push]));
    let registered =
        call(at, "GET", "/address_book/registered_users?compact=1", ALICE, Value::Null).await;
    let user = json!({"id": id, "phone": "16505550123", "address_book_name": "Bob %s B."});
    assert_eq!(registered, (200, json!({"items": [{"user": user}]})));
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn what_is_kept_in_a_file_is_there_at_the_next_start() {
    let file = std::env::temp_dir().join(format!("address-book-{}.sqlite", std::process::id()));
    let args = Args { port: 0, data: Some(file.clone()), ..Args::default() };
    let contacts = json!([{"name": "Bob", "phone": "(650) 555-0123"}]);
    let server = Server::start(&args).await.expect("a server");
    let upload = json!({ "contacts": contacts });
    assert_eq!(call(server.address(), "POST", "/address_book", ALICE, upload).await.0, 200);
    server.stop().await.expect("stopped");

    let server = Server::start(&args).await.expect("a server");
    assert_eq!(
        call(server.address(), "GET", "/address_book", ALICE, Value::Null).await,
        (200, contacts)
    );
    // The stream continues after the last record that was read, and the join finds what the file
    // holds.
    assert_eq!(call(server.address(), "POST", "/users", BOB, json!({"user": {}})).await.0, 201);
    let mut registered = Value::Null;
    for _ in 0..200 {
        registered =
            call(server.address(), "GET", "/address_book/registered_users", ALICE, Value::Null)
                .await
                .1;
        if registered != json!({"items": []}) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(registered["items"][0]["user"]["phone"], "16505550123");
    server.stop().await.expect("stopped");
    for suffix in ["", "-wal", "-shm", ".keys"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
    }
}
