//! The whole address book on one machine, without AWS and without Docker.
//!
//! The handlers of the functions run in this process. Requests reach them as the events that API
//! Gateway would send, changes of Users as events of the stream, and messages as events of the
//! queue. The tables are in an embedded DynamoDB, which is called through the same SDK, without a
//! socket. Pushes are kept in an inbox.

mod args;
mod banner;
mod book_writes;
mod clock;
pub mod cors;
mod database;
pub mod direct;
mod expiry;
mod faults;
mod functions;
mod gateway;
mod inbox;
mod journal;
mod keys;
mod meter;
mod page;
mod passwords;
mod queue;
mod reach;
mod schema;
mod seed;
mod server;
mod stream;
mod tls;
mod tools;
pub mod units;

pub use args::{Args, IssuerArgs};
pub use clock::LocalClock;
pub use database::{Database, DatabaseError, open};
pub use faults::{Fault, FaultError};
pub use functions::HttpFunctions;
pub use inbox::{Inbox, InboxPush};
pub use keys::{KeyFileError, create_private, keys_beside};
pub use passwords::LocalPasswords;
pub use queue::ChannelQueue;
pub use schema::{create_tables, keyed, tables};
pub use seed::SeedError;
pub use server::{HOME_REGION, PHONELESS_NUMBERS, RunError, Server, run};
pub use tls::{Certificate, TlsError};
