//! The library behind every function of the address book.
//!
//! - [`domain`] holds the nouns and their rules, pure.
//! - [`wire`] spells them in ConnectyCube's JSON.
//! - [`store`] keeps them in DynamoDB, [`queue`] carries changes of users, [`push`] tells people.
//! - [`protocol`] says in which order all that happens.
//! - [`http`], [`aws`], [`config`], [`metrics`] and [`telemetry`] are what a function needs besides.

pub mod aws;
pub mod config;
pub mod domain;
pub mod http;
pub mod metrics;
pub mod protocol;
pub mod push;
pub mod queue;
pub mod store;
pub mod telemetry;
pub mod wire;
