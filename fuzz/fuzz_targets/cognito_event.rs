//! An event of a user pool.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| address_book_fuzz::cognito_event(bytes));
