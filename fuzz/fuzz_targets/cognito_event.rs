//! Fuzzes the event of a user pool.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::cognito_event(bytes));
