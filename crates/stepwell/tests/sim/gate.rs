//! The store as one process sees it: calls fail, are late or made twice, and the process dies
//! before or after one.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use stepwell::store::{
    Commit, Creation, Delivery, HandlerFilter, InboxRow, Message, NewRun, RunKey, RunRow,
    SnapshotRow, Store, StoreError, StreamRow, TimerRow, Turn,
};
use stepwell::{RunId, Timestamp};
use stepwell_core::DefinitionId;

use crate::paused::pause;
use crate::world::Process;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    ErrorBefore,
    ErrorAfter,
    DelayBefore(u64),
    DelayAfter(u64),
    Twice,
    CrashBefore,
    CrashAfter,
}

/// The store of one process.
#[derive(Debug)]
pub(crate) struct Gate(pub(crate) Arc<Process>);

fn failed() -> StoreError {
    StoreError::unavailable("the simulation says so")
}

impl Gate {
    fn draw(&self, is_write: bool) -> Option<Fault> {
        let world = &self.0.world;
        if !world.is_stormy() {
            return None;
        }
        let (plan, random) = (world.plan, &mut *world.random.lock());
        if is_write && random.per_mille(plan.crashes) {
            return Some(random.of(&[Fault::CrashBefore, Fault::CrashAfter]));
        }
        if !random.per_mille(plan.faults) {
            return None;
        }
        let millis = [1, 5, 20, 150, 1500];
        Some(match random.below(if is_write { 5 } else { 3 }) {
            0 => Fault::ErrorBefore,
            1 => Fault::DelayBefore(random.of(&millis)),
            2 => Fault::DelayAfter(random.of(&millis)),
            3 => Fault::ErrorAfter,
            _ => Fault::Twice,
        })
    }

    async fn call<T, F>(
        &self,
        verb: &str,
        is_write: bool,
        run: Option<u64>,
        call: impl Fn() -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let process = &self.0;
        process.alive().await;
        if process.world.truth.lock().is_endless() {
            process.die("of too many calls");
            process.alive().await;
        }
        let fault = self.draw(is_write);
        if is_write || fault.is_some() {
            let run = run.map_or(String::new(), |run| format!(" of run {run}"));
            process.trace(&format!("{verb}{run} {fault:?}"));
        }
        let answer = match fault {
            None => call().await,
            Some(Fault::ErrorBefore) => Err(failed()),
            Some(Fault::ErrorAfter) => call().await.and_then(|_| Err(failed())),
            Some(Fault::DelayBefore(millis)) => {
                pause(millis).await;
                // What is on its way to a store of many may arrive after its sender is dead.
                if !process.world.plan.overlaps {
                    process.alive().await;
                }
                call().await
            }
            Some(Fault::DelayAfter(millis)) => {
                let answer = call().await;
                pause(millis).await;
                answer
            }
            Some(Fault::Twice) => {
                call().await?;
                call().await
            }
            Some(Fault::CrashBefore) => {
                process.die("before a write");
                Err(failed())
            }
            Some(Fault::CrashAfter) => {
                let answer = call().await;
                process.die("after a write");
                answer
            }
        };
        process.alive().await;
        if answer.is_err() {
            process.world.truth.lock().failed(run);
        }
        answer
    }

    async fn read<T, F>(
        &self,
        verb: &str,
        run: Option<u64>,
        call: impl Fn() -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        self.call(verb, false, run, call).await
    }

    fn number(&self, key: RunKey) -> Option<u64> {
        self.0.world.truth.lock().by_key(key)
    }

    fn store(&self) -> &dyn Store {
        &*self.0.world.store
    }
}

#[async_trait]
impl Store for Gate {
    fn epoch(&self) -> u64 {
        self.0.number
    }

    async fn define(&self, id: DefinitionId, body: Bytes) -> Result<(), StoreError> {
        self.0.alive().await;
        self.store().define(id, body).await
    }

