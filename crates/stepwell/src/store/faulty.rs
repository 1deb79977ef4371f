//! A store that fails on demand: what an engine must survive, as a plan that can be repeated.
//!
//! # What is deliberately not here
//!
//! - **No half-done writes.** A store's writes are atomic; that is the store's promise to keep,
//!   and the conformance list holds it to that.
//! - **No true randomness.** The same seed and the same calls fail in the same places.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use stepwell_core::{DefinitionId, RunId, Timestamp};

use super::{
    Commit, Creation, Delivery, Glance, HandlerFilter, InboxRow, Message, NewRun, RunKey, RunRow,
    SnapshotRow, Store, StoreError, StoredRun, StreamRow, Taken, TimerRow, Turn,
};

/// The longest delay that a seeded plan injects: longer than a commit, shorter than any timeout.
const DELAY_MAX_MS: u64 = 20;

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and the answer is [`StoreError::Unavailable`].
    ErrorBefore,
    /// The call is done, and the answer is [`StoreError::Unavailable`] all the same.
    ErrorAfter,
    /// The call waits this long before it is done.
    Delay(Duration),
    /// The call is done twice; the answer is the second one.
    Duplicate,
}

/// Passes calls on to another store, some of them with a [`Fault`].
///
/// Writes that make turns, messages and purges suffer every fault; reads only errors and delays.
/// Definitions and [`Store::close`] suffer none.
#[derive(Debug)]
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    writes: Mutex<Plan>,
    reads: Mutex<Plan>,
    faults: AtomicU64,
}

impl FaultyStore {
    /// Lets `rate_per_mille` of a thousand calls go wrong, chosen by `seed`.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, seed: u64, rate_per_mille: u64) -> Self {
        // Plans of their own, so that another number of reads does not move the faults of writes.
        let [writes, reads] = [seed, !seed].map(|state| Plan::Seeded { state, rate_per_mille });
        Self::with_plans(inner, writes, reads)
    }

    /// Lets writes go wrong as the script says, one entry for each, and every write after its end
    /// go right. No read fails.
    #[must_use]
    pub fn scripted(inner: Arc<dyn Store>, writes: Vec<Option<Fault>>) -> Self {
        Self::with_plans(inner, Plan::scripted(writes), Plan::scripted(Vec::new()))
    }

    /// Lets reads go wrong as the script says, one entry for each.
    #[must_use]
    pub fn with_reads(self, reads: Vec<Option<Fault>>) -> Self {
        Self { reads: Mutex::new(Plan::scripted(reads)), ..self }
    }

    /// Returns how many calls have gone wrong.
    pub fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    fn with_plans(inner: Arc<dyn Store>, writes: Plan, reads: Plan) -> Self {
        let [writes, reads] = [writes, reads].map(Mutex::new);
        Self { inner, writes, reads, faults: AtomicU64::new(0) }
    }

    async fn write<T, F>(&self, call: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let fault = self.writes.lock().next(Plan::draw_for_write);
        self.call(fault, call).await
    }

    async fn read<T, F>(&self, call: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let fault = self.reads.lock().next(Plan::draw_for_read);
        self.call(fault, call).await
    }

    async fn call<T, F>(&self, fault: Option<Fault>, call: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        self.faults.fetch_add(u64::from(fault.is_some()), Ordering::Relaxed);
        match fault {
            None => call().await,
            Some(Fault::ErrorBefore) => Err(injected()),
            Some(Fault::ErrorAfter) => call().await.and_then(|_| Err(injected())),
            Some(Fault::Delay(delay)) => {
                tokio::time::sleep(delay).await;
                call().await
            }
            Some(Fault::Duplicate) => {
                call().await?;
                call().await
            }
        }
    }
}

fn injected() -> StoreError {
    StoreError::unavailable("a fault was injected")
}

/// Which calls go wrong, and how.
#[derive(Debug)]
enum Plan {
    Seeded { state: u64, rate_per_mille: u64 },
    Scripted(VecDeque<Option<Fault>>),
}

