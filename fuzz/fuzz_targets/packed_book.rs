//! Fuzzes a stored book.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::packed_book(bytes));
