//! Explains why a user did or didn't hear of another one. It reads, and changes nothing.
//!
//! A push comes at the end of a chain: the contact in a book, its hint, its match, and so on. All of
//! it is read as it is now. What has changed since the other one joined isn't seen.

mod chain;

use std::collections::BTreeSet;

use model::{Clock, Holder, Profile, PublicId, Scope, Udid, UserId};
use numbering::Phone;
use store::{ClaimState, Device, Devices, Inspection, PushId, StoreError};

pub use self::chain::{Break, Check, Found, Link};
use crate::capabilities::ExplainStore;
use crate::forget::is_forgotten;
use crate::push::{EndpointState, EndpointStates};

/// Of whom the watcher may have heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// The user who has this phone, if there is one.
    Phone(Phone),
    /// This user, by the phone that they have.
    User(Box<Profile>),
}

impl About {
    /// Returns the phone by which books and users would have met.
    #[must_use]
    pub fn phone(&self) -> Option<Phone> {
        match self {
            Self::Phone(phone) => Some(*phone),
            Self::User(profile) => profile.phone.map(|(phone, _)| phone),
        }
    }
}

/// What is stored that decides whether the watcher hears of the other one.
#[derive(Clone, Debug)]
pub struct Explanation {
    pub watcher: UserId,
    pub about: About,
    /// How many open books the watcher has.
    pub books: usize,
    /// Where the watcher's books hold the phone.
    pub places: Vec<PlaceSeen>,
    /// Who has the phone.
    pub holder: Option<Holder>,
    /// Whether the phone was forgotten, and nobody has it.
    pub is_forgotten: bool,
    /// Whether the watcher doesn't want to be told of joins.
    pub is_muted: bool,
    pub devices: Vec<DeviceSeen>,
    /// What is remembered of pushes about the phone. A device that has unsubscribed is among them
    /// only if it has a book.
    pub claims: Vec<ClaimSeen>,
    /// The time of the explanation, in milliseconds since 1970.
    pub now_ms: u64,
}

/// A contact with the phone, in one of the watcher's books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceSeen {
    pub scope: Scope,
    /// The phone, in the form in which the book holds it.
    pub phone: Phone,
    /// Whether the contact has a hint.
    pub is_hinted: bool,
    /// The user whom the book shows as the contact's match.
    pub shown: Option<PublicId>,
}

/// A device of the watcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSeen {
    pub device: Device,
    /// What the push service says of its endpoint. Absent if it wasn't asked.
    pub endpoint: Option<EndpointState>,
}

/// A push about the phone, to one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimSeen {
    pub device: Udid,
    pub state: ClaimState,
}

/// Reads why `watcher` did or didn't hear of `about`. Asks `endpoints`, if they are given, whether
/// the watcher's endpoints are enabled.
///
/// # Errors
/// [`StoreError`] of the reads. If the push service doesn't answer, its endpoints count as not asked.
pub async fn explain<S, E, C>(
    store: &S,
    endpoints: Option<&E>,
    clock: &C,
    watcher: &UserId,
    about: About,
) -> Result<Explanation, StoreError>
where
    S: ExplainStore,
    E: EndpointStates,
    C: Clock,
{
    let forms = about.phone().map(|phone| phone.forms()).unwrap_or_default();
    let open: Vec<_> = store.read_books(watcher).await?;
    let open: Vec<_> = open.into_iter().filter(|(_, stored)| stored.life.is_open()).collect();
    let mut places = vec![];
    for (scope, stored) in &open {
        for entry in forms.iter().filter_map(|form| stored.book.find(*form)) {
            let phone = entry.contact.phone;
            let is_hinted = store.hint_version(watcher, scope, phone).await?.is_some();
            places.push(PlaceSeen { scope: scope.clone(), phone, is_hinted, shown: entry.matched });
        }
    }
    // As in a join, the holder is read after the books.
    let holder = match about.phone() {
        Some(phone) => store.holder(phone).await?,
        None => None,
    };
    let is_forgotten = match about.phone() {
        Some(phone) if holder.is_none() => is_forgotten(store, phone).await?,
        _ => false,
    };
    let Devices { is_muted, all } = store.devices(watcher).await?;
    let scopes = open.iter().map(|(scope, _)| scope);
    let claims = claims(store, watcher, &forms, scopes, &all).await?;
    let mut devices = vec![];
    for device in all {
        let endpoint = match endpoints {
            Some(endpoints) => endpoints.state(&device.subscription.endpoint).await.ok(),
            None => None,
        };
        devices.push(DeviceSeen { device, endpoint });
    }
    Ok(Explanation {
        watcher: watcher.clone(),
        about,
        books: open.len(),
        places,
        holder,
        is_forgotten,
        is_muted,
        devices,
        claims,
        now_ms: clock.now_ms(),
    })
}

/// Reads what is remembered of pushes to the watcher's devices. A claim's key is a hash, so only the
/// claims of devices that are known can be found.
async fn claims<S: Inspection>(
    store: &S,
    watcher: &UserId,
    forms: &[Phone],
    scopes: impl Iterator<Item = &Scope>,
    devices: &[Device],
) -> Result<Vec<ClaimSeen>, StoreError> {
    let with_book = scopes.filter_map(|scope| match scope {
        Scope::Device(device) => Some(device),
        Scope::Global => None,
    });
    let subscribed = devices.iter().map(|device| &device.subscription.device);
    let known: BTreeSet<&Udid> = with_book.chain(subscribed).collect();
    let mut claims = vec![];
    for device in known {
        for phone in forms.iter().copied() {
            if let Some(state) = store.claim_state(watcher, PushId { phone, device }).await? {
                claims.push(ClaimSeen { device: device.clone(), state });
            }
        }
    }
    Ok(claims)
}
