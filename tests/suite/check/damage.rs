//! The kinds of damage, and how each is made.

use local::tables;
use model::{Book, Scope};
use operator::check::Kind;
use protocol::read_book;
use store::{Life, OwnerIndex, StoredBook};
use support::dump::Item;
use support::{phone, user};

use super::world::{BOB, CAROL, FORMER, LongAgo, NOBODY, PRESENT, World, pixel, text};

fn begins(item: &Item, name: &str, prefix: &str) -> bool {
    item[name].as_s().is_ok_and(|value| value.starts_with(prefix))
}

/// A kind of damage.
#[derive(Clone, Copy, Debug)]
pub enum Damage {
    HintDeleted,
    MatchTakenAway,
    MatchOfSomebodyElse,
    ForgottenKept,
    ForgottenKeptUnhinted,
    ForgottenFormKept,
    StrayHint,
    HeadDeleted,
    HalfEmptied,
    BookExpires,
    ClaimOfNobody,
    SubscriptionOfNobody,
    DeviceDeleted,
    TokenDeleted,
    ProfileDeleted,
    HolderDeleted,
    SubjectDeleted,
    CounterReset,
    MuteMarkDeleted,
    MuteMarkPut,
    UnreadableUser,
    UnreadableHint,
}

/// What a check finds: how many of which kind.
pub type Found = &'static [(Kind, usize)];

impl Damage {
    /// The damage, what is found, and what of it can't be repaired.
    pub const ALL: &[(Self, Found, Found)] = &[
        (Self::HintDeleted, &[(Kind::MissingHint, 2)], &[]),
        (Self::MatchTakenAway, &[(Kind::MissingMatch, 1)], &[]),
        (Self::MatchOfSomebodyElse, &[(Kind::Ghost, 2)], &[]),
        (Self::ForgottenKept, &[(Kind::ForgottenContact, 1)], &[]),
        (Self::ForgottenKeptUnhinted, &[(Kind::MissingHint, 1), (Kind::ForgottenContact, 1)], &[]),
        (Self::ForgottenFormKept, &[(Kind::ForgottenContact, 1)], &[]),
        (Self::StrayHint, &[(Kind::StrayHint, 1)], &[]),
        // The hint of the one contact is then without a contact.
        (Self::HeadDeleted, &[(Kind::StrayHint, 1), (Kind::OrphanedBase, 1)], &[]),
        (Self::HalfEmptied, &[(Kind::HalfEmptied, 1)], &[]),
        (Self::BookExpires, &[(Kind::ExpiringBook, 1)], &[]),
        (Self::ClaimOfNobody, &[(Kind::ClaimsOfNobody, 1)], &[]),
        (Self::SubscriptionOfNobody, &[(Kind::SubscriptionsOfNobody, 1)], &[]),
        (Self::DeviceDeleted, &[(Kind::TokenOfNobody, 1)], &[]),
        (Self::TokenDeleted, &[(Kind::MissingToken, 1)], &[(Kind::MissingToken, 1)]),
        // Dave doesn't want pushes, and nothing says so any more.
        (
            Self::ProfileDeleted,
            &[(Kind::HolderWithoutProfile, 1), (Kind::SubjectAndProfile, 1), (Kind::MuteMark, 1)],
            &[],
        ),
        (Self::HolderDeleted, &[(Kind::ProfileWithoutHolder, 1)], &[]),
        (Self::SubjectDeleted, &[(Kind::SubjectAndProfile, 1)], &[]),
        (Self::CounterReset, &[(Kind::CounterBehind, 1)], &[]),
        (Self::MuteMarkDeleted, &[(Kind::MuteMark, 1)], &[]),
        (Self::MuteMarkPut, &[(Kind::MuteMark, 1)], &[]),
        (Self::UnreadableUser, &[(Kind::Unreadable, 1)], &[(Kind::Unreadable, 1)]),
        (Self::UnreadableHint, &[(Kind::Unreadable, 1)], &[(Kind::Unreadable, 1)]),
    ];

