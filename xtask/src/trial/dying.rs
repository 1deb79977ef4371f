//! A store in whose process nothing happens any more before or after its n-th write.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use stepwell::store::{
    Commit, Creation, Delivery, HandlerFilter, InboxRow, Message, NewRun, RunKey, RunRow, Store,
    StoreError, StreamRow, TimerRow, Turn,
};
use stepwell_core::{DefinitionId, RunId, Timestamp};

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

/// Passes calls on, and dies at the boundary as `kill -9` lets it.
#[derive(Debug)]
pub(super) struct Dying {
    pub(super) inner: Arc<dyn Store>,
    pub(super) boundary: Boundary,
    pub(super) writes: AtomicU64,
}

impl Dying {
    async fn write<T>(
        &self,
        write: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let number = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        if self.boundary == Boundary::Before(number) {
            die();
        }
        let answer = write.await;
        if self.boundary == Boundary::After(number) {
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

    async fn create(&self, run: NewRun) -> Result<Creation, StoreError> {
        self.write(self.inner.create(run)).await
    }

    async fn commit(&self, turn: Turn) -> Result<Commit, StoreError> {
        self.write(self.inner.commit(turn)).await
    }

    async fn deliver(&self, message: Message) -> Result<Delivery, StoreError> {
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

    async fn unfinished(&self, pools: &[String]) -> Result<Vec<RunRow>, StoreError> {
        self.inner.unfinished(pools).await
    }

    async fn journal(&self, run: RunKey) -> Result<Vec<Bytes>, StoreError> {
        self.inner.journal(run).await
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
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<TimerRow>, StoreError> {
        self.inner.timers(pools, before, limit).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}
