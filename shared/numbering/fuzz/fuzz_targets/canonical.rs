//! A phone as a person writes it, in several home regions. A test of the crate replays the corpus.

#![no_main]

use numbering::{HomeRegion, Phone, Region, canonical, reread};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let raw = String::from_utf8_lossy(bytes);
    for region in ["US", "DE", "IT", "AR", "BY", "MX", "SG", "AQ"] {
        let home = HomeRegion::from(region.parse::<Region>().expect("a region"));
        read(&raw, &home);
    }
});

fn read(raw: &str, home: &HomeRegion) {
    let digits = canonical(raw, home);
    assert!(digits.bytes().all(|byte| byte.is_ascii_digit()), "more than digits");
    assert_eq!(digits, canonical(raw, home), "not the same twice");
    assert_eq!(digits, canonical(&format!("+{digits}"), home), "not idempotent");
    if let Ok(phone) = Phone::read(raw, home) {
        assert_eq!(phone.digits().parse(), Ok(phone), "stored digits can't be read");
        assert_eq!(reread(raw, phone, home), phone, "read again, it is another number");
    }
}
