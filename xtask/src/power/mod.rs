//! Power loss: what is left of a store when the machine goes dark in the middle of its work.
//!
//! ```text
//!   writers ──▶ SqliteStore ──▶ SQLite ──▶ recording ──▶ disk: synced, and any part of the rest
//!      │                                                          │ at hundreds of moments
//!      └── what was answered, and when ───────check──────▶ the store, opened again
//! ```
//!
//! The record of one workload is cut at many moments; each cut is a power loss of its own. The
//! last one is where the next workload goes on, so that recovery itself is cut as well.
//!
//! # What is deliberately not here
//!
//! - **No engine.** What it makes of what a store has kept is the storm's and the trials' to test.
//! - **No broken sectors.** A disk that loses what it had synced cannot be survived by one file.

mod disk;
mod history;
mod model;
mod workload;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, ensure};
use recording_vfs::Recording;
use stepwell::store::{Durability, SqliteOptions, SqliteStore, Store};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::random::Random;
use disk::{Disk, Image};
use history::{History, Promise, Shape, Verdict};
use workload::{Shared, Writer};

/// How often a store is opened on a disk that fails.
const OPENS: usize = 20;

/// The file that a store is in.
const DATABASE: &str = "runs.db";

/// How many write at once.
const WRITERS: u64 = 6;

/// How many handlers each of them makes in one workload.
const HANDLERS: u64 = 4;

/// How many times power is lost in one workload.
const CUTS: u64 = 12;

/// How many workloads go on where the one before lost power.
const GENERATIONS: u64 = 3;

/// What to lose power on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// How often to lose power, at least.
    pub(crate) losses: u64,
    pub(crate) durability: Durability,
    /// What the store lies on.
    pub(crate) disk: recording_vfs::Disk,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    pub(crate) losses: u64,
    /// Writes that were answered before a loss and were there after it.
    pub(crate) kept: u64,
    /// Writes that failed as the disk did, and were made again.
    pub(crate) failures: u64,
    /// Answered writes of the tail that were lost where that is allowed.
    pub(crate) tail: u64,
    /// Answered writes that were lost.
    pub(crate) lost: Vec<String>,
    /// Handlers that were half-written.
    pub(crate) torn: Vec<String>,
    /// Stores that could not be opened, or whose file is damaged.
    pub(crate) unreadable: Vec<String>,
}

impl Losses {
    fn add(&mut self, verdict: Verdict) {
        self.kept += verdict.kept;
        self.tail += verdict.tail;
        self.lost.extend(verdict.lost);
        self.torn.extend(verdict.torn);
    }
}

/// Loses power over and over.
pub(crate) async fn lose_power(plan: Plan) -> Result<Losses> {
    let mut losses = Losses::default();
    let mut random = Random::new(plan.seed);
    while losses.losses < plan.losses {
        let mut image = Image::new();
        let mut before = BTreeMap::new();
        for generation in 0..GENERATIONS {
            let next = live(plan, generation, &image, before, &mut random, &mut losses).await?;
            let Some(next) = next else { break };
            (image, before) = next;
        }
    }
    Ok(losses)
}

/// What one workload leaves to the next.
type Left = (Image, BTreeMap<String, Shape>);

