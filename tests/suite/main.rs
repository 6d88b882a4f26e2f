//! What crosses crates, over the embedded DynamoDB: the real code from event to item.

mod cost;
mod invariants;
mod journey;
mod support;
