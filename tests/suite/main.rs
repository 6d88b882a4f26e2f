//! Tests that cross crates. They run the real code, from event to item, over the embedded DynamoDB.

#![expect(clippy::print_stdout, reason = "what a test has measured, and the seed that repeats it")]

mod accounts;
mod budget;
mod check;
mod corpus;
mod cost;
mod deletion;
mod events;
mod export;
mod forgotten;
mod idle;
mod ids;
mod invariants;
mod journey;
mod leaks;
mod life;
mod limits;
mod lookups;
mod nothing_new;
mod owners;
mod permissions;
mod poison;
mod pushes;
mod readings;
mod registered;
mod rekey;
mod sealed;
mod sessions;
mod sns;
mod storm;
mod template;
mod tools;
mod turnover;
