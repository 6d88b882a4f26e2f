//! Fuzzes the body of an upload, from bytes to the stored book and back.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::upload_body(bytes));
