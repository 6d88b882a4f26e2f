//! A phone as a person writes it.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::canonical_phone(bytes));
