//! The crowd: a thousand runs alive at once, each with readers, all of whom must see everything.
//!
//! ```text
//!   start all ─▶ all have asked ─▶ let all go on ─▶ all have asked again ─▶ let all end ─▶ check
//!                      │                                     │
//!                      └── every run is alive, and its ──────┘
//!                          steady reader's stream is open
//! ```
//!
//! One reader of each run is steady: its stream is open from the beginning of the run to its end.
//! The others come late, leave and come back, stand still, or come when all is over; half of all
//! see internal items, half read lines instead of frames. When a run has ended its log is read
//! once more, checked against what the workflow publishes, and compared with what each reader saw,
//! byte for byte.
//!
//! What becomes of a crowd when the server dies is not here: that is the storm's, in `chaos`.

mod check;
mod connection;
mod lead;
mod reader;
mod report;
pub(crate) mod workflow;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::bench::Side;
use crate::bench::process::{self, Child};
use crate::random::Random;
use crate::reading::View;
use check::Log;
use lead::lead;
use reader::{Format, GUESTS, Kind, Plan, Reading};
use report::Report;

/// How long the crowd may take to get from one stage to the next.
const PATIENCE: Duration = Duration::from_secs(180);

/// How many connections there may be besides those of readers, and how many other files.
const OTHER_FILES: u64 = 100;

/// How large the crowd is.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How many runs are alive at once.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    runs: u64,

    /// How many read each run: one from its beginning to its end, the others in other ways.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=100))]
    readers_per_run: u64,

    /// How many items each run publishes.
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u64).range(5..=100_000))]
    items: u64,

    /// Repeat the choices of an earlier crowd; its timing cannot be repeated.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
}

/// How far the crowd has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Starting,
    /// Every run waits for the first answer.
    Asked,
    /// Runs publish.
    Going,
    /// Every run has ended, and every steady reader knows it.
    Ended,
}

/// What all readers share.
#[derive(Debug)]
struct Crowd {
    address: SocketAddr,
    stage: watch::Sender<Stage>,
    /// One for each run, with a permit for each of its readers once it was started.
    started: Vec<Semaphore>,
    /// A permit for each question that a steady reader saw.
    asked: Semaphore,
    /// A permit for each reader that is there for what is to come.
    now: Semaphore,
    /// A permit for each run whose end its steady reader saw.
    ended: Semaphore,
    /// Why the first reader that failed did.
    failure: OnceLock<String>,
    open: Open,
    seen: AtomicU64,
}

/// How many streams are open.
#[derive(Debug, Default)]
struct Open {
    now: AtomicU64,
    most: AtomicU64,
}

/// A stream that is open until this is dropped.
struct Opened<'a>(&'a Open);

