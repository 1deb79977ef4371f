//! A store whose process dies: after some turns it writes nothing more and answers nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use stepwell::store::{
    Commit, Creation, Delivery, Glance, HandlerFilter, InboxRow, Message, NewRun, RunKey, RunRow,
    SnapshotRow, Store, StoreError, StreamRow, Taken, TimerRow, Turn,
};
use stepwell::{RunId, Timestamp};
use stepwell_core::DefinitionId;
use tokio_util::sync::CancellationToken;

/// When a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// Its last turn is written, and nothing is done about it.
    BeforeActing,
    /// What its last turn says was done, and the next one is not written.
    BeforeWriting,
}

/// Passes everything on to another store until the process dies.
#[derive(Debug)]
pub(crate) struct Mortal {
    inner: Arc<dyn Store>,
    death: Death,
    /// How many turns are left to write.
    left: AtomicUsize,
    died: CancellationToken,
}

impl Mortal {
    /// Dies after this many turns, or never.
    pub(crate) fn new(inner: Arc<dyn Store>, death: Death, turns: Option<usize>) -> Self {
        let left = AtomicUsize::new(turns.unwrap_or(usize::MAX));
        Self { inner, death, left, died: CancellationToken::new() }
    }

    /// Waits for the end.
    pub(crate) async fn died(&self) {
        self.died.cancelled().await;
    }

    async fn die<T>(&self) -> T {
        self.died.cancel();
        std::future::pending().await
    }
}

#[async_trait]
impl Store for Mortal {
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
        self.inner.create(run).await
    }

    async fn commit(&self, turn: Turn) -> Result<Commit, StoreError> {
        let left = self.left.fetch_sub(1, Ordering::Relaxed);
        if left == 0 {
            return self.die().await;
        }
        let committed = self.inner.commit(turn).await;
        if left == 1 && self.death == Death::BeforeActing {
            return self.die().await;
        }
        committed
    }

    async fn deliver(&self, message: Message) -> Result<Delivery, StoreError> {
        self.inner.deliver(message).await
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
        self.inner.keep_snapshot(run, snapshot).await
    }

    async fn snapshot(&self, run: RunKey) -> Result<Option<SnapshotRow>, StoreError> {
        self.inner.snapshot(run).await
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
