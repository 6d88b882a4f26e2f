//! What the tests, the benchmarks and the examples share. There are databases that count, fail or
//! stop, and functions over them. There are a queue and a push service that keep what they are
//! sent. And there are people and their requests.

#![expect(clippy::print_stdout, reason = "what a test measured, and the seed that repeats it")]

pub mod dump;
pub mod embedded;
pub mod faults;
pub mod functions;
pub mod gate;
pub mod http;
pub mod meter;
pub mod people;
pub mod phones;
pub mod queue;
pub mod requests;
pub mod rules;
pub mod services;
pub mod wait;

use local::{LocalClock, LocalPasswords};
use model::{
    Budget, Change, Channel, Clock, Contact, Issuers, Limits, Mode, Payer, Platform,
    PushEnvironment, Scope, SystemClock, Upload, UserId,
};
use numbering::{HomeRegion, Phone, Region};
use protocol::{Allowance, SubscribeRequest, UploadError, Uploaded};
use session::{ClaimRules, Fetch, Providers, TrustedIssuers};
use store::{Keyring, Store};

pub fn user(id: &str) -> UserId {
    id.parse().expect("a user id")
}

pub fn phone(digits: &str) -> Phone {
    digits.parse().expect("a phone")
}

pub fn region() -> Region {
    "US".parse().expect("a region")
}

pub fn home() -> HomeRegion {
    HomeRegion::from(region())
}

pub fn contact(digits: &str, name: &str) -> Contact {
    Contact {
        phone: phone(digits),
        spelling: format!("+{digits}").as_str().into(),
        name: name.parse().expect("a name"),
    }
}

/// The removal of a contact.
pub fn removal(digits: &str) -> Change {
    Change::Remove { phone: phone(digits), spelling: format!("+{digits}").as_str().into() }
}

/// Returns what an app on an Android device sends to get pushes.
pub fn pixel(token: &str) -> SubscribeRequest {
    SubscribeRequest {
        device: "pixel".parse().expect("a udid"),
        platform: Platform::Android,
        channel: Channel::Gcm,
        environment: PushEnvironment::Production,
        token: token.to_owned(),
    }
}

pub fn upload_of(mode: Mode, changes: Vec<Change>) -> Upload {
    Upload { mode, changes: changes.into_iter().enumerate().collect() }
}

/// Returns the template's limits, except that tokens without a phone have the budget of those with
/// one, because most tests use such tokens.
pub fn limits() -> Limits {
    let default = Limits::default();
    Limits { phoneless_budget: Some(default.budget), ..default }
}

pub fn upload_settings() -> upload::Settings {
    upload::Settings { default_region: region(), issuers: Issuers::default(), limits: limits() }
}

/// Returns settings with which users may change who has a phone as often as they like.
pub fn user_settings() -> users::Settings {
    users::Settings {
        default_region: region(),
        trust_body_phone: false,
        issuers: Issuers::default(),
        holder_changes: Budget::new(1_000_000, 1),
        public_id_claim: None,
    }
}

/// Returns settings with which sessions last a day, and users may do as with [`user_settings`].
pub fn session_settings() -> session::Settings {
    let application = session::Application::default();
    session::Settings { users: user_settings(), session_ms: 24 * 60 * 60 * 1000, application }
}

/// Returns keys for the tokens of sessions, over tables that are unsealed.
pub fn session_keys() -> Keyring {
    let secret = r#"{"index":"1","current":"1","1":"0123456789abcdefghijklmnopqrstuv"}"#;
    secret.parse().expect("a secret")
}

/// Returns identity providers by which anybody signs in as anybody, with any password.
pub fn providers() -> Providers<SystemClock, LocalPasswords> {
    let (rules, fetch) = (ClaimRules::default(), Fetch::default());
    let issuers = TrustedIssuers::new(vec![], rules, fetch, SystemClock);
    Providers { issuers, passwords: LocalPasswords::Any(LocalClock::default()) }
}

/// Returns settings with which names are copied from a user pool, and users may change who has a
/// phone as often as they like.
pub fn cognito_settings() -> cognito_sign_up::Settings {
    let holder_changes = Budget::new(1_000_000, 1);
    cognito_sign_up::Settings { copy_profile: true, holder_changes, public_id_claim: None }
}

/// Uploads as `user`, within the default limits.
pub async fn upload_as(
    user: &UserId,
    store: &Store,
    scope: &Scope,
    upload: &Upload,
) -> Result<Uploaded, UploadError> {
    let limits = limits();
    protocol::upload(store, &allowance(user, &limits, &SystemClock), user, scope, upload, &home())
        .await
}

/// Returns what a user may upload by default if their token proves no phone.
pub fn allowance<'a, C: Clock>(
    user: &UserId,
    limits: &'a Limits,
    clock: &'a C,
) -> Allowance<'a, C> {
    Allowance { payer: Payer::User(user.clone()), limits, clock }
}

/// Whether tests that are exhaustive or long run whole: the variable `EXHAUSTIVE` is set. CI sets it.
pub fn is_exhaustive() -> bool {
    std::env::var_os("EXHAUSTIVE").is_some()
}

/// A seed for chance: that of the environment variable `name`, or any. It is printed, so that a failure
/// can be repeated.
pub fn seed(name: &str) -> u64 {
    let given = std::env::var(name).ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    println!("{name}={seed}");
    seed
}
