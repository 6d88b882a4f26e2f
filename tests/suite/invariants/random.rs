//! Runs random orders of more actors, with crashes, under a seed that is printed.

use super::change::Change;
use super::explore::{Crashes, Decision, Run};
use super::scenario::{Actor, Scenario};
use super::{add, force_with, force_without, remove, rename};
use support::gate::on_a_stopped_clock;

/// Runs of one seed.
const RUNS: usize = 100;

fn scenario(random: &mut fastrand::Rng) -> Scenario {
    let uploads = [add, remove, rename, force_with, force_without];
    let mut actors: Vec<Actor> = (0..random.usize(2..5))
        .map(|_| Actor::Upload(random.choice(uploads).expect("some")()))
        .collect();
    for change in
        &[Change::Register, Change::Hide, Change::Remove, Change::TakeOver, Change::Register]
            [..random.usize(1..=5)]
    {
        actors.push(Actor::Change(*change));
        let of = actors.len() - 1;
        // Some messages come twice.
        actors.extend((0..random.usize(1..=2)).map(|_| Actor::Message { of }));
    }
    Scenario {
        name: "random",
        in_book: random.bool(),
        registered: false,
        actors,
        ..Scenario::default()
    }
}

async fn run(scenario: &Scenario, random: &mut fastrand::Rng, decisions: &mut Vec<Decision>) {
    let mut run = Run::start(scenario).await;
    loop {
        let choices = run.choices(Crashes::One);
        let steps: Vec<_> =
            choices.iter().filter(|choice| matches!(choice, Decision::Step(_))).copied().collect();
        let Some(step) = random.choice(steps) else { break };
        // Some decisions are a crash. Most runs get one.
        let decision =
            if random.u8(..) < 12 { random.choice(choices).unwrap_or(step) } else { step };
        decisions.push(decision);
        run.decide(decision).await;
    }
    super::check::whole_uploads(scenario, &run.embedded.store()).await;
    run.check_at_rest().await;
}

#[test]
fn random_orders_of_more_actors_keep_the_invariants() {
    let seed = support::seed("INVARIANTS_SEED");
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..RUNS {
        let scenario = scenario(&mut random);
        let mut decisions = vec![];
        let kept = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            on_a_stopped_clock(run(&scenario, &mut random, &mut decisions));
        }));
        assert!(kept.is_ok(), "INVARIANTS_SEED={seed}: {scenario:?} breaks after {decisions:?}");
    }
}
