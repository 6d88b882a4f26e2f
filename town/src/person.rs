//! What somebody's app does when it is started, and what the server has said to it.

use fastrand::Rng;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::client::{Answer, Call, Client};
use crate::clock::now_ms;
use crate::graph::ContactId;
use crate::measure::Kind;
use crate::people::{full_name, name_in_book};
use crate::town::Town;

/// Of so many contacts, people meet one only after they have installed the app.
const MET_LATER: usize = 20;
/// How many of 100 starts find a change in the phone's contacts.
const CHANGES: u32 = 30;
/// How many of 100 starts ask for full profiles.
const FULL_LISTS: u32 = 5;

/// How many of the town somebody asks for who has a look at it first. A user without a proven phone
/// may add 2,000 numbers on the local server.
const VISITOR_KNOWS: u32 = 1_000;

/// When something was asked for and answered, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub sent_ms: u64,
    /// Absent as long as no answer says that it is done.
    pub done_ms: Option<u64>,
}

impl Moment {
    /// Returns whether this was surely done before the other was begun.
    pub fn is_before(&self, other: Self) -> bool {
        self.done_ms.is_some_and(|done| done < other.sent_ms)
    }
}

/// A contact in an uploaded book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub contact: ContactId,
    /// How often the name was changed.
    pub changes: u8,
    pub uploaded: Moment,
}

/// Somebody who has the app, or will.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: u32,
    pub signed_up: Option<Moment>,
    pub subscribed: Option<Moment>,
    pub book: Vec<Entry>,
    /// How many contacts the server refused.
    pub rejected: u64,
    /// Contacts who aren't met yet.
    later: Vec<ContactId>,
    token: Option<String>,
    /// The tag of the matches that the app has.
    tag: Option<String>,
    /// Whether the server has answered the last upload.
    is_uploaded: bool,
}

impl Person {
    /// Creates somebody who doesn't have the app yet.
    pub fn new(id: u32, town: &Town) -> Self {
        let contacts = &town.graph.books[id as usize];
        let (later, first) = contacts.split_at(contacts.len() / MET_LATER);
        let uploaded = Moment { sent_ms: 0, done_ms: None };
        let entry = |contact: &ContactId| Entry { contact: *contact, changes: 0, uploaded };
        Self {
            id,
            signed_up: None,
            subscribed: None,
            book: first.iter().map(entry).collect(),
            rejected: 0,
            later: later.to_vec(),
            token: None,
            tag: None,
            is_uploaded: false,
        }
    }

    /// Creates somebody who knows many of the town.
    fn visitor(town: &Town) -> Self {
        let uploaded = Moment { sent_ms: 0, done_ms: None };
        let entry = |contact| Entry { contact, changes: 0, uploaded };
        let book = (0..town.graph.people.min(VISITOR_KNOWS)).map(entry).collect();
        Self { book, later: vec![], ..Self::new(0, town) }
    }

    /// Returns whether an answer says that the person has signed up.
    pub fn is_here(&self) -> bool {
        self.signed_up.is_some_and(|moment| moment.done_ms.is_some())
    }

    /// Installs the app and signs up, or goes on with what failed the last time.
    pub async fn first_start(&mut self, town: &Town, client: &Client) {
        if !self.sign_in(town, client).await {
            return;
        }
        let profile = json!({"user": {"full_name": full_name(self.id)}});
        self.post(client, Kind::Profile, "/users", &profile).await;
        let device = json!({
            "notification_channel": "gcm",
            "push_token": {
                "environment": "production",
                "client_identification_sequence": format!("town-{}-{}", town.label, self.id),
            },
            "device": {"platform": "android", "udid": format!("town-{}-{}", town.label, self.id)},
        });
        let subscribed = self.post(client, Kind::Subscribe, "/subscriptions", &device).await;
        self.subscribed =
            subscribed.filter(|answer| answer.status.is_success()).map(|a| moment(&a));
        self.upload_all(town, client, Kind::FirstUpload).await;
        self.look(client, Kind::Matches).await;
    }

    /// Starts the app again.
    pub async fn start_again(&mut self, town: &Town, client: &Client, random: &mut Rng) {
        if !self.is_here() || !self.is_uploaded {
            return self.first_start(town, client).await;
        }
        if random.u32(..100) < CHANGES && !self.book.is_empty() {
            self.upload_change(town, client, random).await;
        } else {
            self.upload_all(town, client, Kind::SameUpload).await;
        }
        self.look(client, Kind::Matches).await;
        if random.u32(..100) < FULL_LISTS {
            let token = self.token.as_deref();
            client.send(get(Kind::FullMatches, "/address_book/registered_users", token)).await;
        }
    }

