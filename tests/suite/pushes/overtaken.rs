//! Tests of messages that a later change has made needless, and of the sequence that tells.

use protocol::ProfilePatch;
use protocol::queue::BookMessage;
use serde_json::{Value, json};
use store::BookReader;

use super::{P, Town};

impl Town {
    /// Returns the phone's sequence.
    async fn sequence(&self) -> Option<u64> {
        self.holder().await?.sequence
    }

    async fn shows(&self, id: model::PublicId, shown: bool) {
        let patch = ProfilePatch { discoverable_by_phone: Some(shown), ..ProfilePatch::default() };
        self.changes("joy", id, &patch).await;
    }
}

#[tokio::test]
async fn whatever_changes_what_books_show_raises_the_sequence_and_is_sent_with_it() {
    let town = Town::new().await;
    let mut last = None;
    let (mut image, mut joy) = (Value::Null, None);
    for (change, joins) in [
        ("signs up", true),
        ("hides", false),
        ("shows again", false),
        ("is taken over", true),
        ("is taken back", true),
        ("hides", false),
        ("is taken over by a hidden one", false),
    ] {
        let hidden = ProfilePatch { discoverable_by_phone: Some(false), ..ProfilePatch::default() };
        match change {
            "signs up" | "is taken back" => {
                joy = Some(town.signs_up("joy", &ProfilePatch::default()).await);
            }
            "hides" => town.shows(joy.expect("signed up"), false).await,
            "shows again" => town.shows(joy.expect("signed up"), true).await,
            "is taken over" => drop(town.signs_up("jim", &ProfilePatch::default()).await),
            _ => drop(town.signs_up("jon", &hidden).await),
        }
        let sequence = town.sequence().await;
        assert!(sequence > last, "{change}: {sequence:?} after {last:?}");
        let messages = town.messages(&image).await;
        let sent: Vec<_> =
            messages.iter().map(|message| (message.joiner.is_some(), message.sequence)).collect();
        assert_eq!(sent, [(joins, sequence)], "{change}");
        (last, image) = (sequence, town.image().await);
    }
    // Other changes of the item don't.
    let jon = town.holder().await.expect("a holder").id;
    town.changes("jon", jon, &ProfilePatch { announce_me: Some(false), ..ProfilePatch::default() })
        .await;
    assert_eq!(town.sequence().await, last);
    assert_eq!(town.messages(&image).await, []);
}

#[tokio::test]
async fn a_message_that_was_overtaken_writes_no_book() {
    let town = Town::new().await;
    town.owner("ann").await;
    let mut images = vec![Value::Null];
    let joy = town.signs_up("joy", &ProfilePatch::default()).await;
    images.push(town.image().await);
    let mut messages: Vec<BookMessage> = town.messages(&images[0]).await;
    for shown in [false, true, false, true] {
        town.shows(joy, shown).await;
        messages.extend(town.messages(images.last().expect("an image")).await);
        images.push(town.image().await);
    }
    assert_eq!(messages.len(), 5);
    let (again, report) = town.invoke(&messages).await;
    // The one that announces the joiner, and the last one.
    assert_eq!((again.len(), report.joins, report.books, report.overtaken), (0, 1, 2, 3));
    let stored = town.store.read_book(&support::user("ann"), &model::Scope::Global).await;
    let stored = stored.expect("readable");
    let matches: Vec<_> = stored.book.entries().iter().map(|entry| entry.matched).collect();
    assert_eq!(matches, [Some(joy)]);

    // Another user takes the number: what announced the first one is needless too.
    town.signs_up("jim", &ProfilePatch::default()).await;
    let (again, report) = town.invoke(&messages).await;
    assert_eq!((again.len(), report.books, report.overtaken), (0, 0, 5));
}

#[tokio::test]
async fn messages_and_items_of_before_there_were_sequences_work_as_ever() {
    let town = Town::new().await;
    town.owner("ann").await;
    let joy = town.signs_up("joy", &ProfilePatch::default()).await;
    let joined = town.messages(&Value::Null).await;
    town.shows(joy, false).await;
    town.shows(joy, true).await;
    let body = json!({ "phone": P }).to_string();
    let old: BookMessage = serde_json::from_str(&body).expect("a message");
    assert_eq!(town.invoke(std::slice::from_ref(&old)).await.1.books, 1);

    town.forget_sequence().await;
    assert_eq!(town.sequence().await, None);
    let message = BookMessage { sequence: Some(0), ..old };
    assert_eq!(town.invoke(&[message]).await.1.books, 1);
    assert_eq!(town.invoke(&joined).await.1.books, 1);
    // The next change gives the item a sequence.
    town.shows(joy, false).await;
    assert_eq!(town.sequence().await, Some(1));
}
