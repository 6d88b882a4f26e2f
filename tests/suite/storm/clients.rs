//! The clients: what they do, and what they check in each answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::history::{Asked, BookName};
use super::{PHONES, World, digits};
use support::requests::{read, request, subscription};

/// The users. Several clients act for each of them.
pub const USERS: [&str; 8] = ["ann", "ben", "cat", "dan", "eve", "fay", "gus", "hal"];
/// The books of each user.
pub const BOOKS: [Option<&str>; 2] = [None, Some("pixel")];
/// Two phones that nobody has. Every upload contains both, so that half an upload would be seen.
pub const SENTINELS: [&str; 2] = ["16505550198", "16505550199"];
/// The number of things that one client does.
const DEEDS: usize = 14;
/// The time in which every answer has to come. API Gateway gives up after 30 seconds, and the
/// function before that.
const IN_TIME: Duration = Duration::from_secs(29);

pub struct Client {
    world: World,
    user: &'static str,
    random: fastrand::Rng,
    /// The id that the user was given last.
    id: Option<u64>,
}

impl Client {
    pub fn new(world: World, user: &'static str, seed: u64) -> Self {
        Self { world, user, random: fastrand::Rng::with_seed(seed), id: None }
    }

    pub async fn act(mut self) {
        for _ in 0..DEEDS {
            let pause = Duration::from_millis(self.random.u64(..3_000));
            tokio::time::sleep(pause).await;
            match self.random.usize(..20) {
                0..=7 => self.upload().await,
                8..=10 => self.get().await,
                11..=12 => self.registered().await,
                13..=15 => self.join().await,
                16 => self.rename().await,
                17 => self.subscribe().await,
                18 => self.leave().await,
                _ if self.random.bool() => self.profile().await,
                _ => self.wipe().await,
            }
        }
    }

    /// Sends a request, and checks what every client may expect of its answer.
    async fn send(&self, event: ApiGatewayV2httpRequest) -> (i64, Value) {
        let sent = Instant::now();
        let response = self.world.functions.http(event).await;
        let (status, body) = read(&response);
        assert!(sent.elapsed() <= IN_TIME, "an answer took {:?}", sent.elapsed());
        assert!([200, 201, 403, 404, 503].contains(&status), "{status}: {body}");
        assert_eq!(status == 503, response.headers.contains_key("retry-after"), "{status}");
        self.world.history.answered(status);
        (status, body)
    }

    fn book(&mut self) -> BookName {
        (self.user, self.random.choice(BOOKS).expect("some"))
    }

    fn phones(&mut self, most: usize) -> Vec<String> {
        (0..self.random.usize(..=most)).map(|_| digits(self.random.usize(..PHONES))).collect()
    }

    async fn upload(&mut self) {
        static UPLOADS: AtomicUsize = AtomicUsize::new(1);
        let (book, force) = (self.book(), self.random.usize(..3) == 0);
        let name = format!("upload {}", UPLOADS.fetch_add(1, Ordering::Relaxed));
        let put: Vec<String> =
            self.phones(6).into_iter().chain(SENTINELS.map(ToOwned::to_owned)).collect();
        let removed: Vec<String> =
            self.phones(3).into_iter().filter(|phone| !put.contains(phone)).collect();
        let puts = put.iter().map(|phone| json!({"name": name, "phone": format!("+{phone}")}));
        let removals =
            removed.iter().map(|phone| json!({"phone": format!("+{phone}"), "destroy": 1}));
        let contacts: Vec<Value> = puts.chain(removals).collect();
        let body = json!({"contacts": contacts, "force": u8::from(force), "udid": book.1});
        let number = self.world.history.begin(Asked::Upload { book, name, put, removed, force });
        let (status, answer) =
            self.send(request("POST", "/address_book", self.user, Some(body.to_string()))).await;
        if status == 200 {
            self.world.history.acknowledge(number);
            // Whatever the book held before, both sentinels have another name now.
            let changed =
                answer["created"].as_u64().zip(answer["updated"].as_u64()).map(|(a, b)| a + b);
            assert!(changed >= Some(2), "an upload that changed its book says {answer}");
        }
    }

    async fn get(&mut self) {
        let book = self.book();
        let path =
            book.1.map_or("/address_book".to_owned(), |udid| format!("/address_book?udid={udid}"));
        let asked = Instant::now();
        let (status, contacts) = self.send(request("GET", &path, self.user, None)).await;
        if status != 200 {
            return;
        }
        let name = |phone: &str| {
            let contacts = contacts.as_array().expect("a bare array");
            contacts
                .iter()
                .find(|contact| contact["phone"] == format!("+{phone}"))
                .and_then(|c| c["name"].as_str())
        };
        let [one, other] = SENTINELS.map(name);
        assert_eq!(one, other, "I5: half an upload was seen");
        for phone in SENTINELS {
            let explained = self.world.history.explains(&book, phone, name(phone), asked);
            assert!(
                explained,
                "a reader of {book:?} found {:?}, which was overwritten before",
                name(phone)
            );
        }
    }

    async fn registered(&mut self) {
        let (book, compact) = (self.book(), self.random.usize(..2));
        let udid = book.1.map(|udid| format!("&udid={udid}")).unwrap_or_default();
        let path = format!("/address_book/registered_users?compact={compact}{udid}");
        let (status, answer) = self.send(request("GET", &path, self.user, None)).await;
        if status == 200 {
            assert!(answer["items"].is_array(), "{answer}");
        }
    }

    /// Signs up with a phone, or takes it over.
    async fn join(&mut self) {
        let token = format!("{}:+{}", self.user, digits(self.random.usize(..PHONES)));
        let body = json!({"user": {"full_name": self.user}}).to_string();
        let (status, answer) = self.send(request("POST", "/users", &token, Some(body))).await;
        if status == 201 {
            self.id = answer["user"]["id"].as_u64();
        }
    }

    async fn rename(&mut self) {
        let Some(id) = self.id else { return };
        let body = json!({"user": {"full_name": format!("{} {}", self.user, self.random.u8(..))}})
            .to_string();
        self.send(request("PUT", &format!("/users/{id}"), self.user, Some(body))).await;
    }

    async fn profile(&mut self) {
        let Some(id) = self.id else { return };
        self.send(request("GET", &format!("/users/{id}"), self.user, None)).await;
    }

    async fn subscribe(&mut self) {
        let device = if self.random.bool() { "pixel" } else { "tablet" };
        let (status, answer) = self.send(subscription(self.user, device)).await;
        if status == 201 && self.random.bool() {
            let id = &answer[0]["subscription"]["id"];
            self.send(request("DELETE", &format!("/subscriptions/{id}"), self.user, None)).await;
        }
    }

    /// Wipes a book, which destroys all of it.
    async fn wipe(&mut self) {
        let book = self.book();
        let path =
            book.1.map_or("/address_book".to_owned(), |udid| format!("/address_book?udid={udid}"));
        let asked =
            Asked::Upload { book, name: String::new(), put: vec![], removed: vec![], force: true };
        let number = self.world.history.begin(asked);
        let (status, _) = self.send(request("DELETE", &path, self.user, None)).await;
        if status == 200 {
            self.world.history.acknowledge(number);
        }
    }

    async fn leave(&mut self) {
        let Some(id) = self.id.take() else { return };
        let number = self.world.history.begin(Asked::Leave { user: self.user });
        let (status, _) =
            self.send(request("DELETE", &format!("/users/{id}"), self.user, None)).await;
        if status == 200 {
            self.world.history.acknowledge(number);
        }
    }
}
