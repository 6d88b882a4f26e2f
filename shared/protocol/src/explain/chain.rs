//! The links of the chain that ends in a push, and which of them are broken.

use std::fmt;

use model::{Channel, Holder};
use serde::Serialize;
use store::{CLAIM_SECONDS, ClaimState};

use super::{About, DeviceSeen, Explanation, PlaceSeen};
use crate::notify::concerns;
use crate::push::EndpointState;

/// For how long pushes are remembered, in milliseconds.
const REMEMBERED_MS: u64 = CLAIM_SECONDS * 1000;

/// A link of the chain, in the order in which a join goes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// One of the watcher's books holds the phone.
    Contact,
    /// The contact has a hint, by which a join finds the book.
    Hint,
    /// The book shows whom Users says.
    Match,
    /// The other one wants to be found and announced, and isn't the watcher.
    Visibility,
    /// The watcher wants to be told.
    Muted,
    /// The watcher has a device that is told.
    Device,
    /// The push service takes pushes for it.
    Endpoint,
    /// The push was sent.
    Claim,
}

/// Why a link is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Break {
    NoPhone,
    Forgotten,
    NoContact,
    NoHint,
    NoHolder,
    OtherHolder,
    NotShown,
    OtherShown,
    StillShown,
    Themself,
    Hidden,
    NotAnnounced,
    Muted,
    NoDevice,
    OnlyVoip,
    OtherDevice,
    Leaving,
    EndpointGone,
    EndpointDisabled,
    BeingSent,
    Unanswered,
    Unfinished,
    NotRemembered,
    NeverSent,
}

/// What was found of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Whole,
    Broken(Break),
    /// It can't be said, because of an earlier link or because nobody was asked.
    NotAsked,
}

/// A link, and what was found of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    pub link: Link,
    pub found: Found,
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Contact => "contact",
            Self::Hint => "hint",
            Self::Match => "match",
            Self::Visibility => "visibility",
            Self::Muted => "muted",
            Self::Device => "device",
            Self::Endpoint => "endpoint",
            Self::Claim => "claim",
        })
    }
}

/// Says it in a sentence about A, the watcher, and B.
impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPhone => "B has no number, so no book can hold it",
            Self::Forgotten => "the number was forgotten, and no book takes it",
            Self::NoContact => "none of A's books holds the number",
            Self::NoHint => "A's contact has no hint, so a join doesn't find the book",
            Self::NoHolder => "nobody has the number",
            Self::OtherHolder => "somebody else has the number now",
            Self::NotShown => {
                "A's book doesn't show B yet: the message about it waits, or was given up"
            }
            Self::OtherShown => {
                "A's book shows somebody else: the message about B waits, or was given up"
            }
            Self::StillShown => {
                "A's book still shows somebody: the message about B waits, or was given up"
            }
            Self::Themself => "it is A's own number, and nobody is told of themself",
            Self::Hidden => "B doesn't want to be found",
            Self::NotAnnounced => "B doesn't want to be announced, or was moved in silently",
            Self::Muted => "A doesn't want to be told of joins",
            Self::NoDevice => "A has no device that gets pushes",
            Self::OnlyVoip => "A's devices take VoIP pushes alone, and none are sent about joins",
            Self::OtherDevice => {
                "the number is in a device's book, and that device isn't subscribed"
            }
            Self::Leaving => "the removal of A's device has begun, and hasn't ended",
            Self::EndpointGone => "SNS has no endpoint of A's device any more",
            Self::EndpointDisabled => "SNS has disabled the endpoint of A's device",
            Self::BeingSent => "the push is being sent at this moment, or its sender died",
            Self::Unanswered => "the push was sent, and SNS hasn't answered: it is sent once more",
            Self::Unfinished => "the push was begun, and never finished",
            Self::NotRemembered => {
                "B has had the number for longer than pushes are remembered, which is 30 days"
            }
            Self::NeverSent => {
                "no push is remembered: B had the number before A had the contact or the device, or \
                 the message waits in its queue or was given up"
            }
        })
    }
}

impl Explanation {
    /// Returns whether a push about the phone was sent to one of the watcher's present devices, in the
    /// last 30 days. If the number has changed hands since, it was about somebody else. A push that
    /// SNS refuses for good counts as sent.
    #[must_use]
    pub fn was_told(&self) -> bool {
        self.claims.iter().any(|claim| matches!(claim.state, ClaimState::Settled { .. }))
    }

    /// Returns the first link that is broken.
    #[must_use]
    pub fn first_break(&self) -> Option<(Link, Break)> {
        self.chain().into_iter().find_map(|Check { link, found }| match found {
            Found::Broken(reason) => Some((link, reason)),
            Found::Whole | Found::NotAsked => None,
        })
    }

    /// Returns every link, in order. A link is whole if the push can get through it in one way: by
    /// one of several books, or to one of several devices.
    #[must_use]
    pub fn chain(&self) -> Vec<Check> {
        let places = self.hinted();
        let concerned = self.concerned(&places);
        [
            (Link::Contact, self.contact()),
            (Link::Hint, self.hint()),
            (Link::Match, self.matched(&places)),
            (Link::Visibility, self.visibility()),
            (Link::Muted, if self.is_muted { broken(Break::Muted) } else { Found::Whole }),
            (Link::Device, self.device(&concerned)),
            (Link::Endpoint, endpoint(&concerned)),
            (Link::Claim, self.claim(&concerned)),
        ]
        .map(|(link, found)| Check { link, found })
        .to_vec()
    }

