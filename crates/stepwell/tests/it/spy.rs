//! A store that counts, holds, refuses and spoils what passes through it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use stepwell::store::{
    Commit, Creation, Delivery, Glance, HandlerFilter, InboxRow, MemoryStore, Message, NewRun,
    RunKey, RunRow, SnapshotRow, Store, StoreError, StreamRow, Taken, TimerRow, Turn,
};
use stepwell::{RunId, Timestamp};
use stepwell_core::DefinitionId;
use tokio::sync::Mutex;

/// Passes everything on to a store in memory.
#[derive(Debug, Default)]
pub(crate) struct Spy {
    inner: MemoryStore,
    /// How many times a run or a journal was read.
    pub(crate) reads: AtomicUsize,
    /// How many commits have begun.
    pub(crate) commits: AtomicUsize,
    /// How many of the next commits are refused.
    pub(crate) refuse: AtomicUsize,
    /// While it is locked, creations and commits wait.
    pub(crate) gate: Mutex<()>,
    /// Whether deliveries are made but never answered.
    pub(crate) mute: AtomicBool,
    /// Whether journals are unreadable.
    pub(crate) spoilt: AtomicBool,
    /// How many times a journal was read from its beginning.
    pub(crate) whole: AtomicUsize,
    /// What snapshots are read as, rather than as what they are.
    pub(crate) snapshot: std::sync::Mutex<Option<Bytes>>,
}

impl Spy {
    /// Returns a new one, and the same as a store.
    pub(crate) fn new() -> (Arc<Self>, Arc<dyn Store>) {
        let spy = Arc::new(Self::default());
        (Arc::clone(&spy), spy)
    }
}

#[async_trait]
impl Store for Spy {
    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }

    async fn define(&self, id: DefinitionId, body: Bytes) -> Result<(), StoreError> {
        self.inner.define(id, body).await
    }

    async fn definition(&self, id: DefinitionId) -> Result<Option<Bytes>, StoreError> {
        self.inner.definition(id).await
    }

    async fn create(&self, run: NewRun) -> Result<Creation, StoreError> {
        drop(self.gate.lock().await);
        self.inner.create(run).await
    }

    async fn commit(&self, turn: Turn) -> Result<Commit, StoreError> {
        self.commits.fetch_add(1, Ordering::Relaxed);
        let less = |left: usize| left.checked_sub(1);
        if self.refuse.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
            return Err(StoreError::unavailable("the spy refuses it"));
        }
        drop(self.gate.lock().await);
        self.inner.commit(turn).await
    }

    async fn deliver(&self, message: Message) -> Result<Delivery, StoreError> {
        let answer = self.inner.deliver(message).await;
        if self.mute.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        answer
    }

    async fn purge(&self, handler: &str) -> Result<bool, StoreError> {
        self.inner.purge(handler).await
    }

    async fn handler(&self, handler: &str) -> Result<Option<RunRow>, StoreError> {
        self.inner.handler(handler).await
    }

    async fn handlers(&self, filter: &HandlerFilter) -> Result<Vec<RunRow>, StoreError> {
        self.inner.handlers(filter).await
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunRow>, StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
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
        self.reads.fetch_add(1, Ordering::Relaxed);
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
        self.reads.fetch_add(1, Ordering::Relaxed);
        if self.spoilt.load(Ordering::Relaxed) {
            return Ok(vec![Bytes::from_static(b"spoilt")]);
        }
        self.whole.fetch_add(usize::from(from == 0), Ordering::Relaxed);
        self.inner.journal(run, from, limit).await
    }

    async fn keep_snapshot(&self, run: RunKey, snapshot: SnapshotRow) -> Result<(), StoreError> {
        self.inner.keep_snapshot(run, snapshot).await
    }

    async fn snapshot(&self, run: RunKey) -> Result<Option<SnapshotRow>, StoreError> {
        let kept = self.inner.snapshot(run).await?;
        let other = self.snapshot.lock().unwrap().clone();
        Ok(kept.map(|kept| SnapshotRow { body: other.unwrap_or(kept.body), ..kept }))
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
