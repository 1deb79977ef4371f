//! Stores alone: how many turns a second they take from many runs at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use stepwell::store::{Commit, Creation, NewRun, RunKey, Status, Store, StreamRow, Turn};
use stepwell::{RunId, Timestamp};
use tokio::task::JoinSet;
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, sleep_until};

/// How many runs take turns at once.
const TASKS: u64 = 64;

/// How many turns a run has: it is created with the first and ends with the last.
const TURNS: u64 = 10;

/// The bytes of a journal row and of a stream row.
const BODY: usize = 250;

/// What a store has done so far.
#[derive(Clone, Copy, Debug, Default)]
struct Done {
    turns: u64,
    rows: u64,
    transactions: u64,
}

/// What a store does in a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) turns: f64,
    pub(super) rows: f64,
    pub(super) transactions: f64,
}

/// Measures a store. `transactions` tells how many it has committed.
pub(super) fn measure(
    store: &Arc<dyn Store>,
    transactions: impl Fn() -> u64,
    warm_up: Duration,
    time: Duration,
) -> Result<Measured> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let turns = Arc::new(AtomicU64::new(0));
        let rows = Arc::new(AtomicU64::new(0));
        let begin = Instant::now() + warm_up;
        let end = begin + time;
        let mut tasks = JoinSet::new();
        for number in 0..TASKS {
            let writer = Writer {
                store: Arc::clone(store),
                turns: Arc::clone(&turns),
                rows: Arc::clone(&rows),
            };
            tasks.spawn(writer.write(number, end));
        }
        let done = || Done {
            turns: turns.load(Ordering::Relaxed),
            rows: rows.load(Ordering::Relaxed),
            transactions: transactions(),
        };
        sleep_until(begin).await;
        let before = done();
        sleep_until(end).await;
        let after = done();
        while let Some(task) = tasks.join_next().await {
            task??;
        }
        store.close().await?;
        let each_second = |before: u64, after: u64| {
            f64::from(u32::try_from(after - before).unwrap_or(u32::MAX)) / time.as_secs_f64()
        };
        Ok(Measured {
            turns: each_second(before.turns, after.turns),
            rows: each_second(before.rows, after.rows),
            transactions: each_second(before.transactions, after.transactions),
        })
    })
}

/// Writes one run after another.
struct Writer {
    store: Arc<dyn Store>,
    turns: Arc<AtomicU64>,
    rows: Arc<AtomicU64>,
}

impl Writer {
    async fn write(self, task: u64, end: Instant) -> Result<()> {
        for number in 0.. {
            // Names that sort by time, as real ones do.
            let name = format!("{number:016}{task:06}");
            let first = turn(RunKey(0), self.store.epoch(), 0);
            let run = NewRun {
                run: RunId::new(name.clone()),
                handler: name,
                previous: None,
                workflow: "bench".to_owned(),
                pool: "bench@1".to_owned(),
                shard: 0,
                turn: first,
            };
            let Creation::Created(key) = self.store.create(run).await? else {
                bail!("a run was not created");
            };
            // The run, its handler, and a row of its journal and of its stream.
            self.count(4);
            for head in 1..TURNS {
                if Instant::now() >= end {
                    return Ok(());
                }
                let commit = self.store.commit(turn(key, self.store.epoch(), head)).await?;
                if commit != Commit::Committed {
                    bail!("a turn was not committed: {commit:?}");
                }
                self.count(3);
                // Nothing in the memory store ever waits, and others want to run too.
                consume_budget().await;
            }
        }
        Ok(())
    }

    fn count(&self, rows: u64) {
        self.turns.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }
}

fn turn(key: RunKey, epoch: u64, head: u64) -> Turn {
    let body = || vec![b'x'; BODY].into();
    Turn {
        key,
        epoch,
        head,
        id: head,
        at: Timestamp(head),
        status: if head + 1 == TURNS { Status::Completed } else { Status::Running },
        idle: false,
        rests: false,
        next_sequence: head + 1,
        journal: body(),
        stream: Some(StreamRow { first: head, body: body() }),
        timers: Vec::new(),
        consumed: Vec::new(),
    }
}
