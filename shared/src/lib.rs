//! The library behind every function of the address book.
//!
//! - [`domain`] holds the nouns and their rules, pure.
pub mod domain;
pub mod store;
