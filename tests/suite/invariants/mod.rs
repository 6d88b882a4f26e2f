//! The invariants of `docs/DESIGN.md`, on the real code over the embedded DynamoDB, in every order.
//!
//! [`explore`] runs all interleavings of a scenario's actors, and a crash of any of them before
//! each of its requests. [`random`] runs some interleavings of more actors. After each run it
//! checks the tables:
//!
//! - I1: every contact of a book has its hint.
//! - I2 and I3: a contact has exactly the match that Users says.
//! - I4: no push is sent twice without a crash between the sending and its mark, and none is
//!   skipped.
//! - I5: a book is at every moment the result of some whole uploads.
//!
//! And once a phone is forgotten, no book holds it, no hint names it, and no upload stores it.

mod bases;
mod change;
mod check;
mod explore;
mod forgotten;
mod overtaken;
mod random;
mod scenario;

use model::{Change, Mode, Upload};

use self::change::Change as Turn;
use self::explore::{Crashes, Run, explore};
pub use self::scenario::TickingClock;
use self::scenario::{Actor, P, Q, Scenario};
use support::gate::on_a_stopped_clock;
use support::{contact, removal, upload_of};

fn add() -> Upload {
    upload_of(Mode::Merge, vec![Change::Put(contact(P, "added"))])
}

fn remove() -> Upload {
    upload_of(Mode::Merge, vec![removal(P)])
}

fn rename() -> Upload {
    upload_of(Mode::Merge, vec![Change::Put(contact(P, "renamed"))])
}

fn force_with() -> Upload {
    upload_of(Mode::Replace, vec![Change::Put(contact(P, "forced"))])
}

fn force_without() -> Upload {
    upload_of(Mode::Replace, vec![Change::Put(contact(Q, "forced"))])
}

/// Explores two uploads of one book against one change of who has the phone. The change's message
/// is processed at any time after it.
fn two_uploads(
    name: &'static str,
    in_book: bool,
    one: Upload,
    other: Upload,
    change: Turn,
) -> Scenario {
    Scenario {
        name,
        in_book,
        registered: change.registered_before(),
        subscribed: false,
        actors: vec![
            Actor::Upload(one),
            Actor::Upload(other),
            Actor::Change(change),
            Actor::Message { of: 2 },
        ],
        ..Scenario::default()
    }
}

const CHANGES: [Turn; 3] = [Turn::Register, Turn::Remove, Turn::TakeOver];

fn explore_pair(name: &'static str, in_book: bool, one: fn() -> Upload, other: fn() -> Upload) {
    for change in CHANGES {
        explore(&two_uploads(name, in_book, one(), other(), change), Crashes::None);
    }
}

#[test]
fn two_additions_against_every_change() {
    explore_pair("add and rename, into an empty book", false, add, rename);
}

#[test]
fn an_addition_and_a_removal_against_every_change() {
    explore_pair("add and remove, into an empty book", false, add, remove);
}

#[test]
fn a_removal_and_an_addition_against_every_change() {
    explore_pair("remove and add, in a book with the phone", true, remove, add);
}

#[test]
fn a_rename_and_a_forced_replacement_against_every_change() {
    explore_pair("rename and force without, in a book with the phone", true, rename, force_without);
}

#[test]
fn two_forced_replacements_against_every_change() {
    explore_pair(
        "force with and force without, into an empty book",
        false,
        force_with,
        force_without,
    );
}

#[test]
fn one_upload_with_a_crash_at_every_step_against_every_change() {
    for change in CHANGES {
        for (name, in_book, upload) in [
            ("add", false, add()),
            ("remove", true, remove()),
            ("force without", true, force_without()),
        ] {
            let scenario = Scenario {
                name,
                in_book,
                registered: change.registered_before(),
                subscribed: false,
                actors: vec![
                    Actor::Upload(upload),
                    Actor::Change(change),
                    Actor::Message { of: 1 },
                ],
                ..Scenario::default()
            };
            explore(&scenario, Crashes::One);
        }
    }
}

/// Explores one upload against several changes in a row. The messages of two of them are processed,
/// each at any time after its change. (The random runs cover all messages of longer rows.)
fn explore_row(
    name: &'static str,
    in_book: bool,
    upload: Upload,
    changes: &[Turn],
    messages: [usize; 2],
) {
    let registered = changes[0].registered_before();
    let changes = changes.iter().copied().map(Actor::Change);
    let messages = messages.map(|change| Actor::Message { of: change + 1 });
    let actors = std::iter::once(Actor::Upload(upload)).chain(changes).chain(messages).collect();
    let scenario = Scenario { name, in_book, registered, actors, ..Scenario::default() };
    explore(&scenario, Crashes::None);
}

#[test]
fn an_addition_against_a_registration_and_a_removal() {
    let changes = [Turn::Register, Turn::Remove];
    explore_row("add, into an empty book", false, add(), &changes, [0, 1]);
}

#[test]
fn a_removal_against_a_removal_and_a_re_registration_by_another_user() {
    let changes = [Turn::Remove, Turn::TakeOver];
    explore_row("remove, in a book with the phone", true, remove(), &changes, [0, 1]);
}

#[test]
fn an_upload_against_a_registration_a_removal_and_a_re_registration_by_another_user() {
    let changes = [Turn::Register, Turn::Remove, Turn::TakeOver];
    explore_row("rename, in a book with the phone", true, rename(), &changes, [0, 2]);
    explore_row("add, into an empty book", false, add(), &changes, [1, 2]);
}

