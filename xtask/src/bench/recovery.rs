//! Many runs on one store inside this process: what they cost while they wait, how soon they go on
//! after a restart, and how long a long one takes to read.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::StreamExt;
use futures::stream::iter;
use stepwell::store::{Durability, SqliteOptions, SqliteStore};
use stepwell::{
    BuildError, Context, Emit, Engine, Event, StartEvent, StepError, StopEvent, Workflow,
};
use tokio::time::{Instant, sleep};

use super::load::percentile;
use super::process;
use super::workflows::{ONE, one};
use crate::random::Random;

/// How many runs are started at once.
const STARTS: usize = 512;

/// How many of the waiting runs are answered.
const ANSWERS: usize = 200;

/// How many callers start new runs while others are taken up.
const CALLERS: usize = 8;

/// How long a caller rests between new runs: what is measured is the restart, with some new work.
const REST: Duration = Duration::from_millis(10);

/// How long runs sleep that are to be overdue: longer than starting all of them takes.
const SLEEP: Duration = Duration::from_secs(10);

/// How long the last runs that were started are given to get to where they are interrupted.
const SETTLE: Duration = Duration::from_secs(2);

/// How long anything may take before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whether bodies that hang before the restart go on.
static GOES_ON: AtomicBool = AtomicBool::new(false);

/// How many runs have taken the step after the one that they were in.
static TAKEN: AtomicU64 = AtomicU64::new(0);

const MANY: &str = "many";
const LONG: &str = "long";

/// Says what a run does when the process ends.
#[derive(Event)]
#[event(start)]
struct Begin {
    at: u64,
}

/// What a person says.
#[derive(Event)]
#[event(response)]
struct Answer {}

/// Leads to the next step.
#[derive(Event)]
struct Next {}

/// A run that is in the middle of a body, waits for a person, or sleeps.
fn many() -> Result<Workflow, BuildError> {
    async fn begin(begin: Begin, context: Context) -> Result<Next, StepError> {
        match begin.at {
            0 if !GOES_ON.load(Ordering::Relaxed) => std::future::pending().await,
            0 => {}
            1 => {
                context.wait::<Answer>().await?;
            }
            _ => context.sleep(SLEEP).await?,
        }
        Ok(Next {})
    }
    Workflow::builder("Many")
        .additional_event::<Answer>()
        .step("begin", begin)
        .step("finish", |_: Next, _: Context| async {
            TAKEN.fetch_add(1, Ordering::Relaxed);
            StopEvent::new("done")
        })
        .build()
}

/// How many turns are left.
#[derive(Event)]
struct Round {
    left: u64,
}

/// Leads on, or to the end.
#[derive(Emit)]
enum Then {
    Round(Round),
    Stop(StopEvent),
}

/// A run of so many turns, which then waits for a person.
fn long() -> Result<Workflow, BuildError> {
    async fn round(round: Round, context: Context) -> Result<Then, StepError> {
        if round.left == 0 {
            context.wait::<Answer>().await?;
            return Ok(Then::Stop(StopEvent::new("done")));
        }
        Ok(Then::Round(Round { left: round.left - 1 }))
    }
    Workflow::builder("Long")
        .additional_event::<Answer>()
        .step("begin", |begin: Begin, _: Context| async move { Round { left: begin.at } })
        .step("round", round)
        .build()
}

/// Says which restart it is.
pub(super) fn restart_name(runs: u64) -> String {
    format!("a restart with {runs} unfinished runs")
}

/// Says how many runs wait.
pub(super) fn waiting_name(runs: u64) -> String {
    format!("{runs} waiting runs")
}

async fn open(folder: &Path, durability: Durability) -> Result<Engine> {
    let store = SqliteStore::open(folder.join("bench.db"), SqliteOptions { durability })?;
    let engine = Engine::builder().store(Arc::new(store));
    let engine = engine.workflow(MANY, many()?).workflow(LONG, long()?).workflow(ONE, one()?);
    Ok(engine.open().await?)
}

/// Starts so many runs, and returns some of their handlers, chosen at random.
async fn start(engine: &Engine, runs: u64, kind: impl Fn(u64) -> u64) -> Result<Vec<String>> {
    let mut random = Random::new(7);
    let starts = iter(0..runs).map(|number| engine.run(MANY, Begin { at: kind(number) }));
    let mut starts = starts.buffer_unordered(STARTS);
    let mut chosen = Vec::new();
    let mut started = 0_u64;
    while let Some(run) = starts.next().await {
        started += 1;
        let handler = run?.handler().to_owned();
        // Each of all with the same chance.
        if chosen.len() < ANSWERS {
            chosen.push(handler);
        } else if let Ok(place) = usize::try_from(random.below(started))
            && place < ANSWERS
        {
            chosen[place] = handler;
        }
    }
    Ok(chosen)
}

