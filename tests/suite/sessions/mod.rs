//! Tests of sessions: how they begin and end, whose they are, and what they prove.

mod deployment;

use local::{HttpFunctions, Inbox};
use serde_json::{Value, json};
use store::SessionStore;

use support::requests::in_session;

use self::deployment::{DAY_MS, Deployment, ISSUERS, SECOND_MS, START_MS, login, no_session};

#[tokio::test]
async fn an_application_session_becomes_a_users_under_its_token_and_may_become_anothers() {
    let api = Deployment::new().await;
    let (token, nobody) = api.begin(json!({"application_id": 7, "nonce": 3})).await;
    assert_eq!(nobody, Value::Null);
    assert_eq!(api.call("GET", "/address_book", &token, Value::Null).await.0, 422);
    for (who, digits) in [("ann:+16505550123", "16505550123"), ("ben:+16505550124", "16505550124")]
    {
        let (status, answer) = api.call("POST", "/login", &token, login(who)).await;
        assert_eq!((status, &answer["user"]["phone"]), (202, &json!(digits)), "{answer}");
        let (_, session) = api.call("GET", "/session", &token, Value::Null).await;
        assert_eq!(session["session"]["user_id"], answer["user"]["id"]);
        assert_eq!(session["session"]["application_id"], 7);
        let contact = json!({"contacts": [{"name": who, "phone": "+14155550100"}]});
        assert_eq!(api.call("POST", "/address_book", &token, contact).await.0, 200);
        let (_, book) = api.call("GET", "/address_book", &token, Value::Null).await;
        assert_eq!(book, json!([{"name": who, "phone": "+14155550100"}]), "each has a book");
        assert_eq!(api.call("DELETE", "/login", &token, Value::Null).await.0, 200);
        assert_eq!(api.call("GET", "/address_book", &token, Value::Null).await.0, 422);
    }
    for _ in 0..2 {
        assert_eq!(api.call("DELETE", "/session", &token, Value::Null).await.0, 200);
        assert!(no_session(&api.call("GET", "/address_book", &token, Value::Null).await));
        assert!(no_session(&api.call("POST", "/login", &token, login("ann")).await));
    }
}

#[tokio::test]
async fn a_session_ends_by_itself_after_its_time() {
    let api = Deployment::new().await;
    let (token, _) = api.begin(login("ann")).await;
    api.pass(DAY_MS - 1);
    assert_eq!(api.call("GET", "/address_book", &token, Value::Null).await.0, 200);
    api.pass(1);
    for (method, path) in
        [("GET", "/address_book"), ("DELETE", "/address_book"), ("GET", "/session")]
    {
        assert!(no_session(&api.call(method, path, &token, Value::Null).await), "{method} {path}");
    }
    let (again, _) = api.begin(login("ann")).await;
    assert_eq!(api.call("GET", "/address_book", &again, Value::Null).await.0, 200);
}

#[tokio::test]
async fn an_ended_session_changes_nothing_any_more() {
    let api = Deployment::new().await;
    let (token, user) = api.begin(login("ann:+16505550123")).await;
    let (other, _) = api.begin(login("ann:+16505550123")).await;
    let device = json!({
        "notification_channel": "gcm", "device": {"platform": "android", "udid": "pixel"},
        "push_token": {"environment": "production", "client_identification_sequence": "token"},
    });
    let (_, subscribed) = api.call("POST", "/subscriptions", &token, device.clone()).await;
    let subscription = format!("/subscriptions/{}", subscribed[0]["subscription"]["id"]);
    assert_eq!(api.call("DELETE", "/session", &token, Value::Null).await.0, 200);
    let own = format!("/users/{}", user["id"]);
    let export = format!("{own}/export");
    let contacts = json!({"contacts": [{"name": "Bob", "phone": "+14155550100"}]});
    for (method, path, body) in [
        ("POST", "/address_book", contacts),
        ("DELETE", "/address_book", Value::Null),
        ("POST", "/users", json!({"user": {}})),
        ("PUT", "/users", json!({"user": {"full_name": "Ann"}})),
        ("PUT", own.as_str(), json!({"user": {"full_name": "Ann"}})),
        ("DELETE", own.as_str(), Value::Null),
        ("DELETE", "/users", Value::Null),
        ("POST", "/subscriptions", device),
        ("DELETE", subscription.as_str(), Value::Null),
        ("POST", "/login", login("ann")),
        ("GET", export.as_str(), Value::Null),
    ] {
        assert!(no_session(&api.call(method, path, &token, body).await), "{method} {path}");
    }
    let (status, kept) = api.call("GET", "/subscriptions", &other, Value::Null).await;
    assert_eq!((status, kept), (200, subscribed), "the device stays subscribed");
}

