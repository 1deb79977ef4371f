//! Measures throughput and latency, each beside what they are compared with.
//!
//! ```text
//!   this process: load ──HTTP──▶ child: `bench-server stepwell`   engine, server, SQLite
//!                      ──HTTP──▶ child: `bench-server baseline`   the same commits, no engine
//! ```
//!
//! Both sides are this same program. They take turns of a second, each with a new database in each
//! round, and the medians count: what else the machine does then hits both.

mod baseline;
mod facts;
pub(crate) mod http;
mod join;
pub(crate) mod load;
mod plan;
pub(crate) mod process;
mod recovery;
mod results;
mod serve;
mod store;
mod stream;
mod workflows;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use facts::Facts;
use plan::{Part, Plan};
use results::verdicts_markdown;

pub(crate) use serve::{ServerArguments, Side, serve};

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only check that everything works: one short round, in whatever profile this was built.
    #[arg(long)]
    smoke: bool,

    /// How long each measurement of a round takes.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,

    /// How many rounds.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,

    /// Measure only this.
    #[arg(long, value_enum, value_name = "NAME")]
    only: Option<Part>,

    /// How many runs wait in the part `waiting`.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    runs: Option<u64>,

    /// Where to keep databases; it must be on a real disk. Beside this program if not given.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Write the results as JSON too.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Measures and reports; fails only if something does not work.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if cfg!(debug_assertions) && !arguments.smoke {
        return run_released();
    }
    let folder = match &arguments.dir {
        Some(folder) => folder.clone(),
        None => default_folder()?,
    };
    std::fs::create_dir_all(&folder).context("cannot make the folder for databases")?;
    let folder = TempDir::with_prefix_in("bench-", folder)?;
    let facts = Facts::gather(folder.path())?;
    ensure!(
        arguments.smoke || facts.file_system != "tmpfs",
        "databases would be in memory, and syncing free: choose a folder on a disk with --dir"
    );
    let plan = plan(arguments, folder.path());
    let results = plan.measure()?;
    let verdicts = plan.verdicts(&results);

    println!("{}\n{}", facts.markdown(), results.markdown());
    if arguments.smoke {
        println!("A smoke test: everything works, and the numbers mean nothing.");
    } else {
        println!("{}", verdicts_markdown(&verdicts));
    }
    if let Some(path) = &arguments.out {
        let verdicts: Vec<Value> = verdicts.iter().map(results::Verdict::json).collect();
        let report = json!({
            "meaningful": !arguments.smoke,
            "machine": facts.json(),
            "rounds": plan.rounds,
            "results": results.json(),
            "goals": verdicts,
        });
        std::fs::write(path, format!("{report:#}\n"))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn plan<'a>(arguments: &Arguments, folder: &'a Path) -> Plan<'a> {
    let real = Plan {
        folder,
        rounds: arguments.rounds,
        time: Duration::from_secs(arguments.seconds),
        warm_up: Duration::from_secs(1),
        slice: Duration::from_secs(1),
        slices: arguments.seconds,
        events: 50_000,
        items: 2_000,
        only: arguments.only,
        smoke: arguments.smoke,
        waiting: arguments.runs.unwrap_or(1_000_000),
        unfinished: 10_000,
        turns: [1_000, 100_000],
    };
    if !arguments.smoke {
        return real;
    }
    let (time, warm_up) = (Duration::from_millis(800), Duration::from_millis(200));
    let waiting = arguments.runs.unwrap_or(10_000);
    let short = Plan { rounds: 1, time, warm_up, slice: time, slices: 1, ..real };
    Plan { events: 2_000, items: 100, waiting, unfinished: 300, turns: [10, 2_000], ..short }
}

/// Runs this command again, built as what is measured must be.
fn run_released() -> Result<ExitCode> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let status = Command::new(cargo)
        .args(["run", "--quiet", "--release", "--package", "xtask", "--"])
        .args(std::env::args_os().skip(1))
        .status()
        .context("cannot run cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns a folder in cargo's target folder, where this program is.
fn default_folder() -> Result<PathBuf> {
    let program = std::env::current_exe().context("this program has no path")?;
    let target = program.parent().and_then(Path::parent);
    Ok(target.context("this program is in no folder of cargo's")?.join("bench"))
}
