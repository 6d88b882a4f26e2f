//! A scenario: a book, a phone, and actors that change them.

use local::{Inbox, tables};
use model::{
    Book, Channel, Clock, Entry, Platform, PublicId, PushEnvironment, Scope, Upload, UserId,
};
use protocol::queue::{BookMessage, BookQueue, PushMessage, PushQueue, QueueError};
use protocol::{
    DisabledApplications, ForgetError, JoinQueues, Notifier, PhoneClaim, ProfilePatch,
    SubscribeRequest, UploadError, Uploaded, delete_account, forget, notify, sign_up, spread,
    subscribe, upload, wipe,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use store::{BookReader, Store};

use super::change::Change;
use super::check;
use support::embedded::Embedded;
use support::gate::{Request, StartsOver, Torn};
use support::{allowance, contact, home, limits, phone, upload_of, user};

/// The phone that users register and give up.
pub const P: &str = "16505550123";
/// A phone that only forced uploads contain.
pub const Q: &str = "16505550124";
/// The user whose book it is.
pub const OWNER: &str = "owner";

/// One actor of a scenario.
#[derive(Clone, Debug)]
pub enum Actor {
    /// The owner uploads.
    Upload(Upload),
    /// The owner wipes their book. The result is the same as after this upload.
    Wipe(Upload),
    /// The phone's holder changes, after the changes before this one are done.
    Change(Change),
    /// The message of a change is processed, at any time after the change.
    Message {
        /// The actor that makes the change.
        of: usize,
    },
    /// The owner reads their book, which has to be the result of whole uploads.
    Read,
    /// The owner's book expires, because nobody has used it for a long time: DynamoDB deletes its
    /// item. The result is the same as after this upload.
    Expire(Upload),
    /// A push is processed, once it has been sent. Messages may send it several times.
    Push {
        /// The place of the push among all that were sent.
        place: usize,
    },
    /// The owner deletes their account.
    DeleteOwner,
    /// An operator lets the phone be forgotten.
    Forget,
}

impl Actor {
    /// Returns whether this is a message of a queue, which comes again if it fails.
    pub fn is_message(&self) -> bool {
        matches!(self, Self::Message { .. } | Self::Push { .. })
    }
}

/// The state in which a run starts, and its actors.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    pub name: &'static str,
    /// Whether the owner's book holds the phone.
    pub in_book: bool,
    /// Whether the first user has the phone.
    pub registered: bool,
    /// Whether the owner has a device that gets pushes.
    pub subscribed: bool,
    pub actors: Vec<Actor>,
    /// Whether the owner's book has a base. A book of one contact has none by itself.
    pub has_base: bool,
    /// The actors who write a new base with every write of a book.
    pub folding: &'static [usize],
    /// Whether actors may write between the two reads of a book, and which of them is first.
    pub torn: Option<Torn>,
}

/// The owner's public id, if they have one.
pub const OWNER_ID: u64 = 1;

impl Scenario {
    /// Writes the tables as they are when the scenario starts.
    pub async fn set_up(&self, stage: &Stage) {
        let Stage { tables, inbox, clock, .. } = stage;
        let (owner, store) = (user(OWNER), &tables.store().with_clock(clock.clone()));
        if self.deletes_owner() {
            let profile =
                sign_up(store, &FixedClock, &owner, PhoneClaim::None, &ProfilePatch::default())
                    .await;
            assert_eq!(profile.expect("signed up").id, PublicId::new(OWNER_ID).expect("an id"));
        }
        if self.registered {
            Change::Register.write(store, tables, FIRST_NUMBER).await;
        }
        if self.in_book {
            let put = model::Change::Put(contact(P, "first"));
            let first = upload_of(model::Mode::Merge, vec![put]);
            let folding = store.clone().with_most_changes_bytes(0);
            let store = if self.has_base { &folding } else { store };
            upload_by(&owner, store, &first).await.expect("uploaded");
        }
        if self.subscribed {
            let request = SubscribeRequest {
                device: "pixel".parse().expect("a udid"),
                platform: Platform::Android,
                channel: Channel::Gcm,
                environment: PushEnvironment::Production,
                token: "token".to_owned(),
            };
            subscribe(store, inbox, &FixedClock, &owner, &request).await.expect("subscribed");
        }
    }

    /// Returns the changes of the phone's holder, in their order.
    pub fn changes(&self) -> impl Iterator<Item = Change> {
        self.actors.iter().filter_map(|actor| match actor {
            Actor::Change(change) => Some(*change),
            _ => None,
        })
    }

    pub fn deletes_owner(&self) -> bool {
        self.actors.iter().any(|actor| matches!(actor, Actor::DeleteOwner))
    }

