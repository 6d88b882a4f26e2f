#![doc = include_str!("../README.md")]

mod accounts;
mod batch;
mod books;
mod budgets;
mod calls;
mod claims;
mod error;
mod forgotten;
mod holder_changes;
mod ids;
mod inspect;
mod item;
mod keyring;
mod keys;
mod muted;
#[cfg(feature = "inspect")]
mod opened;
mod owners;
mod packed;
mod phone_keys;
mod profile;
mod receipt;
mod rekey;
mod repair;
mod retry;
mod scan;
mod sessions;
mod store;
mod subscriptions;
mod tables;
mod tokens;
mod users;
mod write;

pub use accounts::{AccountStore, AccountWrite, Subject, Target};
pub use books::{BookHead, BookKeeper, BookReader, BookStore, Layout, Life, StoredBook};
pub use budgets::{Bucket, BudgetStore};
pub use claims::{CLAIM_SECONDS, Claim, ClaimState, ClaimStore, Claimed, PushId};
pub use error::StoreError;
pub use forgotten::ForgottenPhones;
pub use holder_changes::{ChangeBucket, HolderChangeStore};
pub use inspect::{Device, Devices, Inspection};
pub use keyring::{Keyring, KeyringError};
pub use keys::token_hash;
pub use owners::{Hint, OwnerIndex, OwnerPage, OwnerRange};
pub use packed::{
    PackError, Packed, apply_changes, fits, pack_changes, pack_contacts, pack_matches, unpack,
};
pub use phone_keys::hashed;
pub use receipt::Receipt;
pub use rekey::{Copied, Rekey, RekeyError, RekeyReport};
pub use repair::Repair;
pub use retry::{Backoff, Retry};
pub use scan::{
    BookKey, ClaimItem, HintId, MarkId, ScanPage, Scanned, ScannedHint, SubscriptionItem, UserItem,
};
pub use sessions::{SessionRecord, SessionStore, TOKEN_PREFIX};
pub use store::Store;
pub use subscriptions::{SubscriptionStore, SubscriptionWrite};
pub use tables::{ByTable, Table, Tables};
pub use tokens::TokenUse;
pub use users::{HolderReader, Holders, ProfileReader, holder_of_image};
pub use write::Outcome;
