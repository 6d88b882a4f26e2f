//! Fuzzes a message of the queue.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::queue_message(bytes));
