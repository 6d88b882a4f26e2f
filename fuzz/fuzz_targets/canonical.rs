//! Fuzzes the reading of phones as people write them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::canonical_phone(bytes));
