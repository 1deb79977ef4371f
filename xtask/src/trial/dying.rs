//! A store that lets its process die before or after its n-th write; or one with a fault that was
//! put in on purpose, so that it can be seen that the trials find it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use clap::ValueEnum;
use parking_lot::Mutex;
use stepwell::store::{
    Commit, Creation, Delivery, Glance, HandlerFilter, InboxRow, Message, NewRun, RunKey, RunRow,
    SnapshotRow, Store, StoreError, StoredRun, StreamRow, Taken, TimerRow, Turn,
};
use stepwell_core::{DefinitionId, RunId, Timestamp};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Where the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boundary {
    Before(u64),
    After(u64),
}

impl std::str::FromStr for Boundary {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (side, number) = text.split_once(':').unwrap_or_default();
        match (side, number.parse()) {
            ("before", Ok(number)) => Ok(Self::Before(number)),
            ("after", Ok(number)) => Ok(Self::After(number)),
            _ => Err("expected `before:N` or `after:N`".to_owned()),
        }
    }
}

impl std::fmt::Display for Boundary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Before(number) => write!(f, "before:{number}"),
            Self::After(number) => write!(f, "after:{number}"),
        }
    }
}

/// A promise that is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// Some events are acknowledged and not kept.
    LosesEvents,
    /// Timers are not kept.
    ForgetsTimers,
    /// Turns are acknowledged and kept a little later.
    AnswersEarly,
    /// The log of a run loses what is published with its end.
    LosesEnds,
}

/// How many events there are to one that is lost.
const EVENTS: u64 = 10;

/// How much later a turn is kept that was acknowledged early: many steps of a trial.
const EARLY: Duration = Duration::from_millis(400);

/// Passes calls on, and dies at the boundary as `kill -9` lets it.
#[derive(Debug)]
pub(super) struct Dying {
    inner: Arc<dyn Store>,
    boundary: Option<Boundary>,
    fault: Option<Fault>,
    writes: AtomicU64,
    late: Mutex<Option<mpsc::UnboundedSender<(Instant, Turn)>>>,
}

impl Dying {
    pub(super) fn new(
        inner: Arc<dyn Store>,
        boundary: Option<Boundary>,
        fault: Option<Fault>,
    ) -> Self {
        Self { inner, boundary, fault, writes: AtomicU64::new(0), late: Mutex::new(None) }
    }

    /// Spoils a turn.
    fn spoil(&self, turn: &mut Turn) {
        match self.fault {
            Some(Fault::ForgetsTimers) => turn.timers.clear(),
            Some(Fault::LosesEnds) if turn.status.is_ended() => turn.stream = None,
            _ => {}
        }
    }

    /// Keeps a turn later, after those before it.
    fn keep_later(&self, turn: Turn) {
        let mut late = self.late.lock();
        let sender = late.get_or_insert_with(|| {
            let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Turn)>();
            let inner = Arc::clone(&self.inner);
            tokio::spawn(async move {
                while let Some((due, turn)) = receiver.recv().await {
                    tokio::time::sleep_until(due).await;
                    let _ = inner.commit(turn).await;
                }
            });
            sender
        });
        // If the task is gone so is the process.
        let _ = sender.send((Instant::now() + EARLY, turn));
    }

    async fn write<T>(
        &self,
        write: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let number = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        if self.boundary == Some(Boundary::Before(number)) {
            die();
        }
        let answer = write.await;
        if self.boundary == Some(Boundary::After(number)) {
            die();
        }
        answer
    }
}

/// Ends the process without a word: nothing is flushed, dropped or answered.
fn die() -> ! {
    let process = std::process::id().to_string();
    // What SIGKILL is, unless there is no `kill`.
    let _ = std::process::Command::new("kill").args(["-KILL", &process]).status();
    std::process::abort()
}