#[tokio::test]
async fn deleting_the_account_ends_all_sessions_and_not_those_of_the_next_account() {
    let api = Deployment::new().await;
    let (one, first) = api.begin(login("ann")).await;
    let (two, _) = api.begin(login("ann")).await;
    let (bound, _) = api.begin(json!({})).await;
    assert_eq!(api.call("POST", "/login", &bound, login("ann")).await.0, 202);
    assert_eq!(api.call("DELETE", "/users", &one, Value::Null).await.0, 200);
    let rename = json!({"user": {"full_name": "Ann"}});
    for token in [&one, &two, &bound] {
        assert!(no_session(&api.call("PUT", "/users", token, rename.clone()).await));
        assert!(no_session(&api.call("GET", "/session", token, Value::Null).await));
        // It doesn't open the account again.
        assert!(no_session(&api.call("POST", "/login", token, login("ann")).await));
    }
    assert_eq!(api.call("DELETE", "/users", &one, Value::Null).await.0, 200, "it may be repeated");

    let (next, second) = api.begin(login("ann")).await;
    assert_ne!(first["id"], second["id"]);
    for token in [&one, &two, &bound] {
        assert!(no_session(&api.call("PUT", "/users", token, rename.clone()).await));
        let (status, _) = api.call("DELETE", "/users", token, Value::Null).await;
        assert_eq!(status, 403, "an old session doesn't delete the new account");
    }
    assert_eq!(api.call("PUT", "/users", &next, rename).await.0, 200);
}

#[tokio::test]
async fn whoever_registers_a_phone_keeps_it_from_those_who_proved_it_before() {
    let api = Deployment::new().await;
    let phone = json!({"phone_number": "+16505550123", "phone_number_verified": true});
    let proven_at = |seconds: u64| {
        let mut claims = phone.clone();
        claims["auth_time"] = (START_MS / 1000 - seconds).into();
        claims
    };
    let first = api.by_token(ISSUERS[0], "ann", proven_at(60)).await.1;
    assert_eq!(first["session"]["user"]["phone"], "16505550123");
    // The number is Ben's now. He proves it after Ann has registered.
    let old = first["session"]["token"].as_str().expect("a token").to_owned();
    api.pass(60 * SECOND_MS);
    let mut claims = phone.clone();
    claims["iat"] = (START_MS / 1000 + 30).into();
    let (_, ben) = api.by_token(ISSUERS[0], "ben", claims).await;
    assert_eq!(ben["session"]["user"]["phone"], "16505550123");
    // Ann's provider makes new tokens of her old proof, and her session is as old.
    let (status, again) = api.by_token(ISSUERS[0], "ann", proven_at(60)).await;
    assert_eq!((status, &again["session"]["user"]["phone"]), (201, &Value::Null));
    let claim = json!({"user": {"phone": "+16505550123"}});
    let (status, refused) = api.call("PUT", "/users", &old, claim).await;
    assert_eq!((status, refused), (422, json!({"errors": {"phone": ["has already been taken"]}})));
    let token = ben["session"]["token"].as_str().expect("a token");
    let (_, still) = api.call("GET", "/session", token, Value::Null).await;
    let own = format!("/users/{}", still["session"]["user_id"]);
    let (_, profile) = api.call("GET", &own, token, Value::Null).await;
    assert_eq!(profile["user"]["phone"], "16505550123");
}

