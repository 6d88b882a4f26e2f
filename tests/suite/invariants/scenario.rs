//! A scenario: a book, a phone, and actors that change them.

use local::{Inbox, tables};
use model::{
    Book, Channel, Clock, Entry, Platform, PublicId, PushEnvironment, Scope, Upload, UserId,
};
use protocol::queue::{BookMessage, BookQueue, QueueError};
use protocol::{
    Notifier, PhoneClaim, ProfilePatch, SubscribeRequest, UploadError, Uploaded, delete_account,
    sign_up, spread, subscribe, upload, wipe,
};
use serde_json::json;
use store::{BookReader, Store};

use support::embedded::Embedded;
use support::gate::{Request, StartsOver};
use support::{allowance, contact, home, limits, upload_of, user};

/// The phone that users register and give up.
pub const P: &str = "16505550123";
/// A phone that only forced uploads contain.
pub const Q: &str = "16505550124";
/// The user whose book it is.
pub const OWNER: &str = "owner";

/// Changes of who has the phone, each one transaction.
pub mod change {
    use model::{Details, Flags, Holder, Profile, PublicId};
    use protocol::queue::{BookMessage, Joiner};
    use store::{AccountStore, AccountWrite, Outcome, OwnerRange, Store, Subject, Target};

    use super::P;
    use support::{phone, user};

    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum Change {
        /// The first user signs up with the phone.
        Register,
        /// The first user leaves.
        Remove,
        /// Another user proves the phone while the first one has it.
        TakeOver,
        /// Another user signs up with the phone while nobody has it.
        RegisterOther,
    }

    fn profile(id: u64, version: u64, with_phone: bool) -> Profile {
        Profile {
            id: PublicId::new(id).expect("an id"),
            user: user(&format!("joiner-{id}")),
            version,
            phone: with_phone.then(|| (phone(P), id)),
            flags: Flags::default(),
            created_at_ms: 0,
            updated_at_ms: 0,
            details: Details::default(),
        }
    }

    impl Change {
        /// Returns whether the first user has the phone before this change.
        pub fn registered_before(self) -> bool {
            matches!(self, Self::Remove | Self::TakeOver)
        }

        /// Writes the change, in one request.
        pub async fn write(self, store: &Store) {
            let first = profile(FIRST, 1, true);
            let other = profile(OTHER, 1, true);
            let holder = Holder {
                id: first.id,
                user: first.user.clone(),
                epoch: FIRST,
                discoverable: true,
                announced: true,
            };
            let (before, after, target) = match self {
                Self::Register => (None, Some(&first), Target::Free),
                Self::Remove => (Some(&first), None, Target::Free),
                Self::TakeOver => {
                    (None, Some(&other), Target::Held { holder: &holder, profile: Some(&first) })
                }
                Self::RegisterOther => (None, Some(&other), Target::Free),
            };
            let written = after.or(before).expect("one of them");
            let subject = Subject { id: before.map(|profile| profile.id), generation: 0 };
            let change = AccountWrite { user: &written.user, subject, before, after, target };
            assert_eq!(store.write_account(change).await.expect("written"), Outcome::Done);
        }

        /// Returns the message that the stream's function makes of the change.
        pub fn message(self) -> BookMessage {
            let joiner = match self {
                Self::Register => Some(FIRST),
                Self::Remove => None,
                Self::TakeOver | Self::RegisterOther => Some(OTHER),
            };
            let joiner = joiner.map(|id| Joiner {
                id: PublicId::new(id).expect("an id"),
                user: user(&format!("joiner-{id}")),
                epoch: id,
            });
            BookMessage {
                phone: phone(P),
                joiner,
                changed_at_ms: None,
                range: OwnerRange::default(),
            }
        }
    }

    const FIRST: u64 = 101;
    const OTHER: u64 = 102;
}

/// One actor of a scenario.
#[derive(Clone, Debug)]
pub enum Actor {
    /// The owner uploads.
    Upload(Upload),
    /// The owner wipes their book. The result is the same as after this upload.
    Wipe(Upload),
    /// The phone's holder changes, after the changes before this one are done.
    Change(change::Change),
    /// The message of a change is processed, at any time after the change.
    Message {
        /// The actor that makes the change.
        of: usize,
    },
    /// The owner's book expires, because nobody has used it for a long time: DynamoDB deletes its
    /// item. The result is the same as after this upload.
    Expire(Upload),
    /// The owner deletes their account.
    DeleteOwner,
}

/// The state in which a run starts, and its actors.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: &'static str,
    /// Whether the owner's book holds the phone.
    pub in_book: bool,
    /// Whether the first user has the phone.
    pub registered: bool,
    /// Whether the owner has a device that gets pushes.
    pub subscribed: bool,
    pub actors: Vec<Actor>,
}

/// The owner's public id, if they have one.
pub const OWNER_ID: u64 = 1;

impl Scenario {
    /// Writes the tables as they are when the scenario starts.
    pub async fn set_up(&self, store: &Store, inbox: &Inbox) {
        let owner = user(OWNER);
        if self.deletes_owner() {
            let profile =
                sign_up(store, &FixedClock, &owner, PhoneClaim::None, &ProfilePatch::default())
                    .await;
            assert_eq!(profile.expect("signed up").id, PublicId::new(OWNER_ID).expect("an id"));
        }
        if self.registered {
            change::Change::Register.write(store).await;
        }
        if self.in_book {
            let put = model::Change::Put(contact(P, "first"));
            let first = upload_of(model::Mode::Merge, vec![put]);
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

    pub fn deletes_owner(&self) -> bool {
        self.actors.iter().any(|actor| matches!(actor, Actor::DeleteOwner))
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
    /// limits. These are a book read by Query right after it was read by GetItem, the owner's
    /// account and subscriptions, and a budget that is far from spent. All but the budget are
    /// written if the owner leaves. The time of such a request makes no difference to the
    /// invariants. What it does to budgets is tested in `budget.rs`.
    pub fn nobody_writes(&self, request: &Request) -> bool {
        if request.is("Query", &tables().address_books) && !self.deletes_owner()
            || about_budgets(request)
        {
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

/// What an actor needs to act.
#[derive(Clone)]
pub struct Stage {
    pub embedded: Embedded,
    pub inbox: Inbox,
    pub clock: TickingClock,
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
            change.write(&store).await;
            End::Done
        }
        Actor::Expire(_) => {
            // The read is where the scheduler stops the actor.
            store.read_book(&owner, &Scope::Global).await.expect("readable");
            let key = json!({"user_id": {"S": OWNER}, "book": {"S": "g"}});
            let delete = json!({"TableName": tables().address_books, "Key": key}).to_string();
            assert_eq!(stage.embedded.answer("DeleteItem", delete.as_bytes()).0, 200);
            End::Done
        }
        Actor::Message { of } => {
            let Actor::Change(change) = &scenario.actors[*of] else {
                panic!("actor {of} isn't a change")
            };
            let notifier = Notifier {
                pusher: stage.inbox,
                template: Some("%s joined".parse().expect("a template")),
                clock: stage.clock,
            };
            match spread(&store, &NoQueue, &notifier, &change.message(), u64::MAX).await.result {
                Ok(()) => End::Done,
                Err(_) => End::Failed,
            }
        }
        Actor::DeleteOwner => {
            let id = PublicId::new(OWNER_ID).expect("an id");
            delete_account(&store, &stage.inbox, &FixedClock, &owner, id).await.expect("deleted");
            End::Done
        }
    }
}

async fn upload_by(
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
