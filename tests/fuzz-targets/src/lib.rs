//! The bodies of the fuzz targets. A test replays the corpus through the same functions.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use api::{Call, EventBuilder, UploadRequest, UserRequest, compact, object, read_subscription};
use cognito_sign_up::PostConfirmation;
use model::{Book, Contact, Entry, Limits, PublicId};
use numbering::{HomeRegion, Phone, Region};
use protocol::queue::{
    BookMessage, BookQueue, FailedRecord, FailedRecords, PushMessage, QueueError,
};
use serde_json::Value;
use store::{Keyring, Packed, apply_changes, pack_changes, pack_contacts, pack_matches, unpack};

/// A target: its name, which is also its corpus's name, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 9] = [
    ("cognito_event", cognito_event),
    ("packed_book", packed_book),
    ("packed_changes", packed_changes),
    ("query", query),
    ("queue_message", queue_message),
    ("stream_event", stream_event),
    ("subscription_body", subscription_body),
    ("upload_body", upload_body),
    ("user_body", user_body),
];

fn home(code: &str) -> HomeRegion {
    HomeRegion::from(code.parse::<Region>().expect("a region"))
}

/// Takes the body of an upload, from bytes to the stored book and back.
pub fn upload_body(body: &[u8]) {
    let home = home("US");
    let Ok(fields) = object(body) else { return };
    let Ok(request) = UploadRequest::read(&fields, &home, &Limits::default()) else { return };
    let sent = fields["contacts"].as_array().map_or(0, Vec::len);
    let upload = &request.upload;
    assert!(upload.changes.len() <= sent, "contacts came from nowhere");
    assert!(upload.changes.iter().all(|(index, _)| *index < sent), "an index is out of range");

    let empty = Book::default();
    let diff = empty.diff(upload);
    let book = empty.apply(&diff).settled_in(&home);
    assert_eq!(diff.counts().created, book.entries().len());
    let again = book.diff(upload);
    assert_eq!(
        (again.counts().created, book.apply(&again).entries()),
        (0, book.entries()),
        "a repeat changes something"
    );

    if !book.entries().is_empty() {
        let unpacked = unpack(book.region(), &pack_contacts(&book), None)
            .expect("what was packed can be unpacked");
        assert_eq!(unpacked, book);
    }
    let _: Value = serde_json::to_value(fields).expect("JSON");
}

/// Takes the body of a sign-up, or of a change of a profile.
pub fn user_body(body: &[u8]) {
    let Ok(fields) = object(body) else { return };
    let Ok(request) = UserRequest::read(&fields, &home("DE")) else { return };
    let proven: Option<Phone> = "16505550123".parse().ok();
    for (proven, trusted) in [(None, false), (None, true), (proven, false)] {
        let _ = request.phone_claim(proven, trusted);
    }
}

/// Takes the body of a subscription.
pub fn subscription_body(body: &[u8]) {
    let Ok(fields) = object(body) else { return };
    let Ok(request) = read_subscription(&fields) else { return };
    assert!(!request.token.is_empty() && !request.device.as_str().is_empty());
}

/// Takes a query string.
pub fn query(bytes: &[u8]) {
    let query = String::from_utf8_lossy(bytes);
    let call = Call::new(EventBuilder::new("GET", &format!("/address_book?{query}")).build());
    if let Ok(query) = call.query() {
        let _ = compact(&query);
    }
    let _ = call.scope();
}

/// Takes a stored book. The first byte says whether the other bytes are the book itself or the
/// columns in it, which mutations would hardly reach through the compression. The columns are:
/// count, length of the told, length of the matches, tails, told, matches, names.
pub fn packed_book(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let (contacts, matches) = if kind % 2 == 0 {
        let (matches, contacts) = rest.split_at(rest.len().min(usize::from(*kind)));
        (contacts.to_vec(), matches.to_vec())
    } else {
        let Some(columns) = columns(rest) else { return };
        columns
    };
    for matches in [None, Some(&matches[..])] {
        let Ok(book) = unpack(None, &contacts, matches) else { continue };
        let again = unpack(None, &pack_contacts(&book), pack_matches(&book).as_deref());
        assert_eq!(again.expect("what was packed can be unpacked"), book);
    }
}