#[async_trait]
impl Store for Dying {
    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }

    async fn define(&self, id: DefinitionId, body: Bytes) -> Result<(), StoreError> {
        self.inner.define(id, body).await
    }

    async fn definition(&self, id: DefinitionId) -> Result<Option<Bytes>, StoreError> {
        self.inner.definition(id).await
    }

    async fn create(&self, mut run: NewRun) -> Result<Creation, StoreError> {
        self.spoil(&mut run.turn);
        self.write(self.inner.create(run)).await
    }

    async fn commit(&self, mut turn: Turn) -> Result<Commit, StoreError> {
        self.spoil(&mut turn);
        if self.fault == Some(Fault::AnswersEarly) {
            self.keep_later(turn);
            return Ok(Commit::Committed);
        }
        self.write(self.inner.commit(turn)).await
    }

    async fn deliver(&self, message: Message) -> Result<Delivery, StoreError> {
        let number = self.writes.load(Ordering::SeqCst);
        if self.fault == Some(Fault::LosesEvents) && number.is_multiple_of(EVENTS) {
            self.writes.fetch_add(1, Ordering::SeqCst);
            return Ok(Delivery::Accepted);
        }
        self.write(self.inner.deliver(message)).await
    }

    async fn purge(&self, handler: &str) -> Result<bool, StoreError> {
        self.write(self.inner.purge(handler)).await
    }

    async fn handler(&self, handler: &str) -> Result<Option<RunRow>, StoreError> {
        self.inner.handler(handler).await
    }

    async fn handlers(&self, filter: &HandlerFilter) -> Result<Vec<RunRow>, StoreError> {
        self.inner.handlers(filter).await
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunRow>, StoreError> {
        self.inner.run(run).await
    }

    async fn serve(&self, pools: &[String]) -> Result<(), StoreError> {
        self.inner.serve(pools).await
    }

    fn changes(&self) -> Option<u64> {
        self.inner.changes()
    }

    fn owns(&self, pool: &str, shard: u16) -> bool {
        self.inner.owns(pool, shard)
    }

    fn place(&self, pool: &str, shard: u16) -> Option<(u16, u64)> {
        self.inner.place(pool, shard)
    }

    async fn glance(&self, runs: &[RunId]) -> Result<Glance, StoreError> {
        self.inner.glance(runs).await
    }

    async fn take(&self, run: &RunId) -> Result<Taken, StoreError> {
        self.inner.take(run).await
    }

    async fn unfinished(
        &self,
        pools: &[String],
        after: Option<RunKey>,
        limit: usize,
    ) -> Result<Vec<RunRow>, StoreError> {
        self.inner.unfinished(pools, after, limit).await
    }

    async fn journal(
        &self,
        run: RunKey,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Bytes>, StoreError> {
        self.inner.journal(run, from, limit).await
    }

    async fn keep_snapshot(&self, run: RunKey, snapshot: SnapshotRow) -> Result<(), StoreError> {
        self.write(self.inner.keep_snapshot(run, snapshot)).await
    }

    async fn snapshot(&self, run: RunKey) -> Result<Option<SnapshotRow>, StoreError> {
        self.inner.snapshot(run).await
    }

    async fn load(&self, run: &RunId, limit: usize) -> Result<Option<StoredRun>, StoreError> {
        self.inner.load(run, limit).await
    }

    async fn stream(
        &self,
        run: RunKey,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StreamRow>, StoreError> {
        self.inner.stream(run, after, limit).await
    }

    async fn last_stream_rows(
        &self,
        runs: &[RunKey],
    ) -> Result<Vec<Option<StreamRow>>, StoreError> {
        self.inner.last_stream_rows(runs).await
    }

    async fn inbox(&self, run: RunKey, limit: usize) -> Result<Vec<InboxRow>, StoreError> {
        self.inner.inbox(run, limit).await
    }

    async fn timers(
        &self,
        pools: &[String],
        after: Option<&TimerRow>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<TimerRow>, StoreError> {
        self.inner.timers(pools, after, before, limit).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}
