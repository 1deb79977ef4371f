//! Random runs of random workflows, beside a second reducer that says what must come of them.
//!
//! `STEPWELL_SEEDS=100000` tries more of them, `STEPWELL_SEEDS=7..8` only the one with seed 7.

mod body;
mod driver;
mod oracle;
mod random;
mod watch;
mod world;

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use driver::Simulation;

/// How many runs there are unless the environment says otherwise.
const SEEDS: u64 = 1000;

/// How many different things happen in so many runs.
const KINDS: usize = 23;

#[test]
fn random_runs_do_what_the_rules_say() {
    let seeds = seeds();
    let many = seeds.end - seeds.start >= SEEDS;
    let (mut entries, mut seen) = (0, BTreeMap::new());
    for seed in seeds {
        let simulated = catch_unwind(AssertUnwindSafe(|| simulate(seed)));
        let Ok(simulation) = simulated else {
            panic!(
                "seed {seed} fails: STEPWELL_SEEDS={seed}..{} cargo test -p stepwell-core --lib \
                 random_runs",
                seed + 1
            );
        };
        entries += simulation.journal_len();
        for (what, count) in simulation.oracle.seen {
            *seen.entry(what).or_insert(0) += count;
        }
    }
    if many {
        assert!(entries > 50_000, "{entries} entries are too few to mean anything");
        let rare: Vec<_> = seen.iter().filter(|(_, count)| **count < 5).collect();
        assert!(seen.len() == KINDS && rare.is_empty(), "what should happen does not: {seen:#?}");
    }
}

/// Lets things happen to a run, and brings it to its end; so too with what is left of it after a
/// crash somewhere.
fn simulate(seed: u64) -> Simulation {
    let mut simulation = Simulation::new(seed);
    for _ in 0..160 {
        simulation.step();
    }
    for _ in 0..2 {
        simulation.cut_somewhere().drain();
    }
    simulation.drain();
    simulation.crash_somewhere(2);
    simulation
}

/// How many seeds to try, or which.
#[expect(clippy::disallowed_methods, reason = "it says how much to try, not what comes of it")]
fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("STEPWELL_SEEDS") else { return 0..SEEDS };
    let number = |text: &str| text.parse().expect("STEPWELL_SEEDS is a number or a range");
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => 0..number(&text),
    }
}
