//! Fuzzes the body of a subscription.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::subscription_body(bytes));
