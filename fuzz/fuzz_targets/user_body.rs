//! Fuzzes the body of a sign-up or of a change of a profile.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::user_body(bytes));
