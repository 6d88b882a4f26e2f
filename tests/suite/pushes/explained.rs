//! Tests of what an operator is told if somebody asks why they did or didn't hear of somebody.

use std::collections::BTreeSet;

use model::{Channel, Mode, Platform, Profile, PushEnvironment, Scope};
use protocol::push::Endpoints;
use protocol::{
    About, Break, Check, Explanation, Found, Link, PhoneClaim, ProfilePatch, SubscribeRequest,
    explain, forget, sign_up, subscribe, unsubscribe,
};
use store::{
    AccountStore, BookReader, BookStore, ClaimStore, Claimed, Outcome, OwnerIndex, PushId,
    StoredBook, SubscriptionStore,
};
use support::phones::endpoint;
use support::{contact, phone, removal, upload_as, upload_of, user};

use super::{P, Town};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What an operator, or the world, does to a chain that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Nothing,
    GiveUpNumber,
    ForgetNumber,
    RemoveContact,
    DeleteHint,
    Leave,
    TakeOver,
    EmptyMatch,
    OtherMatch,
    HideUnheard,
    JoinThemself,
    Hide,
    NotAnnounce,
    Mute,
    Unsubscribe,
    VoipAlone,
    BookOfOtherDevice,
    BeginLeaving,
    DeleteEndpoint,
    DisableEndpoint,
    Claim,
    ClaimLongAgo,
    Doubt,
    Forget,
    ForgetLongAgo,
}

/// Each deed, and the links that it breaks. The first one is named to the operator.
const DEEDS: [(Deed, &[(Link, Break)]); 25] = [
    (Deed::Nothing, &[]),
    (Deed::GiveUpNumber, &[(Link::Contact, Break::NoPhone)]),
    (Deed::ForgetNumber, &[(Link::Contact, Break::Forgotten), (Link::Match, Break::NoHolder)]),
    (Deed::RemoveContact, &[(Link::Contact, Break::NoContact)]),
    (Deed::DeleteHint, &[(Link::Hint, Break::NoHint)]),
    (Deed::Leave, &[(Link::Match, Break::NoHolder)]),
    (Deed::TakeOver, &[(Link::Match, Break::OtherHolder)]),
    (Deed::EmptyMatch, &[(Link::Match, Break::NotShown)]),
    (Deed::OtherMatch, &[(Link::Match, Break::OtherShown)]),
    (Deed::HideUnheard, &[(Link::Match, Break::StillShown), (Link::Visibility, Break::Hidden)]),
    (Deed::JoinThemself, &[(Link::Visibility, Break::Themself)]),
    (Deed::Hide, &[(Link::Visibility, Break::Hidden)]),
    (Deed::NotAnnounce, &[(Link::Visibility, Break::NotAnnounced)]),
    (Deed::Mute, &[(Link::Muted, Break::Muted)]),
    (Deed::Unsubscribe, &[(Link::Device, Break::NoDevice)]),
    (Deed::VoipAlone, &[(Link::Device, Break::OnlyVoip)]),
    (Deed::BookOfOtherDevice, &[(Link::Device, Break::OtherDevice)]),
    (Deed::BeginLeaving, &[(Link::Device, Break::Leaving)]),
    (Deed::DeleteEndpoint, &[(Link::Endpoint, Break::EndpointGone)]),
    (Deed::DisableEndpoint, &[(Link::Endpoint, Break::EndpointDisabled)]),
    (Deed::Claim, &[(Link::Claim, Break::BeingSent)]),
    (Deed::ClaimLongAgo, &[(Link::Claim, Break::Unfinished)]),
    (Deed::Doubt, &[(Link::Claim, Break::Unanswered)]),
    (Deed::Forget, &[(Link::Claim, Break::NeverSent)]),
    (Deed::ForgetLongAgo, &[(Link::Claim, Break::NotRemembered)]),
];

/// A town in which ann has joy's number and was told of her.
struct Told {
    town: Town,
    /// Joy, as she was then.
    joy: Profile,
}

impl Told {
    async fn new() -> Self {
        let town = Town::new().await;
        town.subscribed("ann").await;
        let (id, told) = town.joins("joy").await;
        assert_eq!(told.push.sent, 1);
        let joy = town.store.profile(id).await.expect("readable").expect("a profile");
        Self { town, joy }
    }

    async fn explained(&self, about: About) -> Explanation {
        let Town { store, phones, clock, .. } = &self.town;
        explain(store, Some(phones), clock, &user("ann"), about).await.expect("explained")
    }

    async fn book(&self) -> StoredBook {
        self.town.store.read_book(&user("ann"), &Scope::Global).await.expect("readable")
    }

    async fn write(&self, change: impl FnOnce(StoredBook) -> StoredBook) {
        let seen = self.book().await;
        let next = change(seen.clone());
        let written = self.town.store.write_book(&user("ann"), &Scope::Global, &seen, &next).await;
        assert_eq!(written.expect("written"), Outcome::Done);
    }

