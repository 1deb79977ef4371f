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
mod settle;
mod signals;
mod storm;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ValueEnum;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::random::Random;
use client::Client;
use episodes::Actor;
use gate::Gate;
use record::Ledger;
use report::Report;
use storm::Storm;

/// How often progress is printed.
const PROGRESS: Duration = Duration::from_secs(5);

/// By when every run must have ended after the last restart.
const PATIENCE: Duration = Duration::from_secs(60);

/// What to do to the server.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How often to kill the server; 200 take about two minutes.
    #[arg(long, value_name = "N", default_value_t = 20)]
    kills: u64,

    /// Repeat the choices of an earlier storm; its timing cannot be repeated.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,

    /// How many clients act at once.
    #[arg(long, value_name = "C", default_value_t = 24)]
    clients: u64,

    /// The program to test; built if not given.
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

/// Kills, checks, reports. Fails if a promise was not kept.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let seed = arguments.seed.unwrap_or_else(Random::seed);
    println!("chaos: seed {seed}");
    let program = match &arguments.bin {
        Some(program) => program.clone(),
        None => binary::build(arguments.profile)?,
    };
    let folder = TempDir::with_prefix("stepwell-chaos-")?;
    storm::prepare(folder.path())?;
    let ledger = Arc::new(Ledger::default());
    let begin = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let weather = Weather { arguments, seed, program, ledger: Arc::clone(&ledger) };
    if let Err(error) = runtime.block_on(weather.run(&folder)) {
        ledger.broken_at("the server", format!("{error:#}"));
    }
    runtime.shutdown_background();

    let report = Report {
        seed,
        clients: arguments.clients,
        took: begin.elapsed(),
        counts: ledger.counts(),
        violations: ledger.violations(),
    };
    println!("\n{}", report.text());
    if let Some(path) = &arguments.report {
        std::fs::write(path, format!("{:#}\n", report.json()))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if report.violations.is_empty() {
        println!("\nevery promise was kept");
        return Ok(ExitCode::SUCCESS);
    }
    println!("\nthe server's data and log are kept in {}", folder.keep().display());
    Ok(ExitCode::FAILURE)
}

/// What a storm needs.
struct Weather<'a> {
    arguments: &'a Arguments,
    seed: u64,
    program: PathBuf,
    ledger: Arc<Ledger>,
}

impl Weather<'_> {
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
        let progress = tokio::spawn(progress(Arc::clone(&self.ledger), self.arguments.kills));
        let mut actors = JoinSet::new();
        for number in 0..self.arguments.clients {
            actors.spawn(Actor::new(client.clone(), number, random.fork()).act());
        }
        for _ in 0..self.arguments.kills {
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
