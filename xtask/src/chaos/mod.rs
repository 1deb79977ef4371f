//! The storm: kills a server over and over under load, then checks that it kept its promises.
//!
//! ```text
//!   storm ──start, SIGKILL──▶ stepwell demo ◀──HTTP── actors (C clients)
//!     │                                                  │
//!     └─────────▶ gate: up or down ◀─────────────────────┤
//!                                                        ▼
//!   settle: waits for all ends, ──────check──────▶ ledger: what was acknowledged and seen
//! ```
//!
//! The ledger is in this process, which nobody kills. Whatever the server had acknowledged must
//! be there in the end; whatever a reader had seen must be the beginning of what the stream is.

mod binary;
mod check;
mod client;
mod episodes;
mod gate;
mod record;
mod report;
mod rounds;
mod settle;
mod signals;
mod storm;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::random::Random;
use crate::trial::findings::Findings;
use client::Client;
use episodes::Actor;
use gate::Gate;
use record::Ledger;
use report::Report;
use storm::Storm;

pub(crate) use rounds::{run, soak};
pub(crate) use storm::free_port;

/// How often progress is printed.
const PROGRESS: Duration = Duration::from_secs(5);

/// By when every run must have ended after the last restart.
const PATIENCE: Duration = Duration::from_secs(60);

/// What to do to servers.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How often the storm kills the server; 200 take about two minutes.
    #[arg(long, value_name = "N", default_value_t = 20)]
    kills: u64,

    /// How often to lose power.
    #[arg(long, value_name = "N", default_value_t = 60)]
    losses: u64,

    /// Make only this trial, and neither storm nor power loss. Can be repeated.
    #[arg(long = "trial", value_name = "NAME")]
    trials: Vec<String>,

    #[command(flatten)]
    common: Common,
}

/// What to do to servers for a long time.
#[derive(Debug, clap::Args)]
pub(crate) struct SoakArguments {
    /// How long to go on; the last round is not cut short.
    #[arg(long, value_name = "N", default_value_t = 60)]
    minutes: u64,

    #[command(flatten)]
    common: Common,
}

/// What is tested, and how it is told.
#[derive(Debug, clap::Args)]
struct Common {
    /// Repeat the choices of an earlier run; its timing cannot be repeated.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,

    /// How many clients act at once in the storm.
    #[arg(long, value_name = "C", default_value_t = 24)]
    clients: u64,

    /// The program for the storm; built if not given.
    #[arg(long, value_name = "PATH")]
    bin: Option<PathBuf>,

    /// How to build it.
    #[arg(long, value_enum, default_value = "dev")]
    profile: Profile,

    /// Write the report as JSON too.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// One of cargo's profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// Quick to build; checks overflow.
    Dev,
    /// What is shipped.
    Release,
}

/// Sends one server through a storm, and adds what that shows to the findings.
fn storm(weather: Weather, findings: &Findings) -> Result<()> {
    let folder = TempDir::with_prefix("stepwell-chaos-")?;
    storm::prepare(folder.path())?;
    let ledger = Arc::clone(&weather.ledger);
    let begin = Instant::now();
    let (seed, clients) = (weather.seed, weather.clients);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let Err(error) = runtime.block_on(weather.run(&folder)) {
        ledger.broken_at("the server", format!("{error:#}"));
    }
    runtime.shutdown_background();

    let (counts, violations) = (ledger.counts(), ledger.violations());
    let is_kept = !violations.is_empty();
    let report = Report { seed, clients, took: begin.elapsed(), counts, violations };
    println!("\n{}", report.text());
    report.add_to(findings);
    if is_kept {
        println!("the storm's data and log are kept in {}", folder.keep().display());
    }
    Ok(())
}

/// What a storm needs.
struct Weather {
    kills: u64,
    clients: u64,
    seed: u64,
    program: PathBuf,
    ledger: Arc<Ledger>,
}

impl Weather {
    async fn run(self, folder: &TempDir) -> Result<()> {
        let mut random = Random::new(self.seed);
        let gate = Gate::new();
        let client = Client { gate: gate.clone(), ledger: Arc::clone(&self.ledger) };
        let mut storm = Storm {
            program: self.program,
            folder: folder.path().to_owned(),
            port: storm::free_port(&mut random).await?,
            gate,
            ledger: Arc::clone(&self.ledger),
            lives: 0,
        };
        let progress = tokio::spawn(progress(Arc::clone(&self.ledger), self.kills));
        let mut actors = JoinSet::new();
        for number in 0..self.clients {
            actors.spawn(Actor::new(client.clone(), number, random.fork()).act());
        }
        for _ in 0..self.kills {
            storm.strike(&mut random).await?;
        }
        // Runs are in full swing when the server is asked to stop.
        let server = storm.start().await?;
        tokio::time::sleep(Duration::from_millis(random.between(50, 600))).await;
        actors.shutdown().await;
        storm.stop(server).await?;

        let server = storm.start().await?;
        settle::settle(&client, Instant::now() + PATIENCE).await?;
        storm.stop(server).await?;
        progress.abort();
        storm.check_log()
    }
}

async fn progress(ledger: Arc<Ledger>, kills: u64) {
    let mut ticks = interval(PROGRESS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let counts = ledger.counts();
        println!(
            "{}/{kills} kills, starts {} (+{} cut), events {} (+{} cut), cancels {} (+{} cut), \
             {} items seen, {} reconnects, {} runs checked, {} violations",
            counts.kills,
            counts.starts_acknowledged,
            counts.starts_cut,
            counts.events_acknowledged,
            counts.events_cut,
            counts.cancels_acknowledged,
            counts.cancels_cut,
            counts.items_seen,
            counts.reconnects,
            counts.runs_checked,
            ledger.violations().len(),
        );
    }
}
