//! The nouns of an address book and the rules between them, pure: no clock, no environment, no I/O.
//!
//! Nothing here knows of JSON, DynamoDB or Lambda. Everything can be tested by tables and
//! properties in microseconds.

mod book;
mod change;
mod contact;
mod digits;
mod fold;
mod limits;
mod phone;
mod plan;
mod region;
mod scope;
mod upload;
mod user;

pub use book::{Book, Entry};
pub use change::{HolderChange, holder_change};
pub use contact::{Contact, MAX_NAME_CHARS, MAX_SPELLING_CHARS, Name, NameError, Spelling};
pub use limits::{Budget, Limits, Overdrawn, Payer};
pub use phone::{Phone, PhoneError, canonical, is_international};
pub use region::{HomeRegion, Region, RegionError};
pub use scope::{MAX_UDID_CHARS, Scope, Udid, UdidError};
pub use upload::{Change, Counts, Diff, Growth, Mode, Upload};
pub use user::{Flags, Holder, PublicId, UserId, UserIdError};
