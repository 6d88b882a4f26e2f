//! The body of a subscription.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| address_book_fuzz::subscription_body(bytes));
