//! Plays worlds, one for each seed.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use stepwell::store::{MemoryStore, Store};

use crate::client;
use crate::sabotage::{Sabotage, Sabotaged};
use crate::world::{Plan, World};

/// How many worlds there are unless the environment says otherwise.
const SEEDS: u64 = 1_000;

/// How long clients may take to come to an end once nothing goes wrong any more: longer than
/// everything that they wait for.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// What came of a world.
#[derive(Debug, PartialEq)]
struct Played {
    /// All that happened, a line each.
    trace: Vec<String>,
    violation: Option<String>,
    counts: BTreeMap<&'static str, u64>,
}

fn play(seed: u64, store: Arc<dyn Store>) -> Played {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let world = World::new(Plan::new(seed), store);
        live(&world).await;
        world.end();
        let truth = &mut *world.truth.lock();
        Played {
            trace: std::mem::take(&mut truth.lines),
            violation: truth.violation.take(),
            counts: std::mem::take(&mut truth.counts),
        }
    })
}

async fn live(world: &Arc<World>) {
    let storm = tokio::spawn(Arc::clone(world).storm());
    tokio::spawn(Arc::clone(world).jump());
    let clients = (1..=world.plan.clients).map(|number| client::live(Arc::clone(world), number));
    let mut clients = futures::future::join_all(clients.map(tokio::spawn));
    let weather = Duration::from_secs(world.of(&[5, 60, 400]));
    let finished = tokio::time::timeout(weather, &mut clients).await;
    world.calm();
    storm.abort();
    world.kill_all("when it gets calm");
    world.begin().await;
    let rest = async {
        if finished.is_err() {
            clients.await;
        }
        client::settle(world, PATIENCE).await
    };
    let settled = tokio::time::timeout(2 * PATIENCE, rest).await;
    let settled = settled.unwrap_or_else(|_| Err("clients do not come to an end".to_owned()));
    if let Err(trouble) = settled {
        world.truth.lock().violate(trouble);
    }
}

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::default())
}

fn range(seeds: u64) -> Range<u64> {
    let Ok(text) = std::env::var("STEPWELL_SEEDS") else { return 0..seeds };
    let number = |text: &str| text.parse().expect("STEPWELL_SEEDS is a number or a range");
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => 0..number(&text),
    }
}

#[test]
fn every_promise_holds_in_random_worlds() {
    let mut counts = BTreeMap::new();
    for seed in range(SEEDS) {
        let played = play(seed, memory());
        if let Some(violation) = played.violation {
            panic!(
                "seed {seed} fails: STEPWELL_SEEDS={seed}..{} cargo test -p stepwell --test sim \
                 every_promise\n{:?}\n{violation}",
                seed + 1,
                Plan::new(seed)
            );
        }
        for (what, count) in played.counts {
            *counts.entry(what).or_insert(0) += count;
        }
    }
    if std::env::var_os("STEPWELL_SEEDS").is_none() {
        let rare: Vec<_> = counts.iter().filter(|(_, count)| **count < 30).collect();
        assert!(rare.is_empty(), "what should happen does not: {counts:#?}");
    }
}

#[test]
fn a_seed_comes_out_the_same_each_time() {
    for seed in 0..30 {
        let (once, again) = (play(seed, memory()).trace, play(seed, memory()).trace);
        let both = once.iter().zip(&again);
        let same = both.take_while(|(line, other)| line == other).count();
        assert_eq!(once[same..].first(), again[same..].first(), "line {same} of seed {seed}");
    }
}

#[test]
fn every_store_that_breaks_its_promise_is_found() {
    let missed = Sabotage::ALL.into_iter().filter(|sabotage| {
        let mut seeds = 0..SEEDS;
        seeds.all(|seed| play(seed, Sabotaged::store(*sabotage, seed)).violation.is_none())
    });
    assert_eq!(missed.collect::<Vec<_>>(), [], "nothing came of these in {SEEDS} worlds");
}
