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
use super::load::Load;
use super::process::Child;
use super::results::{Goal, P50, P99, PER_SECOND, Results, Verdict};
use super::serve::Side;
use super::workflows::{ONE, THREE};
use super::{store, stream};

/// By how many bytes the two sides' answers may differ: times have more or fewer digits.
const ANSWER_DIFFERENCE: usize = 8;

/// How long the store in memory is measured: it keeps all that is written.
const MEMORY_TIME: Duration = Duration::from_secs(1);

const EVENTS_PER_SECOND: &str = "events/s";

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
    /// Events that reach one reader of one run on SQLite.
    Stream,
    /// `/run` of one step in memory at 64 connections.
    Memory,
}

/// How to measure.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// Where databases are made.
    pub(super) folder: &'a Path,
    pub(super) rounds: u64,
    pub(super) time: Duration,
    pub(super) warm_up: Duration,
    /// How many events are streamed.
    pub(super) events: u32,
    pub(super) only: Option<Part>,
}

impl Plan<'_> {
    /// Measures every part once in each round.
    pub(super) fn measure(&self) -> Result<Results> {
        // One thread, so that the load takes no more than one core from the server.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut results = Results::default();
        for round in 1..=self.rounds {
            for part in Part::value_variants() {
                if self.only.is_none_or(|only| only == *part) {
                    println!("round {round} of {}: {part:?}", self.rounds);
                    let measured = self.measure_part(*part, &runtime, &mut results);
                    measured.with_context(|| format!("cannot measure {part:?}"))?;
                }
            }
        }
        println!();
        Ok(results)
    }

    fn measure_part(&self, part: Part, runtime: &Runtime, results: &mut Results) -> Result<()> {
        match part {
            Part::Run16 => runtime.block_on(self.beside_the_baseline(16, results)),
            Part::Run64 => runtime.block_on(self.beside_the_baseline(64, results)),
            Part::Store => self.stores(results),
            Part::ThreeSteps => runtime.block_on(async {
                let data = self.data()?;
                let child = Child::start(Side::Stepwell, Some(data.path()), "").await?;
                let measured = self.load(&child, THREE, 1).await?;
                results.add_load("/run of three steps, 1 connection", measured);
                child.server.kill().await
            }),
            Part::Stream => runtime.block_on(async {
                let data = self.data()?;
                let child = Child::start(Side::Stepwell, Some(data.path()), "").await?;
                let events = stream::measure(&child.base, self.events).await?;
                results.add("one run streamed to one reader", EVENTS_PER_SECOND, events);
                child.server.kill().await
            }),
            Part::Memory => runtime.block_on(async {
                let child = Child::start(Side::Stepwell, None, "").await?;
                let measured = self.load(&child, ONE, 64).await?;
                results.add_load("/run in memory, 64 connections", measured);
                child.server.kill().await
            }),
        }
    }

    /// Loads the engine's server, then the baseline, each with a new database.
    async fn beside_the_baseline(&self, connections: usize, results: &mut Results) -> Result<()> {
        let data = self.data()?;
        let child = Child::start(Side::Stepwell, Some(data.path()), "").await?;
        let answer = answer(&child).await?;
        let measured = self.load(&child, ONE, connections).await?;
        results.add_load(&run(Side::Stepwell, connections), measured);
        child.server.kill().await?;

        let data = self.data()?;
        let child = Child::start(Side::Baseline, Some(data.path()), &answer).await?;
        let same = self::answer(&child).await?;
        ensure!(
            same.len().abs_diff(answer.len()) <= ANSWER_DIFFERENCE,
            "the sides do not answer alike:\n{answer}\n{same}"
        );
        let measured = self.load(&child, ONE, connections).await?;
        results.add_load(&run(Side::Baseline, connections), measured);
        child.server.kill().await
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

    async fn load(
        &self,
        child: &Child,
        workflow: &str,
        connections: usize,
    ) -> Result<super::load::Measured> {
        let load = Load { connections, warm_up: self.warm_up, time: self.time };
        load.run(&child.base, child.server.process(), request(workflow)).await
    }

    /// Makes a folder for one database.
    fn data(&self) -> Result<TempDir> {
        TempDir::new_in(self.folder).context("cannot make a folder for a database")
    }
}

fn request(workflow: &str) -> Vec<u8> {
    post(&format!("/workflows/{workflow}/run"), r#"{"start_event":{}}"#)
}

/// Returns what a child answers to a run of one step.
async fn answer(child: &Child) -> Result<String> {
    let mut connection = Connection::open(&child.base).await?;
    let answer = connection.call(&request(ONE)).await?;
    String::from_utf8(answer.to_vec()).context("the answer is not UTF-8")
}

fn run(side: Side, connections: usize) -> String {
    match side {
        Side::Stepwell => format!("/run, {connections} connections"),
        Side::Baseline => format!("baseline, {connections} connections"),
    }
}

/// Compares what was measured with what is promised.
pub(super) fn verdicts(results: &Results) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let mut judge = |what: &str, value: Option<f64>, goal: Goal| {
        let verdict = value.map(|value| Verdict { what: what.to_owned(), value, goal });
        verdicts.extend(verdict);
    };
    for connections in [16, 64] {
        let per_second = |side| results.median(&run(side, connections), PER_SECOND);
        let [stepwell, baseline] = [Side::Stepwell, Side::Baseline].map(per_second);
        let name = run(Side::Stepwell, connections);
        judge(&format!("{name}: {PER_SECOND}"), stepwell, Goal::AtLeast(7_000.0));
        let ratio = stepwell.zip(baseline).map(|(stepwell, baseline)| stepwell / baseline);
        judge(&format!("{name}: part of the baseline"), ratio, Goal::AtLeast(0.5));
    }
    let others = [
        ("/run of three steps, 1 connection", P50, Goal::AtMost(3.0)),
        ("/run of three steps, 1 connection", P99, Goal::AtMost(10.0)),
        ("one run streamed to one reader", EVENTS_PER_SECOND, Goal::AtLeast(50_000.0)),
        ("/run in memory, 64 connections", PER_SECOND, Goal::AtLeast(11_500.0)),
    ];
    for (name, metric, goal) in others {
        judge(&format!("{name}: {metric}"), results.median(name, metric), goal);
    }
    verdicts
}