impl Open {
    fn begin(&self) -> Opened<'_> {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        Opened(self)
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Crowd {
    fn new(address: SocketAddr, runs: u64) -> Self {
        Self {
            address,
            stage: watch::Sender::new(Stage::Starting),
            started: (0..runs).map(|_| Semaphore::new(0)).collect(),
            asked: Semaphore::new(0),
            now: Semaphore::new(0),
            ended: Semaphore::new(0),
            failure: OnceLock::new(),
            open: Open::default(),
            seen: AtomicU64::new(0),
        }
    }

    /// Waits for a stage.
    async fn reached(&self, stage: Stage) -> Result<()> {
        self.stage.subscribe().wait_for(|now| *now >= stage).await?;
        Ok(())
    }

    /// Lets nobody wait for a reader that failed.
    fn fail(&self, failure: String) {
        self.failure.get_or_init(|| failure);
        for semaphore in [&self.asked, &self.now, &self.ended] {
            semaphore.close();
        }
    }

    /// Waits for as many permits, and takes them.
    async fn until(&self, semaphore: &Semaphore, permits: u32, what: &str) -> Result<()> {
        let permits = timeout(PATIENCE, semaphore.acquire_many(permits)).await;
        match permits.with_context(|| format!("not in {PATIENCE:?}: {what}"))? {
            Ok(permits) => permits.forget(),
            Err(_) => bail!("a reader failed: {}", self.failure.get().map_or("", |why| why)),
        }
        Ok(())
    }

    fn item_seen(&self) {
        self.seen.fetch_add(1, Ordering::Relaxed);
    }
}

/// A reader that has come to its end.
type Done = (Plan, Result<Reading>);

/// Lets the crowd go, checks, reports. Fails if anybody did not see everything.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let seed = arguments.seed.unwrap_or_else(Random::seed);
    println!("crowd: seed {seed}");
    let files = stepwell_server::raise_open_files().context("cannot raise the file limit")?;
    let needed = arguments.runs * arguments.readers_per_run + OTHER_FILES;
    ensure!(
        needed <= files,
        "{needed} files are needed, and a process may have {files}: raise the hard limit \
         (`ulimit -Hn`), or let fewer runs or readers take part"
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(conduct(arguments, seed));
    runtime.shutdown_background();
    let report = report?;
    println!("\n{}", report.text());
    if report.complaints.is_empty() {
        println!("\nevery reader saw every item once, in order, to the end");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

async fn conduct(arguments: &Arguments, seed: u64) -> Result<Report> {
    let Arguments { runs, items, .. } = *arguments;
    let folder = TempDir::with_prefix("stepwell-crowd-")?;
    let child = Child::start(Side::Stepwell, Some(folder.path()), "").await?;
    let address = child.base.strip_prefix("http://").context("not an HTTP address")?.parse()?;
    let crowd = Arc::new(Crowd::new(address, runs));
    let mut random = Random::new(seed);
    let plans = plans(arguments, &mut random);
    let begin = Instant::now();
    let mut readers = spawn(&crowd, &plans, &mut random);
    let publishing = lead(&crowd, &child, arguments, &plans).await?;
    let done = async {
        let mut done = Vec::new();
        while let Some(reader) = readers.join_next().await {
            done.push(reader?);
        }
        Ok::<_, anyhow::Error>(done)
    };
    let done = timeout(PATIENCE, done).await.context("some readers do not come to an end")??;
    let took = begin.elapsed();
    let memory = process::memory(child.server.process());
    let mut report = Report::new(arguments, took, publishing, memory, &crowd);
    check(&crowd, runs, items, done, &mut report).await?;
    child.server.kill().await?;
    Ok(report)
}

/// Lets all readers come, each when and how it likes.
fn spawn(crowd: &Arc<Crowd>, plans: &[Plan], random: &mut Random) -> JoinSet<Done> {
    let mut readers = JoinSet::new();
    for plan in plans.iter().copied() {
        let (crowd, random) = (Arc::clone(crowd), random.fork());
        readers.spawn(async move {
            let reading = plan.read(&crowd, random).await;
            if let Err(error) = &reading {
                crowd.fail(format!("{plan:?}: {error:#}"));
            }
            (plan, reading)
        });
    }
    readers
}

fn plans(arguments: &Arguments, random: &mut Random) -> Vec<Plan> {
    let mut guests = GUESTS.into_iter().cycle();
    let mut plans = Vec::new();
    for run in 0..arguments.runs {
        for reader in 0..arguments.readers_per_run {
            let kind = if reader == 0 { Kind::Steady } else { guests.next().unwrap_or(GUESTS[0]) };
            let view = if random.percent(50) { View::Public } else { View::Everything };
            // Lines have no numbers, so who does not see them all cannot say where it was.
            let comes_back = matches!(kind, Kind::Cut | Kind::Still);
            let must_be_numbered = comes_back && view == View::Public;
            let lines = random.percent(50) && !must_be_numbered;
            let format = if lines { Format::Ndjson } else { Format::Sse };
            plans.push(Plan { run, kind, view, format });
        }
    }
    plans
}

/// Reads the log of every run and compares it with what its readers saw.
async fn check(
    crowd: &Crowd,
    runs: u64,
    items: u64,
    done: Vec<Done>,
    report: &mut Report,
) -> Result<()> {
    let mut readings: Vec<Vec<Done>> = (0..runs).map(|_| Vec::new()).collect();
    for reader in done {
        readings[usize::try_from(reader.0.run)?].push(reader);
    }
    for (run, readings) in (0..).zip(readings) {
        let plan = Plan { run, kind: Kind::After, view: View::Everything, format: Format::Sse };
        crowd.started[usize::try_from(run)?].add_permits(1);
        let log = plan.read(crowd, Random::new(0)).await;
        let log = log.map_err(|error| format!("{error:#}")).and_then(|log| Log::new(log.seen));
        let log = match log {
            Ok(log) => log,
            Err(error) => {
                report.complain(format!("the log of run {run}: {error}"));
                continue;
            }
        };
        for complaint in log.check(run, items) {
            report.complain(format!("the log of run {run}: {complaint}"));
        }
        for (plan, reading) in readings {
            match reading {
                Ok(reading) => {
                    for complaint in log.check_reading(plan, &reading.seen) {
                        report.complain(format!("{plan:?}: {complaint}"));
                    }
                    report.add(plan, reading);
                }
                Err(error) => report.complain(format!("{plan:?}: {error:#}")),
            }
        }
    }
    Ok(())
}