    /// Changes joy's choices, and tells the books unless they don't hear of it.
    async fn joy_chooses(&self, is_heard: bool, patch: ProfilePatch) {
        let before = self.town.image().await;
        self.town.changes("joy", self.joy.id, &patch).await;
        if is_heard {
            self.town.tell(&before).await;
        }
    }

    async fn joy_leaves(&self) {
        let before = self.town.image().await;
        self.town.leaves("joy", self.joy.id).await;
        self.town.tell(&before).await;
    }

    async fn ann_signs_up(&self, claim: PhoneClaim, patch: &ProfilePatch) {
        let Town { store, clock, .. } = &self.town;
        sign_up(store, clock, &user("ann"), claim, patch).await.expect("signed up");
    }

    async fn unsubscribe(&self) {
        let Town { store, phones, clock, .. } = &self.town;
        for subscription in store.subscriptions(&user("ann")).await.expect("readable") {
            let ended = unsubscribe(store, phones, clock, &user("ann"), subscription.id).await;
            ended.expect("unsubscribed");
        }
    }

    async fn has_voip_alone(&self) {
        self.unsubscribe().await;
        let request = SubscribeRequest {
            device: "ann's".parse().expect("a udid"),
            platform: Platform::Ios,
            channel: Channel::ApnsVoip,
            environment: PushEnvironment::Production,
            token: "voip".to_owned(),
        };
        let Town { store, phones, clock, .. } = &self.town;
        subscribe(store, phones, clock, &user("ann"), &request).await.expect("subscribed");
    }

    /// Moves ann's contact into the book of a device that gets no pushes.
    async fn moves_to_other_device(&self) {
        let scope = Scope::Device("tablet".parse().expect("a udid"));
        let (ann, store) = (user("ann"), &self.town.store);
        let put = upload_of(Mode::Merge, vec![model::Change::Put(contact(P, "Joy"))]);
        upload_as(&ann, store, &scope, &put).await.expect("uploaded");
        self.removes_contact().await;
    }

    async fn removes_contact(&self) {
        let remove = upload_of(Mode::Merge, vec![removal(P)]);
        upload_as(&user("ann"), &self.town.store, &Scope::Global, &remove).await.expect("uploaded");
    }

    async fn claims(&self) -> store::Claim {
        let Town { store, clock, .. } = &self.town;
        store.delete_claims(&user("ann")).await.expect("deleted");
        let device = "ann's".parse().expect("a udid");
        let push = PushId { phone: phone(P), device: &device };
        let now_ms = model::Clock::now_ms(clock);
        match store.claim(&user("ann"), push, now_ms, 60_000).await.expect("answered") {
            Claimed::Won(claim) => claim,
            lost => panic!("{lost:?}"),
        }
    }

    async fn does(&mut self, deed: Deed) {
        let town = &self.town;
        let (ann, store) = (user("ann"), &town.store);
        match deed {
            Deed::Nothing => {}
            Deed::GiveUpNumber => self.joy.phone = None,
            Deed::RemoveContact => self.removes_contact().await,
            Deed::DeleteHint => {
                let phones = [phone(P)];
                store.delete_hints(&ann, &Scope::Global, &phones, u64::MAX).await.expect("deleted");
            }
            Deed::Leave => self.joy_leaves().await,
            Deed::ForgetNumber => {
                self.joy_leaves().await;
                forget(store, phone(P)).await.expect("forgotten");
            }
            Deed::TakeOver => {
                town.joins("jim").await;
            }
            Deed::EmptyMatch => {
                self.write(|seen| with_match(seen, None)).await;
            }
            Deed::OtherMatch => {
                self.write(|seen| with_match(seen, model::PublicId::new(4_711))).await;
            }
            Deed::HideUnheard => self.joy_chooses(false, hidden()).await,
            Deed::Hide => self.joy_chooses(true, hidden()).await,
            Deed::NotAnnounce => {
                let patch = ProfilePatch { announce_me: Some(false), ..ProfilePatch::default() };
                self.joy_chooses(true, patch).await;
            }
            Deed::JoinThemself => {
                let before = town.image().await;
                let claim = PhoneClaim::Proven(phone(P));
                self.ann_signs_up(claim, &ProfilePatch::default()).await;
                town.tell(&before).await;
            }
            Deed::Mute => {
                let patch = ProfilePatch { notify_me: Some(false), ..ProfilePatch::default() };
                self.ann_signs_up(PhoneClaim::None, &patch).await;
            }
            Deed::Unsubscribe => self.unsubscribe().await,
            Deed::VoipAlone => self.has_voip_alone().await,
            Deed::BookOfOtherDevice => self.moves_to_other_device().await,
            Deed::BeginLeaving => {
                let seen = store.subscriptions(&ann).await.expect("readable").remove(0);
                let marked = store.begin_leaving(&seen, u64::MAX).await;
                assert_eq!(marked.expect("answered"), Outcome::Done);
            }
            Deed::DeleteEndpoint => town.phones.remove(&endpoint("ann")).await.expect("removed"),
            Deed::DisableEndpoint => town.phones.disable("ann"),
            Deed::Claim => {
                self.claims().await;
            }
            Deed::ClaimLongAgo => {
                self.claims().await;
                town.clock.pass(super::BEYOND_LEASE_MS);
            }
            Deed::Doubt => {
                let claim = self.claims().await;
                store.doubt(&claim).await.expect("noted");
            }
            Deed::Forget => store.delete_claims(&ann).await.expect("deleted"),
            Deed::ForgetLongAgo => {
                store.delete_claims(&ann).await.expect("deleted");
                town.clock.pass(31 * DAY_MS);
            }
        }
    }