    pub fn forgets(&self) -> bool {
        self.actors.iter().any(|actor| matches!(actor, Actor::Forget))
    }

    /// Returns how long ago the scenario's books were written when its actors begin. A book expires
    /// long after it was written.
    pub fn age_ms(&self) -> u64 {
        let expires = self.actors.iter().any(|actor| matches!(actor, Actor::Expire(_)));
        if expires { 100 * 24 * 60 * 60 * 1000 } else { 0 }
    }

    /// Returns which answers make an actor start over. An actor that loses a conditional write of a
    /// book starts over, and remembers nothing of what it read. An upload remembers for which
    /// account it began only in scenarios in which the owner leaves.
    pub fn starts_over(&self) -> StartsOver {
        if self.deletes_owner() {
            return |_, _| false;
        }
        |request, answer| match request.operation.as_str() {
            "PutItem" => {
                request.is("PutItem", &tables().address_books) && answer["__type"].is_string()
            }
            "TransactWriteItems" => answer["__type"].is_string(),
            _ => false,
        }
    }

    /// Returns whether a request reads what no actor of this scenario writes, or is only about the
    /// limits. These are all of the owner's books, read right after the one that is changed, the
    /// owner's account and subscriptions, and a budget that is far from spent. All but the budget are
    /// written if the owner leaves. The time of such a request makes no difference to the
    /// invariants. What it does to budgets is tested in `budget.rs`.
    pub fn nobody_writes(&self, request: &Request) -> bool {
        if request.is_about_all_books() && !self.deletes_owner() || about_budgets(request) {
            return true;
        }
        let subject = || {
            request.body["Key"]["key"]["S"]
                .as_str()
                .is_some_and(|key| key.starts_with("subject#owner"))
        };
        let lone = !self.deletes_owner();
        lone && (request.is("GetItem", &tables().users) && subject()
            || request.is("Query", &tables().subscriptions)
            || request.is("GetItem", &tables().subscriptions))
    }

    /// Returns the uploads, in the order of their actors.
    pub fn uploads(&self) -> impl Iterator<Item = (usize, &Upload)> {
        self.actors.iter().enumerate().filter_map(|(index, actor)| match actor {
            Actor::Upload(upload) | Actor::Wipe(upload) | Actor::Expire(upload) => {
                Some((index, upload))
            }
            _ => None,
        })
    }

    /// Returns the book before anything happens.
    pub fn first_book(&self) -> Book {
        let entry = Entry { contact: contact(P, "first"), matched: None };
        if self.in_book { Book::new(None, vec![entry]) } else { Book::default() }
    }
}

/// Returns whether a request reads or charges a budget.
pub fn about_budgets(request: &Request) -> bool {
    request.body["TableName"] == tables().budgets
}

/// How an actor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    Done,
    /// The actor gave up. A message comes again, an upload doesn't.
    Failed,
}

/// The number of the first user's id and epoch, if they have the phone at the start. Those of a
/// change are greater.
const FIRST_NUMBER: u64 = 100;

/// What an actor needs to act.
#[derive(Clone)]
pub struct Stage {
    pub tables: Embedded,
    pub inbox: Inbox,
    pub clock: TickingClock,
    /// The message of each change, by the change's place among the actors.
    messages: Arc<Mutex<BTreeMap<usize, Option<BookMessage>>>>,
    /// All messages about pushes that were sent.
    pushes: Arc<Mutex<Vec<PushMessage>>>,
}

impl Stage {
    pub fn new(tables: Embedded) -> Self {
        let (inbox, clock) = (Inbox::default(), TickingClock::default());
        Self { tables, inbox, clock, messages: Arc::default(), pushes: Arc::default() }
    }

    fn message(&self, of: usize) -> Option<BookMessage> {
        self.messages.lock().expect("no panic").get(&of).expect("the change is done").clone()
    }

    /// Returns the epochs of the joiners whom the pushes are about, in the order of their sending.
    pub fn pushes(&self) -> Vec<u64> {
        self.pushes.lock().expect("no panic").iter().map(|push| push.joiner.epoch).collect()
    }

    /// Deletes an item of the owner's books as DynamoDB does when its time is over, if it is still
    /// the one with this number in an attribute.
    fn expire(&self, book: &str, attribute: &str, number: u64) {
        let request = json!({
            "TableName": tables().address_books,
            "Key": {"user_id": {"S": OWNER}, "book": {"S": book}},
            "ConditionExpression": format!("{attribute} = :seen"),
            "ExpressionAttributeValues": {":seen": {"N": number.to_string()}},
        });
        let (status, answer) = self.tables.answer("DeleteItem", request.to_string().as_bytes());
        assert!(status == 200 || answer.contains("ConditionalCheckFailed"), "{answer}");
    }