/// What many waiting runs cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) per_second: f64,
    /// What the process holds once they wait, and once it was restarted, in MiB.
    pub(super) started: f64,
    pub(super) restarted: f64,
    /// From an answer to the end of its run.
    pub(super) p50: Duration,
    pub(super) max: Duration,
}

/// Lets so many runs wait, restarts, and answers some of them.
pub(super) async fn waiting(folder: &Path, runs: u64) -> Result<Waiting> {
    let engine = open(folder, Durability::Full).await?;
    let began = Instant::now();
    let chosen = start(&engine, runs, |_| 1).await?;
    let took = began.elapsed();
    let started = resident()?;
    engine.shutdown().await?;
    drop(engine);

    let engine = open(folder, Durability::Full).await?;
    let mut latencies = Vec::new();
    for handler in chosen {
        let run = engine.find(&handler).await?.context("a run is gone")?;
        let sent = Instant::now();
        if let Err(error) = run.send(Answer {}).await {
            let record = engine.handler(&handler).await?;
            return Err(error).with_context(|| format!("a waiting run: {record:?}"));
        }
        tokio::time::timeout(PATIENCE, run.result::<StopEvent>()).await.context("stuck")??;
        latencies.push(sent.elapsed());
    }
    latencies.sort_unstable();
    let restarted = resident()?;
    engine.shutdown().await?;
    let count = f64::from(u32::try_from(runs)?);
    Ok(Waiting {
        per_second: count / took.as_secs_f64(),
        started,
        restarted,
        p50: percentile(&latencies, 50),
        max: percentile(&latencies, 100),
    })
}

fn resident() -> Result<f64> {
    let memory = process::memory(std::process::id()).context("the system does not tell")?;
    Ok(f64::from(u32::try_from(memory.resident >> 10)?) / 1024.0)
}

/// How a restart went.
#[derive(Clone, Copy, Debug)]
pub(super) struct Restart {
    /// Until the engine was open.
    pub(super) opened: Duration,
    /// Until all runs that could go on had taken their next step.
    pub(super) all: Duration,
    /// How long new runs took meanwhile.
    pub(super) p50: Duration,
    pub(super) p99: Duration,
}

/// Restarts with so many runs that have not ended: a third in the middle of a body, a third
/// waiting for a person, a third overdue.
pub(super) async fn restart(folder: &Path, runs: u64) -> Result<Restart> {
    GOES_ON.store(false, Ordering::Relaxed);
    let engine = open(folder, Durability::Full).await?;
    start(&engine, runs, |number| number % 3).await?;
    // Until the last ones sleep, durably.
    sleep(SETTLE).await;
    engine.shutdown().await?;
    drop(engine);
    sleep(SLEEP).await;

    GOES_ON.store(true, Ordering::Relaxed);
    let expected =
        TAKEN.load(Ordering::Relaxed) + (0..runs).filter(|it| it % 3 != 1).count() as u64;
    let began = Instant::now();
    let engine = open(folder, Durability::Full).await?;
    let opened = began.elapsed();
    let callers = (0..CALLERS).map(|_| {
        let engine = engine.clone();
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            while TAKEN.load(Ordering::Relaxed) < expected && began.elapsed() < PATIENCE {
                let sent = Instant::now();
                engine.run(ONE, StartEvent::new()).await?.result::<StopEvent>().await?;
                latencies.push(sent.elapsed());
                sleep(REST).await;
            }
            anyhow::Ok((latencies, began.elapsed()))
        })
    });
    let (mut latencies, mut all) = (Vec::new(), Duration::ZERO);
    for caller in callers.collect::<Vec<_>>() {
        let (some, until) = caller.await??;
        latencies.extend(some);
        all = all.max(until);
    }
    let taken = TAKEN.load(Ordering::Relaxed);
    ensure!(taken >= expected, "{} runs did not go on", expected - taken);
    engine.shutdown().await?;
    latencies.sort_unstable();
    let (p50, p99) = (percentile(&latencies, 50), percentile(&latencies, 99));
    Ok(Restart { opened, all, p50, p99 })
}

/// Returns how long it takes to cancel a run of so many turns that has to be read from the store
/// first.
pub(super) async fn reload(folder: &Path, turns: u64) -> Result<Duration> {
    // So many commits one after the other are not what is measured.
    let engine = open(folder, Durability::Normal).await?;
    let run = engine.run(LONG, Begin { at: turns }).await?;
    let handler = run.handler().to_owned();
    let idle = async {
        while !engine.handler(&handler).await?.is_some_and(|record| record.idle) {
            sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    idle.await?;
    engine.shutdown().await?;
    drop((run, engine));

    let engine = open(folder, Durability::Normal).await?;
    let run = engine.find(&handler).await?.context("the run is gone")?;
    let sent = Instant::now();
    engine.cancel(run.handler()).await?;
    let took = sent.elapsed();
    engine.shutdown().await?;
    Ok(took)
}
