//! Stores that break their promise on purpose: the simulation must find each of them.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use stepwell::store::{
    Commit, Creation, Delivery, HandlerFilter, InboxRow, MemoryStore, Message, NewRun, RunKey,
    RunRow, SnapshotRow, Store, StoreError, StreamRow, TimerRow, Turn,
};
use stepwell::{RunId, Timestamp};
use stepwell_core::DefinitionId;

use crate::random::Random;

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// It accepts a message and does not keep it.
    LosesMessages,
    /// It keeps a message that a turn took.
    KeepsMessages,
    /// It says that a turn is written that is not.
    LosesTurns,
    /// It writes a turn that follows another head.
    FencesNobody,
    /// It does not keep a timer.
    LosesTimers,
    /// It does not know which runs have something to do.
    ForgetsRuns,
    /// It gives an item another number now and then.
    MovesItems,
    /// It says that a run is created that is not.
    LosesStarts,
}

impl Sabotage {
    pub(crate) const ALL: [Self; 8] = [
        Self::LosesMessages,
        Self::KeepsMessages,
        Self::LosesTurns,
        Self::FencesNobody,
        Self::LosesTimers,
        Self::ForgetsRuns,
        Self::MovesItems,
        Self::LosesStarts,
    ];
}

/// A store in memory with something wrong.
#[derive(Debug)]
pub(crate) struct Sabotaged {
    inner: MemoryStore,
    sabotage: Sabotage,
    random: Mutex<Random>,
}

impl Sabotaged {
    pub(crate) fn store(sabotage: Sabotage, seed: u64) -> Arc<dyn Store> {
        let random = Mutex::new(Random::new(seed));
        Arc::new(Self { inner: MemoryStore::default(), sabotage, random })
    }

    /// Tells whether it goes wrong this time.
    fn does(&self, sabotage: Sabotage) -> bool {
        self.sabotage == sabotage && self.random.lock().below(4) == 0
    }

    /// Makes a turn fit, whatever came before.
    async fn fit(&self, mut turn: Turn) -> Result<Turn, StoreError> {
        let all = self.inner.handlers(&HandlerFilter::default()).await?;
        if let Some(row) = all.into_iter().find(|row| row.key == turn.key) {
            (turn.head, turn.epoch) = (row.head, row.epoch.max(turn.epoch));
        }
        Ok(turn)
    }
}

#[async_trait::async_trait]
impl Store for Sabotaged {
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
        if self.does(Sabotage::LosesStarts) {
            return Ok(Creation::Created(RunKey(u64::MAX)));
        }
        self.inner.create(run).await
    }

    async fn commit(&self, mut turn: Turn) -> Result<Commit, StoreError> {
        if self.does(Sabotage::LosesTurns) {
            return Ok(Commit::Committed);
        }
        if self.does(Sabotage::KeepsMessages) && !turn.status.is_ended() {
            turn.consumed.clear();
        }
        if self.does(Sabotage::LosesTimers) {
            turn.timers.retain(|change| change.due.is_none());
        }
        if self.sabotage == Sabotage::FencesNobody {
            turn = self.fit(turn).await?;
        }
        self.inner.commit(turn).await
    }

    async fn deliver(&self, message: Message) -> Result<Delivery, StoreError> {
        if self.does(Sabotage::LosesMessages) {
            return Ok(Delivery::Accepted);
        }
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

    async fn unfinished(
        &self,
        pools: &[String],
        after: Option<RunKey>,
        limit: usize,
    ) -> Result<Vec<RunRow>, StoreError> {
        if self.sabotage == Sabotage::ForgetsRuns {
            return Ok(Vec::new());
        }
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

    async fn snapshot(&self, run: RunKey) -> Result<Option<SnapshotRow>, StoreError> {
        self.inner.snapshot(run).await
    }

    async fn keep_snapshot(&self, run: RunKey, row: SnapshotRow) -> Result<(), StoreError> {
        self.inner.keep_snapshot(run, row).await
    }

    async fn stream(
        &self,
        run: RunKey,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StreamRow>, StoreError> {
        let mut rows = self.inner.stream(run, after, limit).await?;
        if self.does(Sabotage::MovesItems) {
            rows.iter_mut().for_each(|row| row.first += 1);
        }
        Ok(rows)
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