/// Packs the columns of contacts, and returns them and the matches.
fn columns(bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (header, rest) = bytes.split_at_checked(4)?;
    let told = usize::from(u16::from_le_bytes([header[1], header[2]]));
    let (tails, rest) = rest.split_at(rest.len().min(3 * usize::from(header[0])));
    let (told, rest) = rest.split_at(rest.len().min(told));
    let (matches, names) = rest.split_at(rest.len().min(usize::from(header[3])));
    let frame = |bytes| zstd::bulk::compress(bytes, 1).expect("compresses");
    let (told, names) = (frame(told), frame(names));
    let length = varint(told.len());
    Some(([&[1, header[0] & 0x7F], tails, &length, &told, &names].concat(), matches.to_vec()))
}

/// Returns a number as three bytes of a varint.
fn varint(number: usize) -> [u8; 3] {
    [number as u8 & 0x7F | 0x80, (number >> 7) as u8 & 0x7F | 0x80, (number >> 14) as u8]
}

/// Takes the changes of a stored book, of a base with three contacts. The first byte says how many
/// bytes are the numbers before the contacts. The other bytes are the contacts' columns, as in
/// [`packed_book`].
pub fn packed_changes(bytes: &[u8]) {
    let Some((split, rest)) = bytes.split_first() else { return };
    let base: Vec<Entry> = (1..=3).map(entry).collect();
    let (numbers, packed) = rest.split_at(rest.len().min(usize::from(*split)));
    let framed = columns(packed).map(|(contacts, matches)| {
        [&[2], numbers, &varint(contacts.len()), &contacts, &matches].concat()
    });
    for changes in [Some([&[2], rest].concat()), framed].into_iter().flatten() {
        let Ok((next, _)) = apply_changes(&base, &changes) else { continue };
        let again =
            pack_changes(&base, &next, &Packed::default(), next.len()).expect("no more are new");
        let (again, _) = apply_changes(&base, &again).expect("what was packed can be unpacked");
        assert_eq!(again, next);
    }
}

fn entry(number: u64) -> Entry {
    let contact = Contact {
        phone: format!("1650555010{number}").parse().expect("a phone"),
        spelling: "+1".into(),
        name: "a name".parse().expect("a name"),
    };
    Entry { contact, matched: PublicId::new(number) }
}

/// A queue that accepts everything, and checks that each message can be read.
struct Queue;

impl BookQueue for Queue {
    async fn send(&self, messages: &[BookMessage]) -> Result<(), QueueError> {
        for message in messages {
            let read =
                BookMessage::from_body(&Keyring::default(), &message.to_body(&Keyring::default()));
            assert_eq!(read.as_ref(), Ok(message));
        }
        Ok(())
    }
}

impl FailedRecords for Queue {
    async fn keep(&self, _: &FailedRecord) -> Result<(), QueueError> {
        Ok(())
    }
}

/// Returns the result of a future that waits for nothing.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits for something"),
    }
}

/// Takes an event of the stream, through the whole function.
pub fn stream_event(bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice(bytes) else { return };
    let response = now(joins::handle(&Keyring::default(), &Queue, &Queue, event));
    assert!(response.batch_item_failures.is_empty(), "a record holds up the stream");
}

/// Takes a message of the queue.
pub fn queue_message(bytes: &[u8]) {
    let body = String::from_utf8_lossy(bytes);
    let keys: Keyring =
        r#"{"index":"1","current":"1","1":"not so secret, and of 32 characters or more"}"#
            .parse()
            .expect("keys");
    for keys in [Keyring::default(), keys] {
        if let Ok(message) = BookMessage::from_body(&keys, &body) {
            assert_eq!(BookMessage::from_body(&keys, &message.to_body(&keys)), Ok(message));
        }
        if let Ok(push) = PushMessage::from_body(&keys, &body) {
            assert_eq!(PushMessage::from_body(&keys, &push.to_body(&keys)), Ok(push));
        }
    }
}

/// Takes an event of a user pool.
pub fn cognito_event(bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice::<PostConfirmation>(bytes) else { return };
    let again = serde_json::to_vec(&event).expect("JSON");
    let again: PostConfirmation =
        serde_json::from_slice(&again).expect("what was written can be read");
    assert_eq!(again, event, "Cognito wants its event back");
}
