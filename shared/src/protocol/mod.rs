//! The protocols: in which order the tables are read and written, so that no join is lost, no match
//! is a ghost, and a book is never half of an upload.
//!
//! `docs/DESIGN.md` names the invariants and says which step keeps which. Each step is there because
//! leaving it out broke one; `tests/suite/invariants` runs them in every order.

mod account;
mod admit;
mod export;
mod join;
mod notify;
mod read;
mod report;
mod subscribe;
mod tombstone;
mod upload;

pub use account::{
    AccountError, PhoneClaim, ProfilePatch, delete_account, own_profile, remove_account, sign_up, update_account,
};
pub use admit::Allowance;
pub use export::{Export, export};
pub use join::{JoinError, spread};
pub use notify::{Clock, Notifier, SystemClock};
pub use read::read_book;
pub use report::JoinReport;
pub use subscribe::{MAX_SUBSCRIPTIONS, SubscribeError, SubscribeRequest, subscribe, unsubscribe};
pub use upload::{UploadError, Uploaded, upload, wipe};
