//! The store as one life of the process sees it: when that life ends, nothing more is written.
//!
//! # What is deliberately not here
//!
//! - **No half-done writes, no errors.** A store's writes are atomic, and a crash is not an error
//!   that anybody hears of: a call that is cut off is never answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use stepwell_core::{DefinitionId, RunId, Timestamp};
use tokio_util::sync::CancellationToken;

use super::log::{Log, Write};
use super::points::CrashPoint;
use crate::store::{
    Commit, Creation, Delivery, Glance, HandlerFilter, InboxRow, Message, NewRun, RunKey, RunRow,
    SnapshotRow, Store, StoreError, StreamRow, Taken, TimerRow, Turn,
};

/// Passes calls on to a store until it is cut.
#[derive(Debug)]
pub(super) struct Gate {
    inner: Arc<dyn Store>,
    log: Arc<Log>,
    cut: CancellationToken,
    /// How many calls the store has not answered yet.
    under_way: Arc<AtomicUsize>,
}

/// A call that the store has not answered yet.
struct UnderWay<'a>(&'a AtomicUsize);

impl<'a> UnderWay<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    pub(super) fn new(
        inner: Arc<dyn Store>,
        log: Arc<Log>,
        under_way: Arc<AtomicUsize>,
    ) -> Arc<Self> {
        Arc::new(Self { inner, log, cut: CancellationToken::new(), under_way })
    }

    /// Lets nothing through from here on.
    pub(super) fn cut(&self) {
        self.cut.cancel();
    }

    /// Waits until it is cut.
    pub(super) async fn is_cut(&self) {
        self.cut.cancelled().await;
    }

    /// Goes no further if it is cut.
    async fn unless_cut(&self) {
        if self.cut.is_cancelled() {
            std::future::pending::<()>().await;
        }
    }

    async fn pass<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.unless_cut().await;
        let under_way = UnderWay::new(&self.under_way);
        let answer = call.await;
        drop(under_way);
        self.unless_cut().await;
        answer
    }

    /// Makes a write, before or after which the process may be meant to crash.
    async fn write<T>(
        &self,
        write: Write,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.unless_cut().await;
        let crash = self.log.add(write);
        if self.log.is_flooded() || matches!(crash, Some(CrashPoint::Before(_))) {
            self.cut();
        }
        let answer = self.pass(call).await;
        if matches!(crash, Some(CrashPoint::After(_))) {
            self.cut();
        }
        self.unless_cut().await;
        answer
    }
}

#[async_trait]
impl Store for Gate {
    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }

    async fn define(&self, id: DefinitionId, body: Bytes) -> Result<(), StoreError> {
        self.pass(self.inner.define(id, body)).await
    }

    async fn definition(&self, id: DefinitionId) -> Result<Option<Bytes>, StoreError> {
        self.pass(self.inner.definition(id)).await
    }

    async fn create(&self, run: NewRun) -> Result<Creation, StoreError> {
        let handler = run.handler.clone();
        let journal = run.turn.journal.clone();
        let write = Write::Turn { handler: handler.clone(), journal };
        let create = async {
            let created = self.inner.create(run).await;
            if let Ok(Creation::Created(key)) = created {
                self.log.name(key, handler);
            }
            created
        };
        self.write(write, create).await
    }

    async fn commit(&self, turn: Turn) -> Result<Commit, StoreError> {
        let handler = self.log.handler(turn.key);
        let write = Write::Turn { handler, journal: turn.journal.clone() };
        self.write(write, self.inner.commit(turn)).await
    }

    async fn deliver(&self, mut message: Message) -> Result<Delivery, StoreError> {
        // Whoever sends it again after a crash means the same message.
        if let Some(key) = self.log.idempotency_key() {
            message.idempotency_key = key;
        }
        let write = Write::Message { handler: self.log.handler(message.run) };
        self.write(write, self.inner.deliver(message)).await
    }

    async fn purge(&self, handler: &str) -> Result<bool, StoreError> {
        self.pass(self.inner.purge(handler)).await
    }

    async fn handler(&self, handler: &str) -> Result<Option<RunRow>, StoreError> {
        self.pass(self.inner.handler(handler)).await
    }

    async fn handlers(&self, filter: &HandlerFilter) -> Result<Vec<RunRow>, StoreError> {
        self.pass(self.inner.handlers(filter)).await
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunRow>, StoreError> {
        self.pass(self.inner.run(run)).await
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
        self.pass(self.inner.take(run)).await
    }

    async fn unfinished(
        &self,
        pools: &[String],
        after: Option<RunKey>,
        limit: usize,
    ) -> Result<Vec<RunRow>, StoreError> {
        self.pass(self.inner.unfinished(pools, after, limit)).await
    }

    async fn journal(
        &self,
        run: RunKey,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Bytes>, StoreError> {
        self.pass(self.inner.journal(run, from, limit)).await
    }

    async fn keep_snapshot(&self, run: RunKey, snapshot: SnapshotRow) -> Result<(), StoreError> {
        self.pass(self.inner.keep_snapshot(run, snapshot)).await
    }

    async fn snapshot(&self, run: RunKey) -> Result<Option<SnapshotRow>, StoreError> {
        self.pass(self.inner.snapshot(run)).await
    }

    async fn stream(
        &self,
        run: RunKey,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StreamRow>, StoreError> {
        self.pass(self.inner.stream(run, after, limit)).await
    }

    async fn last_stream_rows(
        &self,
        runs: &[RunKey],
    ) -> Result<Vec<Option<StreamRow>>, StoreError> {
        self.pass(self.inner.last_stream_rows(runs)).await
    }

    async fn inbox(&self, run: RunKey, limit: usize) -> Result<Vec<InboxRow>, StoreError> {
        self.pass(self.inner.inbox(run, limit)).await
    }

    async fn timers(
        &self,
        pools: &[String],
        after: Option<&TimerRow>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<TimerRow>, StoreError> {
        self.pass(self.inner.timers(pools, after, before, limit)).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.pass(self.inner.close()).await
    }
}