    /// Returns of whom to ask. What breaks a link of joy's own is asked by her profile, and the rest
    /// by her number.
    fn about(&self, deed: Deed) -> About {
        match deed {
            Deed::GiveUpNumber | Deed::TakeOver => About::User(Box::new(self.joy.clone())),
            _ => About::Phone(phone(P)),
        }
    }
}

fn with_match(seen: StoredBook, matched: Option<model::PublicId>) -> StoredBook {
    StoredBook { book: seen.book.clone().with_match(phone(P), matched), ..seen }
}

fn hidden() -> ProfilePatch {
    ProfilePatch { discoverable_by_phone: Some(false), ..ProfilePatch::default() }
}

fn breaks(explanation: &Explanation) -> Vec<(Link, Break)> {
    let chain = explanation.chain().into_iter();
    let broken = chain.filter_map(|Check { link, found }| match found {
        Found::Broken(reason) => Some((link, reason)),
        Found::Whole | Found::NotAsked => None,
    });
    broken.collect()
}

#[tokio::test]
async fn each_link_that_is_broken_by_hand_is_named_and_no_other() {
    for (deed, broken) in DEEDS {
        let mut told = Told::new().await;
        told.does(deed).await;
        let explanation = told.explained(told.about(deed)).await;
        assert_eq!(breaks(&explanation), broken, "{deed:?}");
        assert_eq!(explanation.first_break(), broken.first().copied(), "{deed:?}");
    }
}

#[test]
fn every_link_is_broken_by_some_deed() {
    let broken: BTreeSet<Link> =
        DEEDS.iter().flat_map(|(_, broken)| broken.iter().map(|(link, _)| *link)).collect();
    assert_eq!(broken.len(), 8, "{broken:?}");
}

#[tokio::test]
async fn who_was_told_is_known_as_long_as_the_claim_is_there() {
    for (deed, was_told) in [
        (Deed::Nothing, true),
        (Deed::Mute, true),
        (Deed::Leave, true),
        (Deed::DeleteEndpoint, true),
        (Deed::Unsubscribe, false),
        (Deed::Claim, false),
        (Deed::Doubt, false),
        (Deed::Forget, false),
    ] {
        let mut told = Told::new().await;
        told.does(deed).await;
        let explanation = told.explained(told.about(deed)).await;
        assert_eq!(explanation.was_told(), was_told, "{deed:?}");
    }
}

#[tokio::test]
async fn one_book_and_one_device_that_work_are_enough() {
    let told = Told::new().await;
    let town = &told.town;
    // A second book without a hint, and a second device whose endpoint is gone.
    let scope = Scope::Device("tablet".parse().expect("a udid"));
    let put = upload_of(Mode::Merge, vec![model::Change::Put(contact(P, "Joy"))]);
    upload_as(&user("ann"), &town.store, &scope, &put).await.expect("uploaded");
    town.store.delete_hints(&user("ann"), &scope, &[phone(P)], u64::MAX).await.expect("deleted");
    town.device("ann", "tablet", "tablet").await;
    town.phones.remove(&endpoint("tablet")).await.expect("removed");
    let explanation = told.explained(About::Phone(phone(P))).await;
    assert_eq!(breaks(&explanation), []);
    assert_eq!((explanation.places.len(), explanation.devices.len()), (2, 2));
}

#[tokio::test]
async fn a_number_that_its_country_has_changed_is_one_number() {
    // Benin has put 01 before its numbers.
    let (former, present) = ("22997000001", "2290197000001");
    let town = Town::new().await;
    let put = upload_of(Mode::Merge, vec![model::Change::Put(contact(former, "Joy"))]);
    upload_as(&user("ann"), &town.store, &Scope::Global, &put).await.expect("uploaded");
    for digits in [former, present] {
        let about = About::Phone(phone(digits));
        let explained =
            explain(&town.store, Some(&town.phones), &town.clock, &user("ann"), about).await;
        let explanation = explained.expect("explained");
        assert_eq!(explanation.places.len(), 1, "{digits}");
        assert_eq!(explanation.first_break(), Some((Link::Match, Break::NoHolder)), "{digits}");
    }
}
