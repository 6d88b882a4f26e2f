//! What crosses crates, over the embedded DynamoDB: the real code from event to item.

#![expect(clippy::print_stdout, reason = "what a test has measured, and the seed that repeats it")]

mod cost;
mod events;
mod invariants;
mod journey;
mod limits;
mod owners;
mod permissions;
mod poison;
mod pushes;
mod sns;
mod support;
mod template;
