//! A message of the queue.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| address_book_fuzz::queue_message(bytes));
