//! What is measured, in which order, and how good it should be.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use stepwell::store::{MemoryStore, SqliteOptions, SqliteStore, Store};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::http::{Connection, post};
use super::load::{self, Load, Measured};
use super::process::Child;
use super::recovery::{restart_name, waiting_name};
use super::results::{Goal, P50, P99, PER_SECOND, Results, Verdict};
use super::serve::Side;
use super::workflows::{FAN_OUT, ONE, THREE};
use super::{facts, join, recovery, store, stream};

/// By how many bytes the two sides' answers may differ: times have more or fewer digits.
const ANSWER_DIFFERENCE: usize = 8;

/// How long the store in memory is measured: it keeps all that is written.
const MEMORY_TIME: Duration = Duration::from_secs(1);

const EVENTS_PER_SECOND: &str = "events/s";
const RATIO: &str = "ratio";

const SYNC: &str = "write of 8 KiB and fdatasync, before each part";
const THREE_STEPS: &str = "/run of three steps, 1 connection";
const STREAM: &str = "one run streamed to one reader";
const IN_MEMORY: &str = "/run in memory, 64 connections";
const REDUCER: &str = "the reducer alone";
const TICKS_PER_SECOND: &str = "ticks/s";
const ALL: &str = "ms until all go on";
const MEANWHILE: &str = "new runs during the restart";
const STARTED: &str = "MiB";

/// How wide the joins are that are measured in memory, beside the one that is on disk.
const JOINS: [u32; 3] = [1, 10, 50];

/// Something that is measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    /// `/run` of one step on SQLite at 16 connections, beside the baseline.
    Run16,
    /// The same at 64 connections.
    Run64,
    /// The stores alone, 64 writers.
    Store,
    /// The latency of `/run` of three steps on SQLite at one connection.
    ThreeSteps,
    /// Events that reach one reader of one run on SQLite, live and replayed.
    Stream,
    /// The time of `/run` of a large fan-out, on SQLite and in memory.
    FanOut,
    /// The time of a fan-out and join inside this process, in memory and on SQLite.
    Join,
    /// The reducer by itself.
    Reducer,
    /// `/run` of one step in memory at 64 connections.
    Memory,
    /// How soon unfinished runs go on after a restart, and how long new ones take meanwhile.
    Restart,
    /// How long runs of few and of many turns take to be read from the store.
    Reload,
    /// What many runs cost that wait for a person. Measured only if asked for.
    Waiting,
}

impl Part {
    /// Tells whether it is measured among all: a million runs take minutes.
    fn is_measured(self, only: Option<Self>, smoke: bool) -> bool {
        only.map_or(self != Self::Waiting || smoke, |only| only == self)
    }
}

/// Where a server keeps its runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    OnDisk,
    InMemory,
}

/// How to measure.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// Where databases are made.
    pub(super) folder: &'a Path,
    pub(super) rounds: u64,
    pub(super) time: Duration,
    pub(super) warm_up: Duration,
    /// How long each side is loaded before the other is, and how often.
    pub(super) slice: Duration,
    pub(super) slices: u64,
    /// How many events are streamed.
    pub(super) events: u32,
    /// How many pieces of work a fan-out has.
    pub(super) items: u32,
    pub(super) only: Option<Part>,
    pub(super) smoke: bool,
    /// How many runs there are that wait.
    pub(super) waiting: u64,
    /// How many unfinished runs there are at a restart.
    pub(super) unfinished: u64,
    /// How many turns a short run and a long one have.
    pub(super) turns: [u64; 2],
}

