//! The body of an upload, from bytes to the stored book and back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use shared::domain::{Book, HomeRegion, Region};
use shared::store::{pack_contacts, unpack};
use shared::wire::{UploadRequest, object};

fuzz_target!(|body: &[u8]| {
    let home = HomeRegion::from("US".parse::<Region>().expect("a region"));
    let Ok(fields) = object(body) else { return };
    let Ok(request) = UploadRequest::read(&fields, &home) else { return };
    let sent = fields["contacts"].as_array().map_or(0, Vec::len);
    let upload = &request.upload;
    assert!(upload.changes.len() <= sent, "contacts came from nowhere");
    assert!(upload.changes.iter().all(|(index, _)| *index < sent), "an index is out of range");

    let empty = Book::default();
    let diff = empty.diff(upload);
    let book = empty.apply(&diff).settled_in(&home);
    assert_eq!(diff.counts().created, book.entries().len());
    let again = book.diff(upload);
    assert_eq!((again.counts().created, book.apply(&again).entries()), (0, book.entries()), "a repeat changes something");

    if !book.entries().is_empty() {
        let unpacked = unpack(book.region(), &pack_contacts(&book), None).expect("what was packed can be unpacked");
        assert_eq!(unpacked, book);
    }
    let _: Value = serde_json::to_value(fields).expect("JSON");
});