    async fn sign_in(&mut self, town: &Town, client: &Client) -> bool {
        let session = town.session(self.id);
        let sent_ms = now_ms();
        let answer = self.post(client, Kind::SignIn, "/session", &session).await;
        let Some(answer) = answer.filter(|answer| answer.status.is_success()) else {
            // The server may have done it all the same.
            self.signed_up.get_or_insert(Moment { sent_ms, done_ms: None });
            return false;
        };
        self.token = answer.json()["session"]["token"].as_str().map(ToOwned::to_owned);
        if !self.is_here() {
            let sent_ms = self.signed_up.map_or(sent_ms, |first| first.sent_ms);
            self.signed_up = Some(Moment { sent_ms, ..moment(&answer) });
        }
        self.token.is_some()
    }

    /// Uploads the whole book. Returns whether it was taken.
    pub async fn upload_all(&mut self, town: &Town, client: &Client, kind: Kind) -> bool {
        let contacts: Vec<Value> =
            self.book.iter().map(|entry| contact(town, self.id, entry)).collect();
        self.upload(client, kind, &json!({ "contacts": contacts })).await
    }

    /// Adds a contact, or gives one another name.
    async fn upload_change(&mut self, town: &Town, client: &Client, random: &mut Rng) {
        let changed = match self.later.pop() {
            Some(contact) => {
                let uploaded = Moment { sent_ms: 0, done_ms: None };
                self.book.push(Entry { contact, changes: 0, uploaded });
                self.book.len() - 1
            }
            None => {
                let chosen = random.usize(..self.book.len());
                self.book[chosen].changes = self.book[chosen].changes.wrapping_add(1).max(1);
                chosen
            }
        };
        let contact = contact(town, self.id, &self.book[changed]);
        self.upload(client, Kind::ChangedUpload, &json!({ "contacts": [contact] })).await;
    }

    async fn upload(&mut self, client: &Client, kind: Kind, body: &Value) -> bool {
        let answer = self.post(client, kind, "/address_book", body).await;
        let answer = answer.filter(|answer| answer.status == StatusCode::OK);
        self.is_uploaded = answer.is_some();
        let Some(answer) = answer else { return false };
        let rejected = answer.json()["rejected"].as_object().map_or(0, serde_json::Map::len);
        self.rejected = self.rejected.max(rejected as u64);
        for entry in self.book.iter_mut().filter(|entry| entry.uploaded.done_ms.is_none()) {
            entry.uploaded = moment(&answer);
        }
        true
    }

    /// Asks who of the contacts is here.
    async fn look(&mut self, client: &Client, kind: Kind) {
        let call = Call { if_none_match: self.tag.as_deref(), ..self.matches(kind) };
        let Some(answer) = client.send(call).await else { return };
        if answer.status == StatusCode::OK {
            let tag = answer.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
            self.tag = tag.map(ToOwned::to_owned);
        }
    }

    /// Asks who of the contacts is here, for the check. An upload that wasn't answered is sent
    /// again before. Returns `None` if it can't be checked.
    pub async fn answered_matches(&mut self, town: &Town, client: &Client) -> Option<Value> {
        if !self.is_uploaded && !self.upload_all(town, client, Kind::SameUpload).await {
            return None;
        }
        let answer = client.send(self.matches(Kind::Check)).await?;
        (answer.status == StatusCode::OK).then(|| answer.json())
    }

    /// Deletes the account. Returns whether that was answered.
    pub async fn leave(&mut self, client: &Client) -> bool {
        let call =
            Call { method: &Method::DELETE, ..get(Kind::Leave, "/users", self.token.as_deref()) };
        client.send(call).await.is_some_and(|answer| answer.status == StatusCode::OK)
    }

    fn matches(&self, kind: Kind) -> Call<'_> {
        get(kind, "/address_book/registered_users?compact=1", self.token.as_deref())
    }

    async fn post(&self, client: &Client, kind: Kind, path: &str, body: &Value) -> Option<Answer> {
        let token = self.token.as_deref();
        client
            .send(Call { method: &Method::POST, body: Some(body), ..get(kind, path, token) })
            .await
    }
}

/// Returns whether people are signed up by the numbers of this town already. A visitor asks who has
/// all those numbers in their book, and leaves.
pub async fn has_neighbours(town: &Town, client: &Client) -> bool {
    let mut visitor = Person::visitor(town);
    let session =
        json!({"user": {"login": format!("town-{}-visitor", town.label), "password": "any"}});
    let Some(answer) = visitor.post(client, Kind::Check, "/session", &session).await else {
        return false;
    };
    visitor.token = answer.json()["session"]["token"].as_str().map(ToOwned::to_owned);
    let matches = visitor.answered_matches(town, client).await;
    visitor.leave(client).await;
    matches.is_some_and(|answer| answer["items"].as_array().is_some_and(|items| !items.is_empty()))
}

fn get<'a>(kind: Kind, path: &'a str, token: Option<&'a str>) -> Call<'a> {
    Call { kind, method: &Method::GET, path, token, if_none_match: None, body: None }
}

fn moment(answer: &Answer) -> Moment {
    Moment { sent_ms: answer.sent_ms, done_ms: Some(answer.answered_ms) }
}

fn contact(town: &Town, owner: u32, entry: &Entry) -> Value {
    json!({
        "name": name_in_book(owner, entry.contact, entry.changes),
        "phone": town.phones.spelled(owner, entry.contact),
    })
}