/// Changes whose messages may overtake each other: from one user to another and back, by takeovers
/// and by hiding; hidden users; and a user who leaves and comes back.
const OVERTAKING: [(&str, &[Turn]); 6] = [
    ("taken over and taken back", &[Turn::TakeOver, Turn::Register]),
    ("hidden and shown", &[Turn::Hide, Turn::Show]),
    ("hidden and taken over by a hidden one", &[Turn::Hide, Turn::TakeOverHidden]),
    ("left and registered hidden", &[Turn::Remove, Turn::RegisterHidden]),
    ("left and came back", &[Turn::Remove, Turn::Register]),
    ("registered hidden and shown", &[Turn::RegisterHidden, Turn::Show]),
];

#[test]
fn an_upload_against_two_messages_that_overtake_each_other() {
    for (name, changes) in OVERTAKING {
        explore_row(name, true, rename(), changes, [0, 1]);
        explore_row(name, false, add(), changes, [0, 1]);
    }
}

/// Returns a scenario in which a subscribed owner has the phone in their book.
fn subscribed(name: &'static str, registered: bool, actors: Vec<Actor>) -> Scenario {
    Scenario { name, in_book: true, registered, subscribed: true, actors, ..Scenario::default() }
}

#[test]
fn a_message_and_its_copy_push_once_with_a_crash_at_every_step() {
    let actors = vec![
        Actor::Change(Turn::Register),
        Actor::Message { of: 0 },
        Actor::Message { of: 0 },
        Actor::Push { place: 0 },
    ];
    explore(&subscribed("two copies of a message", false, actors), Crashes::One);
}

#[test]
fn a_push_and_its_copy_push_once_with_a_crash_at_every_step() {
    let mut actors = vec![Actor::Change(Turn::Register), Actor::Message { of: 0 }];
    actors.extend([0, 1].map(|place| Actor::Push { place }));
    // The copy of the message sends the copy of the push.
    actors.push(Actor::Message { of: 0 });
    explore(&subscribed("two copies of a push", false, actors), Crashes::One);
}

#[test]
fn a_push_against_a_change_of_its_joiner_with_a_crash_at_every_step() {
    for (name, change) in [
        ("a push and a takeover", Turn::TakeOver),
        ("a push and a removal", Turn::Remove),
        ("a push and a hiding", Turn::Hide),
    ] {
        let actors = vec![
            Actor::Change(Turn::Register),
            Actor::Message { of: 0 },
            Actor::Change(change),
            Actor::Message { of: 2 },
            Actor::Push { place: 0 },
            Actor::Push { place: 1 },
        ];
        explore(&subscribed(name, false, actors), Crashes::One);
    }
}

#[test]
fn a_subscribed_owner_hears_of_a_registration_whatever_an_upload_does_meanwhile() {
    for (name, upload) in [("rename", rename()), ("force with", force_with())] {
        let actors = vec![
            Actor::Upload(upload),
            Actor::Change(Turn::Register),
            Actor::Message { of: 1 },
            Actor::Push { place: 0 },
        ];
        explore(&subscribed(name, false, actors), Crashes::None);
    }
}

/// Four uploads, in the one order in which an old hint would do harm. It takes four, and random
/// orders hardly ever find it.
#[test]
fn an_upload_long_in_flight_does_not_replace_a_newer_hint() {
    const HINTS: &str = "BatchExecuteStatement";
    let [slow, first, remover, last] = [0, 1, 2, 3];
    let actors = [add(), add(), remove(), rename()].map(Actor::Upload).to_vec();
    let scenario = Scenario { name: "an old hint", actors, ..Scenario::default() };
    on_a_stopped_clock(async {
        let mut run = Run::start(&scenario).await;
        run.until(slow, HINTS, 1).await;
        run.finish(first).await;
        // The remover has written the book, and is about to delete the hint.
        run.until(remover, HINTS, 1).await;
        run.finish(last).await;
        run.finish(slow).await;
        run.finish(remover).await;
        run.check_at_rest().await;
    });
}

/// Runs an upload against an actor that empties the book, and a change with its message.
fn explore_emptying(
    name: &'static str,
    upload: Upload,
    empties: fn(Upload) -> Actor,
    change: Turn,
) {
    let actors = vec![
        Actor::Upload(upload),
        empties(upload_of(Mode::Replace, vec![])),
        Actor::Change(change),
        Actor::Message { of: 2 },
    ];
    let registered = change.registered_before();
    let scenario = Scenario { name, in_book: true, registered, actors, ..Scenario::default() };
    explore(&scenario, Crashes::None);
}

#[test]
fn a_wiped_book_is_wiped_before_an_upload_or_after_it() {
    explore_emptying("wipe and add", add(), Actor::Wipe, Turn::Register);
    explore_emptying("wipe and rename", rename(), Actor::Wipe, Turn::Remove);
}

#[test]
fn a_book_that_expires_is_born_again_without_its_old_hints_in_the_way() {
    explore_emptying("expire and add", add(), Actor::Expire, Turn::Register);
    explore_emptying("expire and force without", force_without(), Actor::Expire, Turn::Remove);
}

#[test]
fn an_upload_in_flight_does_not_raise_the_dead() {
    for (name, in_book, upload) in [("add", false, add()), ("rename", true, rename())] {
        let scenario = Scenario {
            name,
            in_book,
            registered: true,
            actors: vec![Actor::Upload(upload), Actor::DeleteOwner],
            ..Scenario::default()
        };
        explore(&scenario, Crashes::One);
    }
}

#[test]
fn a_claim_in_flight_does_not_survive_its_recipients_account() {
    let scenario = Scenario {
        name: "a message to an owner who leaves",
        in_book: true,
        registered: false,
        subscribed: true,
        actors: vec![
            Actor::Change(Turn::Register),
            Actor::Message { of: 0 },
            Actor::Push { place: 0 },
            Actor::DeleteOwner,
        ],
        ..Scenario::default()
    };
    explore(&scenario, Crashes::None);
}