    /// Works off the push at `place`.
    pub async fn push(&self, place: usize, store: &Store) -> End {
        let push = self.pushes.lock().expect("no panic")[place].clone();
        let notifier = Notifier {
            pusher: self.inbox.clone(),
            template: Some("%s joined".parse().expect("a template")),
            clock: self.clock.clone(),
        };
        let disabled = DisabledApplications::default();
        match notify(store, &notifier, &disabled, &push, u64::MAX).await.result {
            Ok(()) => End::Done,
            Err(_) => End::Failed,
        }
    }
}

impl PushQueue for Stage {
    async fn send_pushes(&self, messages: &[PushMessage]) -> Result<(), QueueError> {
        self.pushes.lock().expect("no panic").extend(messages.iter().cloned());
        Ok(())
    }
}

/// Runs one actor to its end.
pub async fn act(scenario: Scenario, actor: usize, stage: Stage, store: Store) -> End {
    let owner = user(OWNER);
    match &scenario.actors[actor] {
        Actor::Upload(wanted) => match upload_by(&owner, &store, wanted).await {
            Ok(_) => End::Done,
            Err(UploadError::AccountDeleted | UploadError::Contended(_)) => End::Failed,
            Err(error) => panic!("{error}"),
        },
        Actor::Wipe(_) => match wipe(&store, &owner, &Scope::Global).await {
            Ok(()) => End::Done,
            Err(UploadError::Contended(_)) => End::Failed,
            Err(error) => panic!("{error}"),
        },
        Actor::Change(change) => {
            let number = FIRST_NUMBER + 1 + u64::try_from(actor).expect("few");
            let message = change.write(&store, &stage.tables, number).await;
            stage.messages.lock().expect("no panic").insert(actor, message);
            End::Done
        }
        Actor::Read => {
            let stored = store.read_book(&owner, &Scope::Global).await.expect("readable");
            check::is_of_whole_uploads(&scenario, &stored.book);
            End::Done
        }
        Actor::Expire(_) => {
            // The reads are where the scheduler stops the actor.
            let head = store.read_book(&owner, &Scope::Global).await.expect("readable").head();
            stage.expire("g", "version", head.version);
            if scenario.has_base {
                store.read_head(&owner, &Scope::Global).await.expect("readable");
                stage.expire("g\u{1f}base", "tag", head.base().unwrap_or_default());
            }
            End::Done
        }
        Actor::Message { of } => {
            let Some(message) = stage.message(*of) else { return End::Done };
            let queues = JoinQueues { fan_out: NoQueue, pushes: Some(stage.clone()) };
            match spread(&store, &queues, &stage.clock, &message, u64::MAX).await.result {
                Ok(()) => End::Done,
                Err(_) => End::Failed,
            }
        }
        Actor::Push { place } => stage.push(*place, &store).await,
        Actor::DeleteOwner => {
            let id = PublicId::new(OWNER_ID).expect("an id");
            delete_account(&store, &stage.inbox, &FixedClock, &owner, id).await.expect("deleted");
            End::Done
        }
        Actor::Forget => match forget(&store, phone(P)).await {
            Ok(_) | Err(ForgetError::HasHolder | ForgetError::Overtaken) => End::Done,
            Err(ForgetError::Contended(_)) => End::Failed,
            Err(ForgetError::Store(error)) => panic!("{error}"),
        },
    }
}

pub async fn upload_by(
    owner: &UserId,
    store: &Store,
    wanted: &Upload,
) -> Result<Uploaded, UploadError> {
    let limits = limits();
    upload(store, &allowance(owner, &limits, &FixedClock), owner, &Scope::Global, wanted, &home())
        .await
}

/// A queue that refuses everything. No scenario has a phone in so many books that its hints are
/// split.
struct NoQueue;

impl BookQueue for NoQueue {
    async fn send(&self, _: &[BookMessage]) -> Result<(), QueueError> {
        panic!("a message was split")
    }
}

/// A clock that never advances.
#[derive(Debug)]
pub struct FixedClock;

impl Clock for FixedClock {
    fn now_ms(&self) -> u64 {
        1_000_000
    }
}

/// A clock that advances when it is told to.
#[derive(Clone, Default, Debug)]
pub struct TickingClock(std::sync::Arc<std::sync::atomic::AtomicU64>);

impl TickingClock {
    pub fn passed(&self) -> u64 {
        self.0.load(std::sync::atomic::Ordering::SeqCst)
    }

    pub fn pass(&self, milliseconds: u64) {
        self.0.fetch_add(milliseconds, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for TickingClock {
    fn now_ms(&self) -> u64 {
        1_000_000 + self.passed()
    }
}