    async fn definition(&self, id: DefinitionId) -> Result<Option<Bytes>, StoreError> {
        self.0.alive().await;
        self.store().definition(id).await
    }

    async fn create(&self, run: NewRun) -> Result<Creation, StoreError> {
        let number = self.0.world.truth.lock().number(&run.run);
        let create = || async {
            let created = self.store().create(run.clone()).await;
            if let Ok(Creation::Created(key)) = created {
                self.0.world.truth.lock().name(&run.run, key);
            }
            created
        };
        self.call("create", true, Some(number), create).await
    }

    async fn commit(&self, turn: Turn) -> Result<Commit, StoreError> {
        let number = self.number(turn.key);
        let commit = || async {
            let committed = self.store().commit(turn.clone()).await;
            let what = match &committed {
                Ok(Commit::Committed) => "committed",
                Ok(Commit::Fenced) => "fenced",
                _ => "left over",
            };
            let (head, status) = (turn.head, turn.status);
            self.0.trace(&format!("turn {head} of run {number:?} {status:?}: {what}"));
            committed
        };
        let answer = self.call("commit", true, number, commit).await;
        if matches!(answer, Ok(Commit::Fenced)) {
            let mut truth = self.0.world.truth.lock();
            truth.count("fenced");
            truth.failed(number);
        }
        answer
    }

    async fn deliver(&self, message: Message) -> Result<Delivery, StoreError> {
        let run = self.number(message.run);
        self.call("deliver", true, run, || self.store().deliver(message.clone())).await
    }

    async fn purge(&self, handler: &str) -> Result<bool, StoreError> {
        self.call("purge", true, None, || self.store().purge(handler)).await
    }

    async fn handler(&self, handler: &str) -> Result<Option<RunRow>, StoreError> {
        self.read("handler", None, || self.store().handler(handler)).await
    }

    async fn handlers(&self, filter: &HandlerFilter) -> Result<Vec<RunRow>, StoreError> {
        self.read("handlers", None, || self.store().handlers(filter)).await
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunRow>, StoreError> {
        let number = self.0.world.truth.lock().number(run);
        self.read("run", Some(number), || self.store().run(run)).await
    }

    async fn unfinished(
        &self,
        pools: &[String],
        after: Option<RunKey>,
        limit: usize,
    ) -> Result<Vec<RunRow>, StoreError> {
        self.read("unfinished", None, || self.store().unfinished(pools, after, limit)).await
    }

    async fn journal(
        &self,
        run: RunKey,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Bytes>, StoreError> {
        self.read("journal", self.number(run), || self.store().journal(run, from, limit)).await
    }

    async fn snapshot(&self, run: RunKey) -> Result<Option<SnapshotRow>, StoreError> {
        self.read("snapshot", self.number(run), || self.store().snapshot(run)).await
    }

    async fn keep_snapshot(&self, run: RunKey, row: SnapshotRow) -> Result<(), StoreError> {
        let number = self.number(run);
        let keep = || self.store().keep_snapshot(run, row.clone());
        self.call("keep snapshot", true, number, keep).await
    }

    async fn stream(
        &self,
        run: RunKey,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StreamRow>, StoreError> {
        // Few rows at a time, so that pages meet turns.
        let limit = limit.min(3);
        self.read("stream", None, || self.store().stream(run, after, limit)).await
    }

    async fn last_stream_rows(
        &self,
        runs: &[RunKey],
    ) -> Result<Vec<Option<StreamRow>>, StoreError> {
        self.read("last rows", None, || self.store().last_stream_rows(runs)).await
    }

    async fn inbox(&self, run: RunKey, limit: usize) -> Result<Vec<InboxRow>, StoreError> {
        self.read("inbox", self.number(run), || self.store().inbox(run, limit)).await
    }

    async fn timers(
        &self,
        pools: &[String],
        after: Option<&TimerRow>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<TimerRow>, StoreError> {
        self.read("timers", None, || self.store().timers(pools, after, before, limit)).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.0.alive().await;
        Ok(())
    }
}