    fn contact(&self) -> Found {
        match self.about.phone() {
            None => broken(Break::NoPhone),
            Some(_) if !self.places.is_empty() => Found::Whole,
            Some(_) if self.is_forgotten => broken(Break::Forgotten),
            Some(_) => broken(Break::NoContact),
        }
    }

    fn hint(&self) -> Found {
        match self.places.iter().any(|place| place.is_hinted) {
            _ if self.places.is_empty() => Found::NotAsked,
            true => Found::Whole,
            false => broken(Break::NoHint),
        }
    }

    /// Returns the places that a join finds, or all of them if it finds none.
    fn hinted(&self) -> Vec<&PlaceSeen> {
        let hinted: Vec<_> = self.places.iter().filter(|place| place.is_hinted).collect();
        if hinted.is_empty() { self.places.iter().collect() } else { hinted }
    }

    fn matched(&self, places: &[&PlaceSeen]) -> Found {
        if self.about.phone().is_none() {
            return Found::NotAsked;
        }
        let Some(holder) = &self.holder else { return broken(Break::NoHolder) };
        if matches!(&self.about, About::User(profile) if profile.id != holder.id) {
            return broken(Break::OtherHolder);
        }
        let expected = holder.match_for(&self.watcher);
        match places {
            [] => Found::NotAsked,
            _ if places.iter().any(|place| place.shown == expected) => Found::Whole,
            _ if expected.is_none() => broken(Break::StillShown),
            _ if places.iter().all(|place| place.shown.is_none()) => broken(Break::NotShown),
            _ => broken(Break::OtherShown),
        }
    }

    fn visibility(&self) -> Found {
        match &self.holder {
            None => Found::NotAsked,
            Some(holder) if holder.user == self.watcher => broken(Break::Themself),
            Some(Holder { discoverable: false, .. }) => broken(Break::Hidden),
            Some(Holder { announced: false, .. }) => broken(Break::NotAnnounced),
            Some(_) => Found::Whole,
        }
    }

    /// Returns the devices that a push about the contact is sent to.
    fn concerned(&self, places: &[&PlaceSeen]) -> Vec<&DeviceSeen> {
        let is_concerned = |seen: &&DeviceSeen| {
            let subscription = &seen.device.subscription;
            let is_of_place = places.is_empty()
                || places.iter().any(|place| concerns(subscription, &place.scope));
            is_of_place && subscription.channel != Channel::ApnsVoip && !seen.device.is_leaving
        };
        self.devices.iter().filter(is_concerned).collect()
    }

    fn device(&self, concerned: &[&DeviceSeen]) -> Found {
        if !concerned.is_empty() {
            return Found::Whole;
        }
        let devices = || self.devices.iter().map(|seen| &seen.device);
        let takes_pushes =
            || devices().filter(|device| device.subscription.channel != Channel::ApnsVoip);
        broken(if self.devices.is_empty() {
            Break::NoDevice
        } else if takes_pushes().next().is_none() {
            Break::OnlyVoip
        } else if takes_pushes().all(|device| device.is_leaving) {
            Break::Leaving
        } else {
            Break::OtherDevice
        })
    }

    fn claim(&self, concerned: &[&DeviceSeen]) -> Found {
        let pending = self.claims.iter().find_map(|claim| match claim.state {
            ClaimState::Settled { .. } => None,
            ClaimState::Pending { lease_ends_ms, .. } if lease_ends_ms >= self.now_ms => {
                Some(Break::BeingSent)
            }
            ClaimState::Pending { is_unanswered: true, .. } => Some(Break::Unanswered),
            ClaimState::Pending { .. } => Some(Break::Unfinished),
        });
        // An epoch begins when its holder gets the number, by the clock.
        let is_old = |holder: &Holder| self.now_ms.saturating_sub(holder.epoch) > REMEMBERED_MS;
        match pending {
            _ if self.was_told() => Found::Whole,
            _ if self.about.phone().is_none() => Found::NotAsked,
            Some(reason) => broken(reason),
            None if concerned.is_empty() => Found::NotAsked,
            None if self.holder.as_ref().is_some_and(is_old) => broken(Break::NotRemembered),
            None => broken(Break::NeverSent),
        }
    }
}

fn endpoint(concerned: &[&DeviceSeen]) -> Found {
    let states: Vec<Option<EndpointState>> = concerned.iter().map(|seen| seen.endpoint).collect();
    if states.contains(&Some(EndpointState::Enabled)) {
        Found::Whole
    } else if states.is_empty() || states.contains(&None) {
        Found::NotAsked
    } else if states.contains(&Some(EndpointState::Disabled)) {
        broken(Break::EndpointDisabled)
    } else {
        broken(Break::EndpointGone)
    }
}

fn broken(reason: Break) -> Found {
    Found::Broken(reason)
}