impl Plan<'_> {
    /// Measures every part once in each round.
    pub(super) fn measure(&self) -> Result<Results> {
        // One thread, so that the load takes no more than one core from the server.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut results = Results::default();
        for round in 1..=self.rounds {
            for part in Part::value_variants() {
                if part.is_measured(self.only, self.smoke) {
                    println!("round {round} of {}: {part:?}", self.rounds);
                    let (p50, p99) = facts::sync_cost(self.folder)?;
                    results.add(SYNC, P50, p50.as_secs_f64() * 1e3);
                    results.add(SYNC, P99, p99.as_secs_f64() * 1e3);
                    let measured = self.measure_part(*part, round, &runtime, &mut results);
                    measured.with_context(|| format!("cannot measure {part:?}"))?;
                }
            }
        }
        println!();
        Ok(results)
    }

    fn measure_part(
        &self,
        part: Part,
        round: u64,
        runtime: &Runtime,
        results: &mut Results,
    ) -> Result<()> {
        match part {
            Part::Run16 => runtime.block_on(self.beside_the_baseline(16, round, results)),
            Part::Run64 => runtime.block_on(self.beside_the_baseline(64, round, results)),
            Part::Store => self.stores(results),
            Part::Stream => runtime.block_on(self.stream(results)),
            Part::ThreeSteps => {
                let load = self.run_alone(Kept::OnDisk, request(THREE, "{}"), 1);
                results.add_load(THREE_STEPS, runtime.block_on(load)?);
                Ok(())
            }
            Part::FanOut => runtime.block_on(async {
                self.fan_out(Kept::OnDisk, results).await?;
                self.fan_out(Kept::InMemory, results).await
            }),
            Part::Join => runtime.block_on(self.joins(results)),
            Part::Reducer => {
                results.add(REDUCER, TICKS_PER_SECOND, join::reduce());
                Ok(())
            }
            Part::Memory => {
                let load = self.run_alone(Kept::InMemory, request(ONE, "{}"), 64);
                results.add_load(IN_MEMORY, runtime.block_on(load)?);
                Ok(())
            }
            Part::Restart | Part::Reload | Part::Waiting => {
                // The engine is in this process, and may use what a server would.
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
                runtime.block_on(self.recovery(part, results))
            }
        }
    }

    async fn recovery(&self, part: Part, results: &mut Results) -> Result<()> {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        let data = self.data()?;
        match part {
            Part::Restart => {
                let measured = recovery::restart(data.path(), self.unfinished).await?;
                let name = &restart_name(self.unfinished);
                results.add(name, "open ms", milliseconds(measured.opened));
                results.add(name, ALL, milliseconds(measured.all));
                results.add(MEANWHILE, P50, milliseconds(measured.p50));
                results.add(MEANWHILE, P99, milliseconds(measured.p99));
            }
            Part::Reload => {
                for turns in self.turns {
                    let took = recovery::reload(data.path(), turns).await?;
                    results.add(
                        &format!("a run of {turns} turns is read"),
                        P50,
                        milliseconds(took),
                    );
                }
            }
            _ => {
                let measured = recovery::waiting(data.path(), self.waiting).await?;
                let name = &waiting_name(self.waiting);
                results.add(name, "starts/s", measured.per_second);
                results.add(name, STARTED, measured.started);
                results.add(name, "MiB after a restart", measured.restarted);
                results.add(name, P50, milliseconds(measured.p50));
                results.add(name, "max ms", milliseconds(measured.max));
            }
        }
        Ok(())
    }

    /// Loads the engine's server and the baseline in turn, each with a new database. The slices
    /// are short, so that what else the machine does meanwhile hits both.
    async fn beside_the_baseline(
        &self,
        connections: usize,
        round: u64,
        results: &mut Results,
    ) -> Result<()> {
        let (data, baseline_data) = (self.data()?, self.data()?);
        let stepwell = Child::start(Side::Stepwell, Some(data.path()), "").await?;
        let answer = answer(&stepwell).await?;
        let baseline = Child::start(Side::Baseline, Some(baseline_data.path()), &answer).await?;
        let same = self::answer(&baseline).await?;
        ensure!(
            same.len().abs_diff(answer.len()) <= ANSWER_DIFFERENCE,
            "the sides do not answer alike:\n{answer}\n{same}"
        );
        let request = request(ONE, "{}");
        let load = Load { connections, warm_up: self.slice / 2, time: self.slice };
        let [ours, theirs] = [&stepwell, &baseline];
        let name = run(Side::Stepwell, connections);
        for slice in 0..self.slices {
            // Each goes first in every other slice.
            let (ours, theirs) = if (round + slice).is_multiple_of(2) {
                let ours = load.run(ours, &request).await?;
                (ours, load.run(theirs, &request).await?)
            } else {
                let theirs = load.run(theirs, &request).await?;
                (load.run(ours, &request).await?, theirs)
            };
            results.add_load(&name, ours);
            results.add_load(&run(Side::Baseline, connections), theirs);
            let ratio = ours.per_second / theirs.per_second;
            results.add(&format!("{name}, beside the baseline"), RATIO, ratio);
        }
        stepwell.server.kill().await?;
        baseline.server.kill().await
    }

    async fn stream(&self, results: &mut Results) -> Result<()> {
        let data = self.data()?;
        let child = Child::start(Side::Stepwell, Some(data.path()), "").await?;
        let measured = stream::measure(&child.base, self.events).await?;
        results.add(STREAM, EVENTS_PER_SECOND, measured.live);
        results.add("the same stream read again", EVENTS_PER_SECOND, measured.replayed);
        child.server.kill().await
    }

    async fn fan_out(&self, kept: Kept, results: &mut Results) -> Result<()> {
        let data = self.data()?;
        let child = Self::start(kept, &data).await?;
        let request = request(FAN_OUT, &format!("{{\"items\":{}}}", self.items));
        let took = load::one_by_one(&child.base, &request, self.time).await?;
        results.add(&self.fan_out_name(kept), P50, took.as_secs_f64() * 1e3);
        child.server.kill().await
    }

    async fn joins(&self, results: &mut Results) -> Result<()> {
        for times in JOINS {
            let parts = self.items * times;
            let took = join::measure(Arc::new(MemoryStore::default()), parts).await?;
            results.add(&join_name(parts, Kept::InMemory), P50, took.as_secs_f64() * 1e3);
        }
        let data = self.data()?;
        let store = SqliteStore::open(data.path().join("bench.db"), SqliteOptions::default())?;
        let took = join::measure(Arc::new(store), self.items).await?;
        results.add(&join_name(self.items, Kept::OnDisk), P50, took.as_secs_f64() * 1e3);
        Ok(())
    }

    /// Loads the engine's server by itself.
    async fn run_alone(
        &self,
        kept: Kept,
        request: Vec<u8>,
        connections: usize,
    ) -> Result<Measured> {
        let data = self.data()?;
        let child = Self::start(kept, &data).await?;
        let measured = self.load(&child, &request, connections).await?;
        child.server.kill().await?;
        Ok(measured)
    }

    /// Starts the engine's server.
    async fn start(kept: Kept, data: &TempDir) -> Result<Child> {
        let path = (kept == Kept::OnDisk).then(|| data.path());
        Child::start(Side::Stepwell, path, "").await
    }

    fn fan_out_name(&self, kept: Kept) -> String {
        let place = if kept == Kept::OnDisk { "" } else { " in memory" };
        format!("/run of a fan-out of {}{place}, 4 workers", self.items)
    }

    fn stores(&self, results: &mut Results) -> Result<()> {
        let data = self.data()?;
        let sqlite = SqliteStore::open(data.path().join("bench.db"), SqliteOptions::default())?;
        let sqlite = Arc::new(sqlite);
        let store: Arc<dyn Store> = Arc::<SqliteStore>::clone(&sqlite);
        let measured = store::measure(&store, || sqlite.transactions(), self.warm_up, self.time)?;
        let name = "SqliteStore alone, 64 writers";
        results.add(name, "turns/s", measured.turns);
        results.add(name, "rows/s", measured.rows);
        results.add(name, "transactions/s", measured.transactions);

        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let time = self.time.min(MEMORY_TIME);
        let measured = store::measure(&store, || 0, Duration::ZERO, time)?;
        results.add("MemoryStore alone, 64 writers", "turns/s", measured.turns);
        Ok(())
    }

    async fn load(&self, child: &Child, request: &[u8], connections: usize) -> Result<Measured> {
        let load = Load { connections, warm_up: self.warm_up, time: self.time };
        load.run(child, request).await
    }

    /// Makes a folder for one database.
    fn data(&self) -> Result<TempDir> {
        TempDir::new_in(self.folder).context("cannot make a folder for a database")
    }

    /// Compares what was measured with what is promised.
    pub(super) fn verdicts(&self, results: &Results) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        let mut judge = |what: &str, value: Option<f64>, goal: Goal| {
            let verdict = value.map(|value| Verdict { what: what.to_owned(), value, goal });
            verdicts.extend(verdict);
        };
        for connections in [16, 64] {
            let name = run(Side::Stepwell, connections);
            let per_second = results.median(&name, PER_SECOND);
            judge(&format!("{name}: {PER_SECOND}"), per_second, Goal::AtLeast(7_000.0));
            let name = format!("{name}, beside the baseline");
            judge(&format!("{name}: {RATIO}"), results.median(&name, RATIO), Goal::AtLeast(0.5));
        }
        let [on_disk, in_memory] =
            [Kept::OnDisk, Kept::InMemory].map(|kept| self.fan_out_name(kept));
        let [few, many] = [JOINS[0], JOINS[2]].map(|times| self.items * times);
        let joins = [(few, Kept::InMemory), (many, Kept::InMemory), (few, Kept::OnDisk)];
        let [few, many, durable] = joins.map(|(parts, kept)| join_name(parts, kept));
        let (restart, waiting) = (restart_name(self.unfinished), waiting_name(self.waiting));
        let others = [
            (few.as_str(), P50, Goal::AtMost(100.0)),
            (&many, P50, Goal::AtMost(2_000.0)),
            (&durable, P50, Goal::AtMost(300.0)),
            (THREE_STEPS, P50, Goal::AtMost(3.0)),
            (THREE_STEPS, P99, Goal::AtMost(10.0)),
            (STREAM, EVENTS_PER_SECOND, Goal::AtLeast(50_000.0)),
            (&on_disk, P50, Goal::AtMost(300.0)),
            (&in_memory, P50, Goal::AtMost(100.0)),
            (IN_MEMORY, PER_SECOND, Goal::AtLeast(11_500.0)),
            (&restart, ALL, Goal::AtMost(1_000.0)),
            (MEANWHILE, P99, Goal::AtMost(50.0)),
            (&waiting, STARTED, Goal::AtMost(1_024.0)),
            (&waiting, "max ms", Goal::AtMost(50.0)),
        ];
        for (name, metric, goal) in others {
            judge(&format!("{name}: {metric}"), results.median(name, metric), goal);
        }
        verdicts
    }
}

fn join_name(parts: u32, kept: Kept) -> String {
    let place = if kept == Kept::OnDisk { "on SQLite" } else { "in memory" };
    format!("fan-out and join of {parts} {place}, 4 workers")
}

fn request(workflow: &str, start_event: &str) -> Vec<u8> {
    let body = format!("{{\"start_event\":{start_event}}}");
    post(&format!("/workflows/{workflow}/run"), &body)
}

/// Returns what a child answers to a run of one step.
async fn answer(child: &Child) -> Result<String> {
    let mut connection = Connection::open(&child.base).await?;
    let answer = connection.call(&request(ONE, "{}")).await?;
    String::from_utf8(answer.to_vec()).context("the answer is not UTF-8")
}

fn run(side: Side, connections: usize) -> String {
    match side {
        Side::Stepwell => format!("/run, {connections} connections"),
        Side::Baseline => format!("baseline, {connections} connections"),
    }
}
