//! Fuzzes what has changed in a stored book.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::packed_changes(bytes));
