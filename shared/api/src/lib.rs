#![doc = include_str!("../README.md")]

mod body;
mod book;
mod call;
mod caller;
mod callers;
mod entity_tag;
mod error;
mod event;
mod export;
mod flag;
mod form;
mod people;
mod registered;
mod reply;
mod routes;
mod session;
mod subscription;
mod surrogates;
mod upload;
mod user;

pub use body::{object, udid_of};
pub use book::{ContactResponse, contacts};
pub use call::{Call, DEADLINE, MAX_BODY_BYTES, public_id};
pub use caller::Caller;
pub use error::{ApiError, SESSION_REQUIRED};
pub use event::{EventBuilder, claims_of_local_token};
pub use export::{export_json, export_part};
pub use form::form;
pub use people::{PeopleQuery, Person};
pub use registered::{compact, compact_items, full_items};
pub use reply::Reply;
pub use routes::{Endpoint, Function, ROUTES, Route, find};
pub use session::{Credentials, Login, SessionRequest, session_json};
pub use subscription::{read_subscription, subscription_items};
pub use upload::{UploadRequest, UploadResponse};
pub use user::{UserRequest, own_user};
