//! An event of the stream, through the whole function.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| address_book_fuzz::stream_event(bytes));
