//! Tests of what users choose: to be told, to be announced, to be found.

use protocol::ProfilePatch;

use super::{P, Told, Town};
use serde_json::{Value, json};
use support::requests::{read, request};

fn patch(change: impl FnOnce(&mut ProfilePatch)) -> ProfilePatch {
    let mut patch = ProfilePatch::default();
    change(&mut patch);
    patch
}

async fn registered(town: &Town, owner: &str) -> Vec<Value> {
    let event = request("GET", "/address_book/registered_users?compact=1", owner, None);
    let (status, answer) = read(&registered_users::handle(&town.store, event).await);
    assert_eq!(status, 200);
    answer["items"]
        .as_array()
        .expect("an array")
        .iter()
        .map(|item| item["user"]["id"].clone())
        .collect()
}

#[tokio::test]
async fn a_user_who_turned_join_notices_off_gets_none_until_they_turn_them_on() {
    let town = Town::new().await;
    town.subscribed("ann").await;
    town.subscribed("ben").await;
    let nobody = Value::Null;
    let claim = protocol::PhoneClaim::None;
    let off = patch(|patch| patch.notify_me = Some(false));
    let ann = protocol::sign_up(&town.store, &town.clock, &support::user("ann"), claim, &off).await;
    let ann = ann.expect("signed up").id;
    assert_eq!(town.store_devices("ann").await, 1, "the subscription itself stays");

    let id = town.signs_up("joy", &ProfilePatch::default()).await;
    let told = town.tell(&nobody).await;
    assert_eq!((told.join.recipients, told.push.sent), (2, 1));
    assert_eq!((town.phones.taken("ann"), town.phones.taken("ben")), (0, 1));
    assert_eq!(
        registered(&town, "ann").await,
        [json!(id)],
        "the book shows the joiner all the same"
    );

    town.changes("ann", ann, &patch(|patch| patch.notify_me = Some(true))).await;
    town.leaves("joy", id).await;
    town.joins("jim").await;
    assert_eq!((town.phones.taken("ann"), town.phones.taken("ben")), (1, 1));
}

#[tokio::test]
async fn a_user_who_joins_unannounced_shows_in_books_and_nobody_is_told() {
    let town = Town::new().await;
    town.subscribed("ann").await;
    let id = town.signs_up("joy", &patch(|patch| patch.announce_me = Some(false))).await;
    let Told { join, push } = town.tell(&Value::Null).await;
    assert_eq!((join.books, join.recipients, push.sent), (1, 0, 0));
    assert_eq!(registered(&town, "ann").await, [json!(id)]);
}

#[tokio::test]
async fn people_who_move_in_silently_show_in_books_and_nobody_is_ever_told() {
    let town = Town::new().await;
    town.subscribed("ann").await;
    let id = town.signs_up("joy", &patch(|patch| patch.is_silent = true)).await;
    let Told { join, push } = town.tell(&Value::Null).await;
    assert_eq!((join.books, join.recipients, push.sent), (1, 0, 0));
    assert_eq!(registered(&town, "ann").await, [json!(id)]);
    // What she does later doesn't announce her either, and she hasn't chosen it: her next phone is
    // announced.
    let before = town.image().await;
    town.changes("joy", id, &patch(|patch| patch.details.full_name = Some("Joy".to_owned()))).await;
    assert_eq!(town.image().await, before);
    town.changes("joy", id, &patch(|patch| patch.announce_me = Some(true))).await;
    assert_eq!(town.tell(&before).await.push.sent, 0);
    town.leaves("joy", id).await;
    let (_, told) = town.joins("joy").await;
    assert_eq!(told.push.sent, 1);
}

#[tokio::test]
async fn a_user_who_hides_leaves_all_books_and_is_not_announced_twice_on_coming_back() {
    let town = Town::new().await;
    town.subscribed("ann").await;
    let (id, told) = town.joins("joy").await;
    assert_eq!(told.push.sent, 1);
    for days in [0, 40] {
        let before = town.image().await;
        town.changes("joy", id, &patch(|patch| patch.discoverable_by_phone = Some(false))).await;
        assert_eq!(town.tell(&before).await.join.books, 1);
        assert_eq!(registered(&town, "ann").await, [0; 0]);

        // Claims expire after 30 days. Something more than the claims has to keep people from being
        // told twice.
        town.clock.pass(days * 24 * 60 * 60 * 1000);
        let before = town.image().await;
        town.changes("joy", id, &patch(|patch| patch.discoverable_by_phone = Some(true))).await;
        let Told { join, push } = town.tell(&before).await;
        assert_eq!((join.joins, join.books, push.sent), (0, 1, 0), "after {days} days");
        assert_eq!(registered(&town, "ann").await, [json!(id)], "after {days} days");
    }
    assert_eq!(town.phones.taken("ann"), 1);
}

#[tokio::test]
async fn a_user_who_signs_up_hidden_shows_in_no_book_old_or_new() {
    let town = Town::new().await;
    town.subscribed("ann").await;
    town.signs_up("joy", &patch(|patch| patch.discoverable_by_phone = Some(false))).await;
    let told = town.tell(&Value::Null).await;
    assert_eq!((told.join.joins, told.join.books, told.join.recipients), (0, 1, 0));
    town.subscribed("ben").await;
    for owner in ["ann", "ben"] {
        assert_eq!(registered(&town, owner).await, [0; 0], "{owner}");
    }
    assert!(town.holder_is("joy").await);
}

#[tokio::test]
async fn a_user_who_leaves_and_comes_back_is_announced_only_to_owners_who_had_not_heard() {
    let town = Town::new().await;
    town.subscribed("ann").await;
    let (first, _) = town.joins("joy").await;
    let before = town.image().await;
    town.leaves("joy", first).await;
    town.tell(&before).await;
    town.subscribed("ben").await;

    let (second, told) = town.joins("joy").await;
    assert_ne!(first, second);
    assert_eq!((told.join.recipients, told.push.sent), (2, 1), "a number that came back: {P}");
    assert_eq!((town.phones.taken("ann"), town.phones.taken("ben")), (1, 1));
    for owner in ["ann", "ben"] {
        assert_eq!(registered(&town, owner).await, [json!(second)], "{owner}");
    }
}

#[tokio::test]
async fn a_number_that_changes_hands_within_30_days_is_announced_once() {
    let town = Town::new().await;
    town.subscribed("ann").await;
    let (joy, _) = town.joins("joy").await;
    // One takes it over, and then the first one is back under another subject.
    for (before, after) in [("joy", "jim"), ("jim", "joy-again")] {
        let (id, told) = town.joins(after).await;
        assert_eq!((told.join.recipients, told.push.sent), (1, 0), "from {before} to {after}");
        assert_eq!(registered(&town, "ann").await, [json!(id)], "the book shows {after}");
        assert_ne!(id, joy);
    }
    assert_eq!(town.phones.taken("ann"), 1);
    // A user whose device wasn't told before hears of the present holder.
    town.subscribed("ben").await;
    let (_, told) = town.joins("jon").await;
    assert_eq!((told.push.sent, town.phones.taken("ben")), (1, 1));
}
