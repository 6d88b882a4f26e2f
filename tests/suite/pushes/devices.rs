//! Tests of subscriptions and the endpoints that they own.

use model::PublicId;
use protocol::{MAX_SUBSCRIPTIONS, unsubscribe};
use store::SubscriptionStore;

use super::Town;
use support::phones::endpoint;
use support::user;

impl Town {
    pub(super) async fn store_devices(&self, name: &str) -> usize {
        self.store.subscriptions(&user(name)).await.expect("readable").len()
    }

    fn endpoints(&self) -> Vec<String> {
        self.phones.endpoints().into_iter().collect()
    }
}

#[tokio::test]
async fn a_rotated_token_replaces_the_old_one_and_its_endpoint_is_deleted() {
    let town = Town::new().await;
    let first = town.device("ann", "pixel", "old").await;
    let same = town.device("ann", "pixel", "old").await;
    let rotated = town.device("ann", "pixel", "new").await;
    assert_eq!((first.id, first.id), (same.id, rotated.id));
    assert_eq!((town.store_devices("ann").await, town.endpoints()), (1, vec![endpoint("new")]));
    // The old token is free, and another user may have it.
    town.device("ben", "tablet", "old").await;
    assert_eq!(town.store_devices("ann").await, 1);
}

#[tokio::test]
async fn a_token_that_moved_to_another_user_leaves_the_first_one_and_keeps_its_endpoint() {
    let town = Town::new().await;
    town.device("ann", "pixel", "token").await;
    let moved = town.device("ben", "pixel", "token").await;
    assert_eq!((town.store_devices("ann").await, town.store_devices("ben").await), (0, 1));
    assert_eq!(town.endpoints(), [endpoint("token")]);
    unsubscribe(&town.store, &town.phones, &town.clock, &user("ben"), moved.id)
        .await
        .expect("unsubscribed");
    assert_eq!(town.endpoints(), [""; 0]);
}

#[tokio::test]
async fn the_oldest_device_is_removed_when_there_are_too_many() {
    let town = Town::new().await;
    for n in 0..MAX_SUBSCRIPTIONS {
        town.device("ann", &format!("device {n}"), &format!("token {n}")).await;
    }
    // The first device subscribes again, so that the second is the oldest.
    town.device("ann", "device 0", "token 0").await;
    assert_eq!(town.store_devices("ann").await, MAX_SUBSCRIPTIONS);
    town.device("ann", "one more", "one more").await;
    assert_eq!(town.store_devices("ann").await, MAX_SUBSCRIPTIONS);
    let left = town.phones.endpoints();
    assert!(!left.contains(&endpoint("token 1")) && left.contains(&endpoint("token 0")));
    assert_eq!(left.len(), MAX_SUBSCRIPTIONS);
}

#[tokio::test]
async fn two_devices_that_subscribe_at_once_both_are_subscribed() {
    let town = Town::new().await;
    for round in 0..8 {
        let (one, other) = (format!("one {round}"), format!("other {round}"));
        // Two devices send the same token. One of them has it in the end, with the endpoint.
        let token = format!("token {round}");
        tokio::join!(town.device("ann", &one, &token), town.device("ben", &other, &token));
        let devices = town.store_devices("ann").await + town.store_devices("ben").await;
        assert_eq!(devices, 1, "round {round}");
        assert_eq!(town.endpoints(), [endpoint(&token)], "round {round}");
        // One device sends two tokens. One subscription stays, with its endpoint.
        let (first, second) = (format!("first {round}"), format!("second {round}"));
        tokio::join!(town.device("cat", "pixel", &first), town.device("cat", "pixel", &second));
        let left = town.store.subscriptions(&user("cat")).await.expect("readable");
        assert_eq!(left.len(), 1, "round {round}");
        assert!(town.phones.endpoints().contains(&left[0].endpoint), "round {round}");
        for subscription in [left, all(&town, "ann").await, all(&town, "ben").await].concat() {
            let user = subscription.user.clone();
            unsubscribe(&town.store, &town.phones, &town.clock, &user, subscription.id)
                .await
                .expect("unsubscribed");
        }
        assert_eq!(town.endpoints(), [""; 0], "round {round}");
    }
}

async fn all(town: &Town, name: &str) -> Vec<model::Subscription> {
    town.store.subscriptions(&user(name)).await.expect("readable")
}

#[tokio::test]
async fn the_endpoints_of_a_user_who_leaves_are_deleted() {
    let town = Town::new().await;
    town.subscribed("ann").await;
    town.device("ann", "tablet", "second").await;
    town.device("ben", "pixel", "third").await;
    let (id, _) = town.joins("joy").await;
    town.device("joy", "pixel", "fourth").await;
    town.leaves("joy", id).await;
    assert_eq!(town.endpoints(), [endpoint("ann"), endpoint("second"), endpoint("third")]);
    let missing = unsubscribe(
        &town.store,
        &town.phones,
        &town.clock,
        &user("joy"),
        PublicId::new(7).expect("an id"),
    )
    .await;
    assert!(missing.is_err());
}
