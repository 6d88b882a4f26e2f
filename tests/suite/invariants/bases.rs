//! The invariants of books that have a base, and of the writes that replace it.

use model::{Mode, Upload};

use super::change::Change as Turn;
use super::explore::{Crashes, explore};
use super::scenario::{Actor, Scenario};
use super::{add, force_with, force_without, remove, rename};
use support::gate::Torn;
use support::upload_of;

/// Returns a scenario of a book that has a base.
fn based(name: &'static str, folding: &'static [usize], actors: Vec<Actor>) -> Scenario {
    let registered = actors.iter().any(|actor| match actor {
        Actor::Change(change) => change.registered_before(),
        _ => false,
    });
    Scenario {
        name,
        in_book: true,
        registered,
        has_base: true,
        folding,
        actors,
        ..Scenario::default()
    }
}

fn uploads(one: Upload, other: Upload, change: Turn) -> Vec<Actor> {
    vec![Actor::Upload(one), Actor::Upload(other), Actor::Change(change), Actor::Message { of: 2 }]
}

#[test]
fn two_uploads_of_which_either_writes_a_new_base() {
    for (name, folding) in [
        ("the first upload folds", &[0][..]),
        ("the second upload folds", &[1]),
        ("both uploads fold", &[0, 1]),
    ] {
        let actors = uploads(rename(), force_without(), Turn::Register);
        explore(&based(name, folding, actors), Crashes::None);
    }
    let actors = uploads(remove(), add(), Turn::TakeOver);
    explore(&based("a removal folds", &[0], actors), Crashes::None);
}

#[test]
fn a_join_that_writes_a_new_base_with_a_crash_at_every_step() {
    for (name, upload) in
        [("a join folds, and a rename", rename()), ("a join folds, and a removal", remove())]
    {
        let actors =
            vec![Actor::Upload(upload), Actor::Change(Turn::Register), Actor::Message { of: 1 }];
        explore(&based(name, &[2], actors), Crashes::One);
    }
}

#[test]
fn an_upload_that_writes_a_new_base_with_a_crash_at_every_step() {
    for (name, upload) in [("fold, add", add()), ("fold, force with", force_with())] {
        let actors =
            vec![Actor::Upload(upload), Actor::Change(Turn::Remove), Actor::Message { of: 1 }];
        explore(&based(name, &[0], actors), Crashes::One);
    }
}

#[test]
fn a_wipe_deletes_the_base_before_an_upload_or_after_it() {
    let wipe = || Actor::Wipe(upload_of(Mode::Replace, vec![]));
    for (name, folding, upload) in [
        ("wipe a base, and rename", &[][..], rename()),
        ("wipe a base, and fold", &[0], rename()),
        ("wipe a base, and force", &[0], force_without()),
    ] {
        let actors = vec![Actor::Upload(upload), wipe()];
        explore(&based(name, folding, actors), Crashes::One);
    }
}

#[test]
fn a_base_expires_after_its_head_and_before_a_new_one_or_after_it() {
    let actors = || {
        let expire = Actor::Expire(upload_of(Mode::Replace, vec![]));
        vec![Actor::Upload(add()), expire, Actor::Change(Turn::Remove), Actor::Message { of: 2 }]
    };
    explore(&based("expire a base, and add", &[], actors()), Crashes::None);
    explore(&based("expire a base, and fold", &[0], actors()), Crashes::None);
}

#[test]
fn an_owner_who_leaves_leaves_no_base() {
    for (name, folding) in [("leave a base", &[][..]), ("leave, and fold", &[0])] {
        let actors = vec![Actor::Upload(rename()), Actor::DeleteOwner];
        explore(&based(name, folding, actors), Crashes::One);
    }
}

#[test]
fn a_reader_sees_whole_uploads_whatever_is_written_between_its_reads() {
    for torn in [Torn::HeadFirst, Torn::BaseFirst] {
        for (name, folding) in
            [("read while one upload folds", &[0][..]), ("read while both uploads fold", &[0, 1])]
        {
            let uploads = [rename(), force_without()].map(Actor::Upload);
            let actors = uploads.into_iter().chain([Actor::Read]).collect();
            let scenario = Scenario { torn: Some(torn), ..based(name, folding, actors) };
            explore(&scenario, Crashes::None);
        }
        let wipe = Actor::Wipe(upload_of(Mode::Replace, vec![]));
        let actors = vec![Actor::Upload(rename()), wipe, Actor::Read];
        let scenario = Scenario { torn: Some(torn), ..based("read while wiping", &[0], actors) };
        explore(&scenario, Crashes::None);
    }
}

#[test]
fn an_upload_whose_answer_is_lost_is_made_once() {
    for (name, folding) in
        [("a lost answer to a head", &[][..]), ("a lost answer to a transaction", &[0])]
    {
        let actors = [rename(), remove()].map(Actor::Upload).to_vec();
        explore(&based(name, folding, actors), Crashes::LostAnswer);
    }
    let opening = Scenario {
        name: "a lost answer to the first upload",
        folding: &[0],
        actors: [add(), rename()].map(Actor::Upload).to_vec(),
        ..Scenario::default()
    };
    explore(&opening, Crashes::LostAnswer);
}
