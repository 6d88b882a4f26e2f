//! Tests of how types that hold personal data print themselves, in case somebody logs one with `?`.

use std::fmt::Debug;

use api::{Call, UploadRequest, UserRequest, contacts, object, read_subscription};
use model::{
    Book, Change, Channel, Contact, Details, Entry, Holder, Issuers, Limits, Mode, Platform,
    Profile, PublicId, PushEnvironment, Scope, Subscription, Upload,
};
use numbering::HomeRegion;
use protocol::push::Push;
use protocol::queue::{BookMessage, Joiner, PushMessage};
use protocol::{PhoneClaim, ProfilePatch, SubscribeRequest};
use store::{Hint, Layout, Life, OwnerPage, OwnerRange, StoredBook};

use super::{marks, profile};
use support::embedded::database;
use support::requests::request;
use support::{home, phone, user};

fn hidden(what: &impl Debug) {
    let text = format!("{what:?} {what:#?}");
    assert_eq!(marks(&text), [""; 0], "{text}");
}

fn contact() -> Contact {
    Contact {
        phone: phone("16505550177"),
        spelling: "(650) 555-0177".into(),
        name: "Markname".parse().expect("a name"),
    }
}

fn scope() -> Scope {
    Scope::Device("udid-mark".parse().expect("a udid"))
}

#[test]
fn the_contents_of_a_book_are_hidden() {
    let book = Book::new(None, vec![Entry { contact: contact(), matched: None }]);
    let upload = Upload {
        mode: Mode::Merge,
        changes: vec![(0, Change::Put(contact())), (1, support::removal("16505550177"))],
    };
    hidden(&contacts(&book));
    hidden(&Book::default().diff(&upload));
    hidden(&upload);
    hidden(&scope());
    hidden(&StoredBook {
        is_stored: true,
        used_at: None,
        version: 1,
        life: Life::Unopened,
        book: book.clone(),
        uploaded_by: None,
        expires_at: None,
        leaving: book,
        layout: Layout::default(),
    });
    let range = OwnerRange {
        after: Some("dsubject-mark".to_owned()),
        through: Some("gsubject-mark".to_owned()),
    };
    let hint =
        Hint { user: user("subject-mark"), scope: scope(), place: "gsubject-mark".to_owned() };
    hidden(&OwnerPage { hints: vec![hint], more: false });
    let joiner =
        Joiner { id: PublicId::new(1).expect("an id"), user: user("subject-mark"), epoch: 1 };
    hidden(&BookMessage {
        phone: phone("16505550177"),
        joiner: Some(joiner.clone()),
        sequence: None,
        changed_at_ms: None,
        range,
    });
    hidden(&PushMessage {
        recipient: user("subject-mark"),
        scope: scope(),
        phone: phone("16505550177"),
        joiner,
        changed_at_ms: None,
    });
}

#[test]
fn the_details_of_a_user_are_hidden() {
    let details = Details { full_name: Some("full-mark".to_owned()), ..Details::default() };
    let id = PublicId::new(1).expect("an id");
    hidden(&ProfilePatch { details: details.clone(), ..ProfilePatch::default() });
    hidden(&PhoneClaim::Proven(phone("16505550177")));
    hidden(&Holder {
        id,
        user: user("subject-mark"),
        epoch: 1,
        discoverable: true,
        announced: true,
        sequence: None,
    });
    hidden(&HomeRegion::of(Some(phone("16505550177")), support::region()));
    hidden(&Profile {
        id,
        user: user("subject-mark"),
        version: 1,
        phone: Some((phone("16505550177"), 1)),
        flags: Default::default(),
        created_at_ms: 0,
        updated_at_ms: 0,
        details,
    });
    hidden(&Subscription {
        id,
        user: user("subject-mark"),
        device: "udid-mark".parse().expect("a udid"),
        channel: Channel::Gcm,
        platform: Platform::Android,
        environment: PushEnvironment::Production,
        token_hash: "token-mark".to_owned(),
        endpoint: "arn:token-mark".to_owned(),
        subscribed_at_ms: 0,
    });
    hidden(&Push { text: "Markname is here".to_owned(), joiner: id, phone: phone("16505550177") });
}

#[tokio::test]
async fn the_contents_of_a_request_are_hidden() {
    let store = database().await.store();
    let mut event = request(
        "POST",
        "/path-mark?udid=udid-mark",
        "subject-mark:+16505550177",
        Some("Markname".to_owned()),
    );
    event.headers.insert("cb-token", "header-mark".parse().expect("a value"));
    let call = Call::new(event);
    hidden(&call);
    let caller = call.reader(&store, &Issuers::default()).await;
    hidden(&caller.map_err(|error| error.status));
    let upload =
        object(br#"{"udid":"udid-mark","contacts":[{"name":"Markname","phone":"+16505550177"}]}"#);
    hidden(&UploadRequest::read(&upload.expect("an object"), &home(), &Limits::default()));
    hidden(&UserRequest::read(profile().as_object().expect("an object"), &home()));
    let subscription: Result<SubscribeRequest, _> = read_subscription(
        &object(
            br#"{"notification_channel":"gcm","device":{"platform":"android","udid":"udid-mark"},
                 "push_token":{"environment":"production","client_identification_sequence":"token-mark"}}"#,
        )
        .expect("an object"),
    );
    hidden(&subscription);
}
