#![doc = include_str!("../README.md")]

pub mod aws;
mod boot;
pub mod config;
pub mod metrics;
pub mod telemetry;

pub use boot::{Boot, Context, Error, HttpAnswer, run, run_http};
