#![doc = include_str!("../README.md")]

mod account;
mod attempts;
mod capabilities;
mod export;
mod holder_changes;
mod join;
mod keep_subscribed;
mod notify;
pub mod push;
pub mod queue;
mod read_book;
mod subscribe;
mod tombstone;
mod upload;
mod worked;

pub use account::{
    AccountError, PhoneClaim, ProfilePatch, delete_account, own_id, own_profile, remove_account,
    sign_up, sign_up_within, update_account, update_account_within,
};
pub use attempts::Contended;
pub use capabilities::{
    DeletionStore, ExportStore, JoinStore, NotifyStore, SignUpStore, UploadStore, UsersStore,
    WipeStore,
};
pub use export::{Export, export};
pub use join::{JoinError, JoinQueues, JoinReport, JoinWorked, spread};
pub use keep_subscribed::{Renewal, keep_subscribed};
pub use notify::{
    DisabledApplications, LEASE_SECONDS, Notifier, PushError, PushReport, PushWorked, notify,
};
pub use read_book::{BookRead, read_book, read_book_unless_known};
pub use subscribe::{MAX_SUBSCRIPTIONS, SubscribeError, SubscribeRequest, subscribe, unsubscribe};
pub use upload::{Allowance, UploadError, Uploaded, upload, wipe};
pub use worked::{Report, Worked};
