//! Checks that what an operator is told of each pair is what happened.

use std::collections::{BTreeMap, BTreeSet};

use model::{Channel, Holder, Scope};
use protocol::{About, Break, Explanation, Link, explain, forget};
use serde_json::Value;
use store::{HolderReader, Store, SubscriptionStore};
use support::embedded::sealed_store_over;
use support::requests::{read, request};
use support::{phone, user};

use super::clients::{BOOKS, USERS};
use super::{PHONES, WATCHERS, World, digits};

/// What a watcher sees of their own books and devices, by the requests that apps make.
struct Seen<'a> {
    watcher: &'static str,
    forgotten: &'a BTreeSet<String>,
    /// The books that hold each phone.
    books: BTreeMap<String, BTreeSet<Option<&'static str>>>,
    devices: BTreeSet<String>,
    /// The devices whose removal crashed: a repeated subscription isn't answered from their items.
    leaving: BTreeSet<String>,
}

impl<'a> Seen<'a> {
    async fn read(
        world: &World,
        store: &Store,
        watcher: &'static str,
        forgotten: &'a BTreeSet<String>,
    ) -> Self {
        let mut books: BTreeMap<String, BTreeSet<_>> = BTreeMap::new();
        for udid in BOOKS {
            let query = udid.map(|udid| format!("?udid={udid}")).unwrap_or_default();
            let contacts = get(world, watcher, &format!("/address_book{query}")).await;
            for contact in contacts.as_array().expect("an array") {
                let phone = contact["phone"].as_str().expect("a text").trim_start_matches('+');
                books.entry(phone.to_owned()).or_default().insert(udid);
            }
        }
        let subscriptions = get(world, watcher, "/subscriptions").await;
        let udid =
            |item: &Value| item["subscription"]["device"]["udid"].as_str().map(str::to_owned);
        let subscriptions = subscriptions.as_array().expect("an array");
        let (mut devices, mut leaving) = (BTreeSet::new(), BTreeSet::new());
        for device in subscriptions.iter().map(|item| udid(item).expect("a udid")) {
            let (user, udid) = (user(watcher), device.parse().expect("a udid"));
            let lasting = store.lasting_subscription(&user, Channel::Gcm, &udid).await;
            let is_lasting = lasting.expect("readable").is_some();
            if is_lasting { &mut devices } else { &mut leaving }.insert(device);
        }
        Self { watcher, forgotten, books, devices, leaving }
    }

    /// Returns whether `reason` is true of the watcher and a phone.
    fn confirms(&self, reason: (Link, Break), phone: &str, holder: Option<&Holder>) -> bool {
        let none = BTreeSet::new();
        let books = self.books.get(phone).unwrap_or(&none);
        match reason {
            (Link::Contact, Break::Forgotten) => books.is_empty() && self.forgotten.contains(phone),
            (Link::Contact, Break::NoContact) => {
                books.is_empty() && !self.forgotten.contains(phone)
            }
            (Link::Match, Break::NoHolder) => holder.is_none(),
            (Link::Visibility, Break::Themself) => {
                holder.is_some_and(|holder| holder.user == user(self.watcher))
            }
            (Link::Device, Break::NoDevice) => self.devices.is_empty() && self.leaving.is_empty(),
            (Link::Device, Break::Leaving) => self.devices.is_empty() && !self.leaving.is_empty(),
            (Link::Device, Break::OtherDevice) => {
                let is_heard = |book: &Option<&str>| {
                    book.map_or(!self.devices.is_empty(), |udid| self.devices.contains(udid))
                };
                !self.devices.is_empty() && !books.iter().any(is_heard)
            }
            // Whether nothing arrived is compared for every pair.
            (Link::Claim, Break::NeverSent) => true,
            // The sender died, or got no answer, and then the holder left whom it announced.
            (Link::Claim, Break::BeingSent | Break::Unfinished | Break::Unanswered) => true,
            // Every message has arrived, and nobody chose anything.
            _ => false,
        }
    }
}

async fn get(world: &World, watcher: &str, path: &str) -> Value {
    let (status, answer) = read(&world.functions.http(request("GET", path, watcher, None)).await);
    assert_eq!(status, 200, "{path}");
    answer
}

/// Checks every user and watcher with every phone, and once more when all phones that nobody has are
/// forgotten. Returns how many pairs ended how.
pub async fn every_pair(world: &World) -> String {
    let store = sealed_store_over(world.embedded.clone(), world.functions.keys.clone());
    let before = every_pair_once(world, &store, &BTreeSet::new()).await;
    let mut forgotten = BTreeSet::new();
    for digits in (0..PHONES).map(digits) {
        if store.holder(phone(&digits)).await.expect("readable").is_none() {
            forget(&store, phone(&digits)).await.expect("forgotten");
            forgotten.insert(digits);
        }
    }
    format!("{before}; then {}", every_pair_once(world, &store, &forgotten).await)
}

async fn every_pair_once(world: &World, store: &Store, forgotten: &BTreeSet<String>) -> String {
    let mut unknown = 0;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for watcher in USERS.into_iter().chain(WATCHERS) {
        let seen = Seen::read(world, store, watcher, forgotten).await;
        for digits in (0..PHONES).map(digits) {
            let holder = store.holder(phone(&digits)).await.expect("readable");
            let explanation = explained(world, store, watcher, &digits).await;
            let broken = explanation.first_break();
            if let Some(reason) = broken {
                let is_true = seen.confirms(reason, &digits, holder.as_ref());
                assert!(is_true, "{watcher} of {digits}: {reason:?}");
            }
            let arrived = arrived(world, &explanation, &digits);
            if explanation.was_told() {
                assert!(
                    arrived.is_some(),
                    "{watcher} never heard of {digits}, it is said they did"
                );
            } else if explanation.claims.is_empty()
                && arrived.is_some_and(|last| !world.history.may_have_left(watcher, last))
            {
                unknown += 1;
            }
            if WATCHERS.contains(&watcher) && holder.is_some() {
                assert!(explanation.was_told(), "{watcher} of {digits}: {broken:?}");
                assert_eq!(broken, None, "{watcher} of {digits}");
            }
            let end =
                broken.map_or("nothing broken".to_owned(), |(_, reason)| format!("{reason:?}"));
            *counts.entry(format!("{end}, told {}", explanation.was_told())).or_default() += 1;
        }
    }
    // A push whose mark wasn't set isn't known of if another one is begun and fails.
    let excused = world.weather.lost_marks() + world.functions.queue.crashes();
    assert!(unknown <= excused, "{unknown} pushes arrived and aren't known of");
    format!("explained {counts:?}, {unknown} not known of")
}

async fn explained(world: &World, store: &Store, watcher: &str, digits: &str) -> Explanation {
    let (phones, clock) = (&world.functions.push, &world.functions.clock);
    let about = About::Phone(phone(digits));
    explain(store, Some(phones), clock, &user(watcher), about).await.expect("explained")
}

/// Returns when a push about the phone last arrived at a device of which the explanation knows.
fn arrived(world: &World, explanation: &Explanation, digits: &str) -> Option<tokio::time::Instant> {
    let watcher = explanation.watcher.as_str();
    let subscribed = explanation.devices.iter().map(|seen| &seen.device.subscription.device);
    let with_book = explanation.places.iter().filter_map(|place| match &place.scope {
        Scope::Device(device) => Some(device),
        Scope::Global => None,
    });
    let claimed = explanation.claims.iter().map(|claim| &claim.device);
    let devices = subscribed.chain(with_book).chain(claimed);
    devices
        .filter_map(|device| world.functions.push.last_told(watcher, device.as_str(), digits))
        .max()
}
