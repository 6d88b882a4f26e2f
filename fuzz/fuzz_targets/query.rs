//! A query string.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| address_book_fuzz::query(bytes));
