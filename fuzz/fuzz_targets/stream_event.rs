//! Fuzzes an event of the stream, through the whole function.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::stream_event(bytes));
