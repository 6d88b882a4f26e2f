#![doc = include_str!("../README.md")]

mod book;
mod clock;
mod contact;
mod hidden;
mod limits;
mod profile;
mod proof;
mod scope;
mod session;
mod subscription;
mod turnover;
mod upload;
mod user;

pub use book::{Book, Entry};
pub use clock::{Clock, SystemClock};
pub use contact::{Contact, MAX_NAME_CHARS, MAX_SPELLING_CHARS, Name, NameError, Spelling};
pub use limits::{Budget, Limits, Overdrawn, Payer};
pub use profile::{Details, IntegerField, Profile, TextField};
pub use proof::{Issuers, proven_phone};
pub use scope::{MAX_UDID_CHARS, Scope, Udid, UdidError};
pub use session::{Session, SessionId, SessionUser};
pub use subscription::{Channel, Platform, PushEnvironment, Subscription, UnknownName};
pub use turnover::Turnover;
pub use upload::{Change, Counts, Diff, Growth, Mode, Upload};
pub use user::{Flags, Holder, PublicId, UserId, UserIdError};
