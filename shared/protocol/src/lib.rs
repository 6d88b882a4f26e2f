#![doc = include_str!("../README.md")]

mod account;
mod attempts;
mod capabilities;
mod delete_account;
mod explain;
mod export;
mod forget;
mod holder_changes;
mod join;
mod keep_subscribed;
mod notify;
pub mod push;
pub mod queue;
mod read_book;
mod session;
mod subscribe;
mod tombstone;
mod upload;
mod worked;

pub use account::{
    AccountError, PhoneClaim, ProfilePatch, own_id, sign_up, sign_up_within, update_account,
    update_account_within,
};
pub use attempts::Contended;
pub use capabilities::{
    DeletionStore, ExplainStore, ExportStore, ForgetStore, JoinStore, NotifyStore, PeopleStore,
    SignUpStore, UploadStore, UsersStore, WipeStore,
};
pub use delete_account::{delete_account, remove_account};
pub use explain::{
    About, Break, Check, ClaimSeen, DeviceSeen, Explanation, Found, Link, PlaceSeen, explain,
};
pub use export::{Export, export};
pub use forget::{ForgetError, ForgetReport, allow, finish_forgetting, forget, is_forgotten};
pub use join::{JoinError, JoinQueues, JoinReport, JoinWorked, spread, tell_books};
pub use keep_subscribed::{Renewal, keep_subscribed};
pub use notify::{
    DisabledApplications, LEASE_SECONDS, Notifier, PushError, PushReport, PushWorked, notify,
};
pub use read_book::{BookRead, read_book, read_book_unless_known};
pub use session::{session_for_changes, session_for_leaving, session_for_reading};
pub use subscribe::{MAX_SUBSCRIPTIONS, SubscribeError, SubscribeRequest, subscribe, unsubscribe};
pub use upload::{Allowance, UploadError, Uploaded, upload, upload_unlimited, wipe};
pub use worked::{Report, Worked};
