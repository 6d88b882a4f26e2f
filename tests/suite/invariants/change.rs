//! Changes of who has the phone, each one transaction.

use model::{Details, Flags, Holder, Profile, PublicId, UserId};
use protocol::queue::BookMessage;
use serde_json::Value;
use store::{AccountStore, AccountWrite, HolderReader, Keyring, Outcome, Store, Subject, Target};

use super::scenario::P;
use support::embedded::Embedded;
use support::queue::RecordingQueue;
use support::{phone, user};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// The first user signs up with the phone, or proves it again.
    Register,
    /// The first user does so, and doesn't want to be found.
    RegisterHidden,
    /// The phone's holder leaves.
    Remove,
    /// Another user proves the phone, whoever has it.
    TakeOver,
    /// Another user does so, and doesn't want to be found.
    TakeOverHidden,
    /// The phone's holder doesn't want to be found any more.
    Hide,
    /// The phone's holder wants to be found again.
    Show,
}

/// An account as it is before a change.
struct Account {
    user: UserId,
    subject: Subject,
    profile: Option<Profile>,
}

impl Account {
    async fn of(store: &Store, user: UserId) -> Self {
        let subject = store.subject(&user).await.expect("readable");
        let profile = match subject.id {
            Some(id) => store.profile(id).await.expect("readable"),
            None => None,
        };
        Self { user, subject, profile }
    }

    /// Returns the profile with the phone, in a new epoch.
    fn with_phone(&self, number: u64, shown: bool) -> Profile {
        let flags = Flags { discoverable_by_phone: shown, ..Flags::default() };
        let new = Profile {
            id: PublicId::new(number).expect("an id"),
            user: self.user.clone(),
            version: 0,
            phone: None,
            flags,
            created_at_ms: 0,
            updated_at_ms: 0,
            details: Details::default(),
        };
        let before = self.profile.clone().unwrap_or(new);
        Profile {
            version: before.version + 1,
            phone: Some((phone(P), number)),
            updated_at_ms: 10 * number,
            flags,
            ..before
        }
    }
}

impl Change {
    /// Returns whether the first user has the phone before this change.
    pub fn registered_before(self) -> bool {
        match self {
            Self::Register | Self::RegisterHidden => false,
            Self::Remove | Self::TakeOver | Self::TakeOverHidden | Self::Hide | Self::Show => true,
        }
    }

    /// Returns whether somebody hides by this change.
    pub fn hides(self) -> bool {
        matches!(self, Self::RegisterHidden | Self::TakeOverHidden | Self::Hide)
    }

    /// Writes the change through `store`, in one request. What it has to know is read from `tables`
    /// before that, since only changes write accounts, and each waits for the one before it. Ids and
    /// epochs are made from `number`. Returns the message that the stream's function makes of it.
    pub async fn write(self, store: &Store, tables: &Embedded, number: u64) -> Option<BookMessage> {
        let free = tables.store();
        let holder = free.holder(phone(P)).await.expect("readable");
        let who = match self {
            Self::Register | Self::RegisterHidden => user("joiner-first"),
            Self::TakeOver | Self::TakeOverHidden => user("joiner-other"),
            Self::Remove | Self::Hide | Self::Show => {
                holder.as_ref().expect("somebody has the phone").user.clone()
            }
        };
        let account = Account::of(&free, who).await;
        let flags = account.profile.as_ref().map(|profile| profile.flags).unwrap_or_default();
        let after = match self {
            Self::Remove => None,
            Self::Hide | Self::Show => account.profile.clone().map(|before| Profile {
                version: before.version + 1,
                flags: Flags { discoverable_by_phone: self == Self::Show, ..flags },
                ..before
            }),
            _ => Some(account.with_phone(number, !self.hides())),
        };
        let theirs = self.loser(&free, &account.user, holder.as_ref()).await;
        let target = match (&holder, &theirs) {
            (Some(holder), Some(theirs)) => Target::Held { holder, profile: Some(theirs) },
            _ => Target::Free,
        };
        let Account { user, subject, profile } = &account;
        let (before, after) = (profile.as_ref(), after.as_ref());
        let write =
            AccountWrite { user, subject: *subject, before, after, target, is_silent: false };
        assert_eq!(store.write_account(write).await.expect("written"), Outcome::Done);
        message_of_last(tables).await
    }

    /// Returns the profile that loses the phone to `taker`, if any does.
    async fn loser(self, free: &Store, taker: &UserId, holder: Option<&Holder>) -> Option<Profile> {
        let theirs = holder.filter(|holder| holder.user != *taker)?;
        free.profile(theirs.id).await.expect("readable")
    }
}

/// Returns the message that the stream's function makes of the last change of a holder.
async fn message_of_last(tables: &Embedded) -> Option<BookMessage> {
    let mut records: Vec<Value> = vec![];
    loop {
        let last = records.last().and_then(|record| record["dynamodb"]["SequenceNumber"].as_str());
        let some = tables.stream(last);
        if some.is_empty() {
            break;
        }
        records.extend(some);
    }
    let is_holder = |record: &&Value| {
        record["dynamodb"]["Keys"]["key"]["S"].as_str().is_some_and(|key| key.starts_with("phone#"))
    };
    let last = records.iter().rev().find(is_holder).expect("a holder changed").clone();
    let event = serde_json::from_value(serde_json::json!({ "Records": [last] })).expect("an event");
    let queue = RecordingQueue::default();
    let response = joins::handle(&Keyring::default(), &queue, &queue, event).await;
    assert_eq!(response.batch_item_failures.len(), 0);
    queue.take().pop()
}
