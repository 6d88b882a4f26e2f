//! Tests of what a restore refuses. `tests/deploy/proof/test_drill.py` restores and moves a deployed
//! stack.

use std::net::Ipv4Addr;

use clap::Parser;
use clap::error::ErrorKind;
use local::{Args, Database, Inbox, Server};
use model::SystemClock;
use operator::Meter;
use operator::restore::{RestoreArgs, restore};
use protocol::{PhoneClaim, ProfilePatch, sign_up, subscribe};
use store::{Inspection, Keyring, Store};
use support::{phone, pixel, user};

const AT: &str = "2026-11-24T08:00:00Z";

#[derive(Parser)]
struct CommandLine {
    #[command(flatten)]
    args: RestoreArgs,
}

#[tokio::test]
async fn a_local_server_has_no_recovery_and_the_command_says_what_to_do_instead() {
    let server = Server::start(&Args { port: 0, ..Args::default() }).await.expect("a server");
    let url = format!("http://{}", server.address());
    let line = ["restore", "--local", &url, "--at", AT, "--yes"];
    let refused = restore(&CommandLine::parse_from(line).args, &Meter::default())
        .await
        .expect_err("no recovery");
    assert_eq!(
        refused.to_string(),
        "the local server's tables can't be restored to a second: copy its file while it is stopped"
    );
    server.stop().await.expect("stopped");
}

#[test]
fn the_words_are_those_of_a_restore_a_rehearsal_a_move_or_of_giving_up() {
    let elsewhere = "--stack a --at T --into b --into-region eu-west-1 --into-profile p";
    for words in [
        "--stack a --at T",
        "--stack a --at T --into b",
        elsewhere,
        "--stack a --move --into b",
        "--stack a --give-up",
    ] {
        refused(words, None);
    }
}

#[test]
fn senseless_words_are_refused() {
    use ErrorKind::{ArgumentConflict, MissingRequiredArgument};
    for (words, why) in [
        ("--stack a", MissingRequiredArgument),
        ("--stack a --into b", MissingRequiredArgument),
        ("--stack a --move", MissingRequiredArgument),
        ("--move --into b", MissingRequiredArgument),
        ("--at T --into b", MissingRequiredArgument),
        ("--stack a --at T --into-region eu-west-1", MissingRequiredArgument),
        ("--stack a --at T --into-profile p", MissingRequiredArgument),
        ("--give-up", MissingRequiredArgument),
        ("--stack a --at T --move --into b", ArgumentConflict),
        ("--stack a --at T --give-up", ArgumentConflict),
        ("--stack a --move --into b --give-up", ArgumentConflict),
        ("--stack a --local http://127.0.0.1:1 --at T", ArgumentConflict),
    ] {
        refused(words, Some(why));
    }
}

#[track_caller]
fn refused(words: &str, expected: Option<ErrorKind>) {
    let line = ["restore"].into_iter().chain(words.split(' '));
    let why = CommandLine::try_parse_from(line).err().map(|error| error.kind());
    assert_eq!(why, expected, "{words}");
}

#[tokio::test]
async fn the_marks_of_users_who_want_no_pushes_are_copied_and_their_devices_are_not() {
    let keys: Keyring = Keyring::generate_secret().parse().expect("a secret");
    let start = || Database::start(None, Ipv4Addr::LOCALHOST, 0, keys.clone());
    let (old, new) = (start().await.expect("started"), start().await.expect("started"));
    for (name, digits, notify_me) in
        [("ann", "16505550101", false), ("bob", "16505550102", false), ("cem", "16505550103", true)]
    {
        arrive(&old.store(), name, digits, notify_me).await;
    }
    for _ in 0..2 {
        assert_eq!(new.store().copy_muted(&old.store(), 3).await.expect("copied"), 2);
    }
    for (name, is_muted) in [("ann", true), ("bob", true), ("cem", false)] {
        let devices = new.store().devices(&user(name)).await.expect("readable");
        assert_eq!((devices.is_muted, devices.all.len()), (is_muted, 0), "{name}");
    }
    let items = new.client().scan().table_name(local::tables().subscriptions).send().await;
    assert_eq!(items.expect("scanned").count, 2, "no token is copied");
    old.stop().await;
    new.stop().await;
}

/// Signs a user up, and their device.
async fn arrive(store: &Store, name: &str, digits: &str, notify_me: bool) {
    let claim = PhoneClaim::Proven(phone(digits));
    let patch = ProfilePatch { notify_me: Some(notify_me), ..ProfilePatch::default() };
    sign_up(store, &SystemClock, &user(name), claim, &patch).await.expect("signed up");
    let device = pixel(&format!("token of {name}"));
    let inbox = Inbox::default();
    subscribe(store, &inbox, &SystemClock, &user(name), &device).await.expect("subscribed");
}