/// Lets one workload go on from what is on the disk, and loses power at many moments of it.
async fn live(
    plan: Plan,
    generation: u64,
    image: &Image,
    before: BTreeMap<String, Shape>,
    random: &mut Random,
    losses: &mut Losses,
) -> Result<Option<Left>> {
    let Worked { history, operations, closed, failures } =
        work(plan, generation, image, before, random).await.context("the workload failed")?;
    losses.failures += failures;
    let mut moments: Vec<usize> = Vec::new();
    for _ in 0..CUTS {
        moments.push(usize::try_from(random.below(operations.len() as u64 + 1))?);
    }
    // A store that was closed has everything on the disk, whatever was promised before.
    moments.push(operations.len());
    moments.sort_unstable();
    let mut disk = Disk::new(image);
    let mut applied = 0;
    let mut left = None;
    let chosen = moments[usize::try_from(random.below(CUTS))?];
    for at in moments {
        for operation in &operations[applied..at] {
            disk.apply(operation, random);
        }
        applied = at;
        let is_full = plan.durability == Durability::Full || at >= closed;
        let promise = if is_full { Promise::Nothing } else { Promise::TheTail };
        let image = disk.lose_power(random);
        losses.losses += 1;
        match examine(&image, &history, random).await {
            Ok(found) => {
                losses.add(history.check(at, promise, &found));
                if at == chosen {
                    left = Some((image, found));
                }
            }
            Err(error) => {
                let seed = plan.seed;
                let what =
                    format!("seed {seed}, operation {at} of {}: {error:#}", operations.len());
                losses.unreadable.push(what);
            }
        }
    }
    Ok(left)
}

/// What a workload did.
struct Worked {
    history: History,
    /// What was done to the files.
    operations: Vec<recording_vfs::Operation>,
    /// After how many of these the store had said that it was closed.
    closed: usize,
    failures: u64,
}

/// Works until all is done and the store is closed.
async fn work(
    plan: Plan,
    generation: u64,
    image: &Image,
    before: BTreeMap<String, Shape>,
    random: &mut Random,
) -> Result<Worked> {
    let folder = TempDir::with_prefix("stepwell-power-")?;
    disk::write(image, folder.path())?;
    let recording = Recording::begin(folder.path(), plan.disk);
    let store: Arc<dyn Store> = Arc::new(open_surely(folder.path(), plan.durability)?);
    let (moment, failures) = Default::default();
    let shared = Shared { store: Arc::clone(&store), recording, moment, failures };
    let shared = Arc::new(shared);
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let writer = Writer {
            shared: Arc::clone(&shared),
            random: random.fork(),
            name: format!("g{generation}-w{number}"),
            steps: Vec::new(),
        };
        writers.spawn(writer.work(HANDLERS));
    }
    let mut history = History { before, ..History::default() };
    while let Some(steps) = writers.join_next().await {
        history.steps.extend(steps??);
    }
    // One that fails to close has promised nothing more than before.
    let closed = store.close().await.map_or(usize::MAX, |()| shared.recording.position());
    let operations = shared.recording.operations();
    let failures = shared.failures.load(Ordering::Relaxed);
    Ok(Worked { history, operations, closed, failures })
}

/// Opens a store on a disk that may fail.
fn open_surely(folder: &Path, durability: Durability) -> Result<SqliteStore> {
    for _ in 1..OPENS {
        if let Ok(store) = open(folder, durability) {
            return Ok(store);
        }
    }
    open(folder, durability)
}

fn open(folder: &Path, durability: Durability) -> Result<SqliteStore> {
    Ok(SqliteStore::open(folder.join(DATABASE), SqliteOptions { durability })?)
}

/// Opens what is on the disk and reads all of it.
async fn examine(
    image: &Image,
    history: &History,
    random: &mut Random,
) -> Result<BTreeMap<String, Shape>> {
    let folder = TempDir::with_prefix("stepwell-power-")?;
    disk::write(image, folder.path())?;
    if random.percent(30) {
        // The index of the log may have been left behind; nothing in it means anything now.
        std::fs::write(folder.path().join(format!("{DATABASE}-shm")), vec![0x5a; 32_768])?;
    }
    let store = open(folder.path(), Durability::Full).context("it does not open")?;
    let mut found = BTreeMap::new();
    for handler in history.handlers() {
        found.insert(handler.clone(), model::look(&store, handler).await?);
    }
    store.close().await?;
    drop(store);
    let connection = rusqlite::Connection::open(folder.path().join(DATABASE))?;
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    ensure!(verdict == "ok", "its file is damaged: {verdict}");
    Ok(found)
}