impl Plan {
    fn scripted(faults: Vec<Option<Fault>>) -> Self {
        Self::Scripted(faults.into())
    }

    fn next(&mut self, draw: fn(&mut u64) -> Fault) -> Option<Fault> {
        match self {
            Self::Seeded { state, rate_per_mille } => {
                (random(state) % 1_000 < *rate_per_mille).then(|| draw(state))
            }
            Self::Scripted(faults) => faults.pop_front().flatten(),
        }
    }

    fn draw_for_write(state: &mut u64) -> Fault {
        match random(state) % 4 {
            0 => Fault::ErrorBefore,
            1 => Fault::ErrorAfter,
            2 => Fault::Duplicate,
            _ => Self::draw_delay(state),
        }
    }

    fn draw_for_read(state: &mut u64) -> Fault {
        match random(state) % 2 {
            0 => Fault::ErrorBefore,
            _ => Self::draw_delay(state),
        }
    }

    fn draw_delay(state: &mut u64) -> Fault {
        Fault::Delay(Duration::from_millis(1 + random(state) % DELAY_MAX_MS))
    }
}

/// Returns the next number of the SplitMix64 generator: small, and good enough to pick faults.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[async_trait]
impl Store for FaultyStore {
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
        self.write(|| self.inner.create(run.clone())).await
    }

    async fn commit(&self, turn: Turn) -> Result<Commit, StoreError> {
        self.write(|| self.inner.commit(turn.clone())).await
    }

    async fn deliver(&self, message: Message) -> Result<Delivery, StoreError> {
        self.write(|| self.inner.deliver(message.clone())).await
    }

    async fn purge(&self, handler: &str) -> Result<bool, StoreError> {
        self.write(|| self.inner.purge(handler)).await
    }

    async fn handler(&self, handler: &str) -> Result<Option<RunRow>, StoreError> {
        self.read(|| self.inner.handler(handler)).await
    }

    async fn handlers(&self, filter: &HandlerFilter) -> Result<Vec<RunRow>, StoreError> {
        self.read(|| self.inner.handlers(filter)).await
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunRow>, StoreError> {
        self.read(|| self.inner.run(run)).await
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
        self.read(|| self.inner.take(run)).await
    }

    async fn unfinished(
        &self,
        pools: &[String],
        after: Option<RunKey>,
        limit: usize,
    ) -> Result<Vec<RunRow>, StoreError> {
        self.read(|| self.inner.unfinished(pools, after, limit)).await
    }

    async fn journal(
        &self,
        run: RunKey,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Bytes>, StoreError> {
        self.read(|| self.inner.journal(run, from, limit)).await
    }

    async fn keep_snapshot(&self, run: RunKey, snapshot: SnapshotRow) -> Result<(), StoreError> {
        self.write(|| self.inner.keep_snapshot(run, snapshot.clone())).await
    }

    async fn snapshot(&self, run: RunKey) -> Result<Option<SnapshotRow>, StoreError> {
        self.read(|| self.inner.snapshot(run)).await
    }

    async fn load(&self, run: &RunId, limit: usize) -> Result<Option<StoredRun>, StoreError> {
        self.read(|| self.inner.load(run, limit)).await
    }

    async fn stream(
        &self,
        run: RunKey,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StreamRow>, StoreError> {
        self.read(|| self.inner.stream(run, after, limit)).await
    }

    async fn last_stream_rows(
        &self,
        runs: &[RunKey],
    ) -> Result<Vec<Option<StreamRow>>, StoreError> {
        self.read(|| self.inner.last_stream_rows(runs)).await
    }

    async fn inbox(&self, run: RunKey, limit: usize) -> Result<Vec<InboxRow>, StoreError> {
        self.read(|| self.inner.inbox(run, limit)).await
    }

    async fn timers(
        &self,
        pools: &[String],
        after: Option<&TimerRow>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<TimerRow>, StoreError> {
        self.read(|| self.inner.timers(pools, after, before, limit)).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}

#[cfg(test)]
mod tests;