    pub async fn make(self, world: &World) {
        let names = tables();
        match self {
            Self::HintDeleted => {
                let (alice, version) = (user("alice"), u64::MAX >> 1);
                let phones = [phone(BOB), phone(CAROL)];
                let deleted =
                    world.store.delete_hints(&alice, &Scope::Global, &phones, version).await;
                deleted.expect("deleted");
            }
            Self::MatchTakenAway => {
                world
                    .rewrite(|seen| StoredBook {
                        book: seen.book.clone().rematched(|_| None),
                        ..seen
                    })
                    .await;
            }
            Self::MatchOfSomebodyElse => {
                let dave = world.id("dave").await;
                let to_dave = |seen: StoredBook| StoredBook {
                    book: seen.book.clone().rematched(|_| Some(dave)),
                    ..seen
                };
                world.rewrite(to_dave).await;
            }
            Self::ForgottenKept => world.mark(CAROL).await,
            Self::ForgottenKeptUnhinted => {
                let (alice, phones) = (user("alice"), [phone(CAROL)]);
                let deleted =
                    world.store.delete_hints(&alice, &Scope::Global, &phones, u64::MAX >> 1);
                deleted.await.expect("deleted");
                world.mark(CAROL).await;
            }
            Self::ForgottenFormKept => {
                world.upload("erin", &Scope::Global, &[FORMER]).await;
                world.mark(PRESENT).await;
            }
            Self::StrayHint => {
                let (alice, phones) = (user("alice"), [phone(NOBODY)]);
                let put = world.store.put_hints(&alice, &Scope::Global, &phones, 1);
                put.await.expect("put");
            }
            Self::HeadDeleted => {
                let is_head =
                    |item: &Item| item["user_id"] == text("erin") && item["book"] == text("g");
                world.delete(&names.address_books, &["user_id", "book"], is_head).await;
            }
            Self::HalfEmptied => {
                let leaving = |seen: StoredBook| StoredBook {
                    life: Life::Unopened,
                    leaving: seen.book.clone().without_region(),
                    book: Book::default(),
                    uploaded_by: None,
                    ..seen
                };
                world.rewrite(leaving).await;
            }
            Self::BookExpires => {
                read_book(&world.expiring(), &user("bob"), &pixel()).await.expect("readable");
            }
            Self::ClaimOfNobody => world.claim("nobody").await,
            Self::SubscriptionOfNobody => world.subscribe("nobody", &LongAgo).await,
            Self::DeviceDeleted => {
                let is_device = |item: &Item| item["pk"] == text("user#alice");
                world.delete(&names.subscriptions, &["pk", "sk"], is_device).await;
            }
            Self::TokenDeleted => {
                let hash = format!("token#{}", store::token_hash("token of alice"));
                let is_token = |item: &Item| begins(item, "pk", &hash);
                world.delete(&names.subscriptions, &["pk", "sk"], is_token).await;
            }
            Self::ProfileDeleted => {
                let key = format!("id#{}", world.id("dave").await);
                world.delete(&names.users, &["key"], |item| begins(item, "key", &key)).await;
            }
            Self::HolderDeleted => {
                let id = world.id("dave").await.to_string();
                let is_holder = |item: &Item| {
                    begins(item, "key", "phone#") && item["id"].as_n().is_ok_and(|n| *n == id)
                };
                world.delete(&names.users, &["key"], is_holder).await;
            }
            Self::SubjectDeleted => {
                let id = world.id("dave").await.to_string();
                let is_subject = |item: &Item| {
                    begins(item, "key", "subject#") && item["id"].as_n().is_ok_and(|n| *n == id)
                };
                world.delete(&names.users, &["key"], is_subject).await;
            }
            Self::CounterReset => {
                world.delete(&names.users, &["key"], |item| begins(item, "key", "counter#")).await;
            }
            Self::MuteMarkDeleted => {
                let is_mark = |item: &Item| begins(item, "sk", "muted");
                world.delete(&names.subscriptions, &["pk", "sk"], is_mark).await;
            }
            Self::MuteMarkPut => {
                let mark = [("pk", "user#alice"), ("sk", "muted")];
                world.put(&names.subscriptions, &mark).await;
            }
            Self::UnreadableUser => world.put(&names.users, &[("key", "phone#by hand")]).await,
            Self::UnreadableHint => {
                let hint = [("phone", "by hand"), ("owner", "by hand")];
                world.put(&names.contact_owners, &hint).await;
            }
        }
    }
}