#[tokio::test]
async fn a_subject_of_one_issuer_is_nobody_of_another() {
    let api = Deployment::new().await;
    let mut ids = vec![];
    for (issuer, subject, status) in [
        (ISSUERS[0], "ann", 201),
        (ISSUERS[1], "ann", 201),
        (ISSUERS[0], "https://two.example ann", 401),
        ("https://three.example", "ann", 401),
        (ISSUERS[0], "", 401),
    ] {
        let answer = api.by_token(issuer, subject, json!({})).await;
        assert_eq!(answer.0, status, "{issuer} {subject}: {}", answer.1);
        if status == 401 {
            assert_eq!(answer.1, json!({"errors": {"base": ["Unauthorized"]}}));
        } else {
            ids.push(answer.1["session"]["user_id"].clone());
        }
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn nobody_is_signed_up_by_a_session_that_is_anothers_or_by_an_issuers_name() {
    let api = Deployment::new().await;
    let (token, _) = api.begin(login("ann")).await;
    assert_eq!(api.call("POST", "/login", &token, login("ann")).await.0, 202);
    assert_eq!(api.call("POST", "/login", &token, login("ben")).await.0, 422);
    for issuer in ISSUERS {
        let refused = api.call("POST", "/session", "", login(&format!("{issuer} ann"))).await;
        assert_eq!(refused, (401, json!({"errors": {"base": ["Unauthorized"]}})));
    }
    let (_, cat) = api.begin(login("cat")).await;
    assert_eq!(cat["id"], 2, "Ben wasn't signed up");
}

#[tokio::test]
async fn a_claim_gives_the_id_and_nobody_gets_anothers() {
    let api = Deployment::new().await;
    for (subject, claim, status, id) in [
        ("ann", json!({"chat_id": 500}), 201, Some(500)),
        ("ann", json!({"chat_id": "500"}), 201, Some(500)),
        ("ann", json!({"chat_id": 501}), 201, Some(500)),
        ("ben", json!({"chat_id": 500}), 422, None),
        ("ben", json!({"chat_id": "many"}), 422, None),
        ("ben", json!({"chat_id": 2_147_483_648_u64}), 422, None),
        ("ben", json!({}), 201, Some(501)),
        ("cat", json!({"chat_id": 7}), 201, Some(7)),
    ] {
        let answer = api.by_token(ISSUERS[0], subject, claim.clone()).await;
        let given = answer.1["session"]["user_id"].as_u64();
        assert_eq!((answer.0, given), (status, id), "{subject} {claim}: {}", answer.1);
    }
}

#[tokio::test]
async fn an_id_that_is_given_is_drawn_by_no_process_that_had_it_in_its_block() {
    let api = Deployment::new().await;
    // This process draws a block of four, of which three are left.
    for who in ["a", "b", "c", "d"] {
        api.begin(login(who)).await;
    }
    let other = api.embedded.store();
    let give = async |user_id: &str, id: u64| {
        let event = json!({"action": "register", "user_id": user_id, "id": id});
        let (push, clock) = (Inbox::default(), model::SystemClock);
        let answer = users::invoke(&other, &push, &clock, &support::user_settings(), event).await;
        let Ok(users::Answer::Direct(answer)) = answer else { panic!("a direct answer") };
        answer
    };
    for (who, id) in [("e", 5), ("f", 6), ("g", 7)] {
        assert_eq!(give(who, id).await["user"]["id"], id);
    }
    assert_eq!(give("h", 7).await, json!({"errors": {"id": ["has already been taken"]}}));
    assert_eq!(give("g", 7).await["user"]["id"], 7, "it may be repeated");
    assert_eq!(give("g", 8).await["errors"]["id"].as_array().map(Vec::len), Some(1));
    let (_, drawn) = api.begin(login("i")).await;
    assert!(drawn["id"].as_u64() > Some(7), "{drawn}");
}

#[tokio::test]
async fn somebody_signs_up_in_an_application_session_with_a_login_and_a_password() {
    let api = Deployment::new().await;
    let (token, _) = api.begin(json!({})).await;
    let body =
        json!({"user": {"login": "ann:+16505550123", "password": "any", "full_name": "Ann"}});
    let (status, answer) = api.call("POST", "/users", &token, body).await;
    assert_eq!((status, &answer["user"]["full_name"]), (201, &json!("Ann")));
    assert_eq!(answer["user"]["phone"], "16505550123");
    let nobody = api.call("POST", "/users", &token, json!({"user": {"full_name": "Ann"}})).await;
    assert_eq!(nobody.0, 422, "{}", nobody.1);
    assert_eq!(api.call("GET", "/address_book", &token, Value::Null).await.0, 422, "no user yet");
    assert_eq!(api.call("POST", "/login", &token, login("ann:+16505550123")).await.0, 202);
}

#[tokio::test]
async fn people_one_knows_are_found_and_nobody_else() {
    let api = Deployment::new().await;
    let (ann, own) = api.begin(login("ann:+16505550123")).await;
    let (_, ben) = api.begin(login("ben:+16505550124")).await;
    let (cat_token, cat) = api.begin(login("cat:+16505550125")).await;
    let tagged = json!({"user": {"external_id": "crm 7", "email": "cat@example.com"}});
    api.call("PUT", "/users", &cat_token, tagged).await;
    let contacts =
        json!({"udid": "pixel", "contacts": [{"name": "Kitty", "phone": "+16505550125"}]});
    api.call("POST", "/address_book", &ann, contacts).await;
    for (path, found) in [
        (format!("/users/{}", own["id"]), Some(&own)),
        (format!("/users/{}", cat["id"]), Some(&cat)),
        (format!("/users/{}", ben["id"]), None),
        ("/users/2000000000".to_owned(), None),
        ("/users/by_login".to_owned(), None),
        ("/users/phone?phone=%2B1%20650%20555-0125".to_owned(), Some(&cat)),
        ("/users/phone?phone=16505550124".to_owned(), None),
        ("/users/external/crm%207.json".to_owned(), Some(&cat)),
        ("/users/external/other".to_owned(), None),
    ] {
        let (status, answer) = api.call("GET", &path, &ann, Value::Null).await;
        assert_eq!(status, if found.is_some() { 200 } else { 404 }, "{path}");
        assert_eq!(answer["user"]["id"], found.map_or(Value::Null, |user| user["id"].clone()));
    }
    for (query, total, ids) in [
        ("", 2, vec![&own, &cat]),
        ("limit=1&offset=1", 2, vec![&cat]),
        ("id[in][]=1&id[in][]=2&id[in][]=3", 2, vec![&own, &cat]),
        ("email=cat@example.com", 1, vec![&cat]),
        ("external_id[in][]=crm%207&id=1", 0, vec![]),
        ("phone=16505550124", 0, vec![]),
    ] {
        let path = format!("/users/v2?{query}");
        let (status, answer) = api.call("GET", &path, &ann, Value::Null).await;
        assert_eq!((status, &answer["total_entries"]), (200, &json!(total)), "{query}");
        let found = answer["items"].as_array().expect("a list").iter().map(|item| &item["id"]);
        assert!(found.eq(ids.into_iter().map(|user| &user["id"])), "{query}: {answer}");
    }
    // She hides, and isn't there any more.
    let hidden = json!({"user": {"discoverable_by_phone": 0}});
    assert_eq!(api.call("PUT", "/users", &cat_token, hidden).await.0, 200);
    let path = format!("/users/{}", cat["id"]);
    assert_eq!(api.call("GET", &path, &ann, Value::Null).await.0, 404);
}

#[tokio::test]
async fn without_keys_there_are_no_sessions() {
    let api = Deployment::new().await;
    let store = api.embedded.store();
    let functions = HttpFunctions { store, ..api.functions.clone() };
    let answer = functions.answer(in_session("POST", "/session", "", Some(&json!({})))).await;
    assert_eq!(answer.status_code, 422);
}

/// Measures what every request pays for its session, for `docs/SECURITY.md`:
/// `cargo test --test suite what_opening_a_session_costs -- --ignored --nocapture`
#[tokio::test]
#[ignore = "it measures, and asserts nothing about time"]
async fn what_opening_a_session_costs() {
    const TIMES: u32 = 10_000;
    let api = Deployment::new().await;
    let (token, _) = api.begin(login("ann:+16505550123")).await;
    let store = &api.functions.store;
    let began = std::time::Instant::now();
    for _ in 0..TIMES {
        assert!(store.open_session(&token).is_some());
    }
    println!("opening a session of {} bytes: {:?}", token.len(), began.elapsed() / TIMES);
}
