//! A phone as a person writes it.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| address_book_fuzz::canonical_phone(bytes));
