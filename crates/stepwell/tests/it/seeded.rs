//! Random bodies through random lives: the end is that of one undisturbed life.
//!
//! `STEPWELL_SEEDS=100000` tries more of them, `STEPWELL_SEEDS=7..8` only the one with seed 7.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use stepwell::engine::EngineBuilder;
use stepwell::retry::{attempts, fixed, retry};
use stepwell::workflow::GraphCheck;
use stepwell::{Context, Event, StartEvent, StepError, StepOptions, StopEvent, Workflow};

use crate::acts::{Act, Acts, Never, Random, Sums, perform};
use crate::lives::{Answer, Ask, Fate, Kind, Note, Scene, answer, tenfold};
use crate::mortal::Death;

/// How many bodies there are unless the environment says otherwise.
const SEEDS: u64 = 200;

/// How many of them are run on many threads, which is slower.
const SEEDS_ON_THREADS: u64 = 30;

#[test]
fn random_bodies_end_the_same_through_random_lives() {
    each(SEEDS, |seed| survive(seed, Kind::Paused));
}

#[test]
fn random_bodies_end_the_same_on_many_threads() {
    each(SEEDS_ON_THREADS, |seed| survive(seed, Kind::Threads));
}

fn each(seeds: u64, check: impl Fn(u64)) {
    for seed in range(seeds) {
        if catch_unwind(AssertUnwindSafe(|| check(seed))).is_err() {
            panic!(
                "seed {seed} fails: STEPWELL_SEEDS={seed}..{} cargo test -p stepwell --test it \
                 random_bodies",
                seed + 1
            );
        }
    }
}

fn range(seeds: u64) -> Range<u64> {
    let Ok(text) = std::env::var("STEPWELL_SEEDS") else { return 0..seeds };
    let number = |text: &str| text.parse().expect("STEPWELL_SEEDS is a number or a range");
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => 0..number(&text),
    }
}

fn survive(seed: u64, runtime: Kind) {
    let random = &mut Random(seed);
    let plan = Plan::new(random);
    let undisturbed = |_| Fate { engine: |engine| engine, death: None, runtime: Kind::Paused };
    let played = catch_unwind(AssertUnwindSafe(|| plan.scene().live(undisturbed)));
    let Ok((expected, _)) = played else { panic!("{plan:#?}") };
    let last = expected.lines().last().unwrap_or_default();
    assert!(last.starts_with("StopEvent"), "{last} of {plan:#?}");
    for _ in 0..3 {
        let often = 1 + random.below(6);
        let fate = |_| {
            let engine = match random.below(3) {
                0 => |engine: EngineBuilder| engine.resident_bytes(0),
                1 => |engine: EngineBuilder| engine.always_rerun(),
                _ => |engine| engine,
            };
            let death = [Death::BeforeActing, Death::BeforeWriting][random.below(2)];
            let turns = 1 + random.below(2 * often);
            let death = (random.below(8) > 0).then_some((death, turns));
            Fate { engine, death, runtime }
        };
        let played = catch_unwind(AssertUnwindSafe(|| plan.scene().live(fate)));
        let Ok((shown, _)) = played else { panic!("{plan:#?}") };
        assert_eq!(sorted(&shown), sorted(&expected), "{plan:#?}");
        assert_eq!(shown.lines().last(), Some(last), "{plan:#?}");
    }
}

/// What is published may come in another order when branches go on at other times.
fn sorted(shown: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = shown.lines().collect();
    lines.sort_unstable();
    lines
}

/// What the body does, and how its step is run.
#[derive(Clone, Debug)]
struct Plan {
    parts: Vec<Arc<Act>>,
    /// After which part each attempt but the last fails.
    failures: Vec<usize>,
    /// Answers that come before they are asked for.
    early: Vec<u64>,
    /// Whether every answer comes twice.
    doubled: bool,
}

impl Plan {
    fn new(random: &mut Random) -> Self {
        let count = 2 + random.below(5);
        let mut acts = Acts::new(random);
        let parts: Vec<_> = (0..count).map(|_| acts.act(random, 2)).collect();
        let failures = (0..random.below(3)).map(|_| random.below(count)).collect();
        let early = (0..random.below(4)).map(|_| 1 + random.below(30) as u64).collect();
        Self { parts, failures, early, doubled: random.below(3) == 0 }
    }

    fn scene(&self) -> Scene {
        let doubled = self.doubled;
        Scene::new(self.workflow())
            .sending(self.early.iter().map(|n| answer(*n, 10 * n)))
            .answering(move |asked| {
                let once = tenfold(asked);
                if doubled { [once.clone(), once].concat() } else { once }
            })
    }

    fn workflow(&self) -> Workflow {
        let tries = u32::try_from(self.failures.len()).unwrap() + 1;
        let policy = retry().wait(fixed(Duration::from_millis(1))).stop(attempts(tries));
        let plan = self.clone();
        Workflow::builder("Random")
            .state::<Sums>()
            .step_with("body", StepOptions::new().retry(policy), {
                move |_: StartEvent, ctx: Context<Sums>| plan.clone().body(ctx)
            })
            .step("note", |note: Note, ctx: Context<Sums>| async move {
                ctx.sleep(Duration::from_millis(note.n % 3)).await?;
                ctx.update(|sums| {
                    sums.noted += 1;
                    sums.notes += note.n;
                })
                .await?;
                Ok::<(), StepError>(())
            })
            .step("end", end)
            .skip(GraphCheck::DeadEnd)
            .additional_event::<Note>()
            .additional_event::<Ask>()
            .additional_event::<Answer>()
            .additional_event::<Never>()
            .build()
            .unwrap()
    }

    async fn body(self, ctx: Context<Sums>) -> Result<Finished, StepError> {
        let mut sum = 0_u64;
        for (at, part) in self.parts.iter().enumerate() {
            sum = sum.wrapping_mul(31).wrapping_add(perform(Arc::clone(part), ctx.clone()).await?);
            if self.failures.get(ctx.attempt() as usize - 1) == Some(&at) {
                return Err(StepError::new("as planned"));
            }
        }
        Ok(Finished { sum })
    }
}

#[derive(Event)]
struct Finished {
    sum: u64,
}

/// Ends the run when every note has been noted.
async fn end(finished: Finished, ctx: Context<Sums>) -> Result<StopEvent, StepError> {
    loop {
        let sums = ctx.update(|sums| sums.clone()).await?;
        if sums.noted == sums.sent {
            let Sums { updated, sent, notes, .. } = sums;
            return Ok(StopEvent::new(vec![finished.sum, updated, sent, notes]));
        }
        ctx.sleep(Duration::from_millis(5)).await?;
    }
}
