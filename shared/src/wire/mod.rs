//! ConnectyCube's spelling of it all: JSON in, JSON out, sentences included.
//!
//! `docs/API.md` is the contract. Past this module no raw text is a phone, a `udid` or a user id.

mod body;
mod book;
mod error;
mod export;
mod flag;
mod registered;
mod subscription;
mod upload;
mod user;

pub use body::{object, udid_of};
pub use book::{ContactResponse, contacts};
pub use error::{ApiError, SESSION_REQUIRED};
pub use export::export_json;
pub use registered::{compact, compact_items, full_items};
pub use subscription::{read_subscription, subscription_items};
pub use upload::{UploadRequest, UploadResponse};
pub use user::{UserRequest, own_user};
