//! A store on a PostgreSQL server, for more than one process or machine.
//!
//! One task writes ([`writer`]): whatever has queued becomes one transaction, a statement for each
//! kind of write. A few connections read ([`reader`]). All of that runs in a thread of its own, so
//! that busy workflows do not delay it.
//!
//! Every verb is a transaction of its own and no session keeps anything that matters, so a proxy
//! that pools transactions (PgBouncer from 1.21 on, which knows prepared statements) may stand in
//! between.
//!
//! # What is deliberately not here
//!
//! - **No `LISTEN`, no advisory locks** but one while the schema is brought up to date.
//! - **No TLS.** A server elsewhere is reached through a tunnel or a proxy beside this process;
//!   `sslmode=require` is refused rather than ignored.
//! - **No settings of durability.** The server's `synchronous_commit` has to stay on, and with a
//!   standby `synchronous_standby_names` decides whether a failover may lose what was answered.

mod batch;
mod connection;
mod create;
mod deliver;
mod error;
mod keeper;
mod open;
mod owned;
mod purge;
mod query;
mod reader;
mod row;
mod schema;
mod snapshot;
mod take;
mod thread;
mod turn;
mod writer;

#[cfg(any(test, feature = "test-util"))]
mod server;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use stepwell_core::{DefinitionId, RunId, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::DropGuard;
use tokio_util::task::TaskTracker;

#[cfg(any(test, feature = "test-util"))]
pub use self::server::PostgresServer;

use self::batch::{Define, Pending, Write};
use self::owned::Owned;
use self::query::is_storable;
use self::reader::Readers;
use self::row::run_number;
use self::snapshot::Keep;
use self::thread::Thread;
use self::writer::{Request, closed};
use super::{
    Commit, Creation, Delivery, Glance, HandlerFilter, InboxRow, Message, NewRun, RunKey, RunRow,
    SnapshotRow, Store, StoreError, StreamRow, Taken, TimerRow, Turn,
};

/// How long to wait for a share of the runs: until a dead node's can be taken, or a living one's
/// are given up.
const SERVE_PATIENCE: Duration = Duration::from_secs(10);

/// A [`Store`] in a database of a PostgreSQL server, version 13 or newer.
///
/// Its tables are created when it is opened, in the first schema of the search path; their names
/// begin with `stepwell_`. Dropping the store waits until queued writes are done; [`Store::close`]
/// does so without blocking the thread.
///
/// When the server goes away, writes and reads fail as [`StoreError::Unavailable`] until it is
/// back.
pub struct PostgresStore {
    epoch: u64,
    transactions: Arc<AtomicU64>,
    queue: mpsc::Sender<Request>,
    readers: Arc<Readers>,
    owned: Arc<Owned>,
    /// Ends the keeper, as dropping it does.
    end: DropGuard,
    keeper: TaskTracker,
    /// After the queue, whose end ends the thread.
    thread: Thread,
}

impl PostgresStore {
    /// Returns how many transactions have been committed: fewer than writes, as writes that queue
    /// share one.
    #[must_use]
    pub fn transactions(&self) -> u64 {
        self.transactions.load(Ordering::Relaxed)
    }

    /// Returns the node that runs have to be owned by to be its business; none if it is alone.
    fn owner(&self) -> Option<i64> {
        self.owned.is_shared().then(|| turn::number(self.epoch))
    }

    async fn write<V, A>(
        &self,
        verb: V,
        into: impl FnOnce(Pending<V, A>) -> Write,
    ) -> Result<A, StoreError> {
        let (reply, answer) = oneshot::channel();
        let write = into(Pending { verb, reply });
        self.queue.send(Request::Write(write)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    async fn read<T: Send + 'static, F: Future<Output = Result<T, StoreError>> + Send + 'static>(
        &self,
        query: impl FnOnce(Arc<Readers>) -> F,
    ) -> Result<T, StoreError> {
        self.thread.run(query(Arc::clone(&self.readers))).await?
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the address: it may hold a password.
        f.debug_struct("PostgresStore").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// Refuses a text that PostgreSQL cannot hold.
fn check_text(text: &str) -> Result<(), StoreError> {
    if is_storable(text) {
        return Ok(());
    }
    Err(StoreError::unavailable("PostgreSQL holds no text with the character U+0000"))
}

#[async_trait]
impl Store for PostgresStore {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    async fn serve(&self, pools: &[String]) -> Result<(), StoreError> {
        pools.iter().try_for_each(|pool| check_text(pool))?;
        self.owned.serve(pools);
        let owning = async {
            loop {
                let changed = self.owned.changed.notified();
                if self.owned.has_some(pools) {
                    return;
                }
                self.owned.wanted.notify_one();
                changed.await;
            }
        };
        if tokio::time::timeout(SERVE_PATIENCE, owning).await.is_err() {
            tracing::warn!("other nodes own all runs so far; this one takes its share later");
        }
        Ok(())
    }

    fn changes(&self) -> Option<u64> {
        Some(self.owned.changes())
    }

    fn owns(&self, pool: &str, shard: u16) -> bool {
        !self.owned.is_shared() || self.owned.epoch(pool, shard).is_some()
    }

    fn place(&self, pool: &str, shard: u16) -> Option<(u16, u64)> {
        if !self.owned.is_shared() {
            return Some((shard, self.epoch));
        }
        self.owned.place(pool, shard)
    }

    async fn glance(&self, runs: &[RunId]) -> Result<Glance, StoreError> {
        let runs: Vec<RunId> =
            runs.iter().filter(|run| is_storable(run.as_str())).cloned().collect();
        let node = turn::number(self.epoch);
        self.read(move |readers| async move { query::glance(&readers, &runs, node).await }).await
    }

    async fn define(&self, id: DefinitionId, body: Bytes) -> Result<(), StoreError> {
        self.write(Define { id: id.to_string(), body }, Write::Define).await
    }

    async fn definition(&self, id: DefinitionId) -> Result<Option<Bytes>, StoreError> {
        self.read(move |readers| async move { query::definition(&readers, id).await }).await
    }

    async fn create(&self, run: NewRun) -> Result<Creation, StoreError> {
        turn::check(&run.turn)?;
        for text in [run.run.as_str(), &run.handler, &run.workflow, &run.pool] {
            check_text(text)?;
        }
        // No run has such a name.
        let impossible = run.previous.as_ref().is_some_and(|run| !is_storable(run.as_str()));
        let run = NewRun { previous: run.previous.filter(|_| !impossible), ..run };
        if impossible {
            return Ok(Creation::Changed);
        }
        self.write(run, |pending| Write::Create(Box::new(pending))).await
    }

    async fn commit(&self, turn: Turn) -> Result<Commit, StoreError> {
        if run_number(turn.key).is_none() {
            return Ok(Commit::Fenced);
        }
        turn::check(&turn)?;
        self.write(turn, |pending| Write::Commit(Box::new(pending))).await
    }

    async fn deliver(&self, message: Message) -> Result<Delivery, StoreError> {
        if run_number(message.run).is_none() {
            return Ok(Delivery::Ended);
        }
        check_text(&message.idempotency_key)?;
        self.write(message, Write::Deliver).await
    }

    async fn take(&self, run: &RunId) -> Result<Taken, StoreError> {
        if !is_storable(run.as_str()) {
            return Ok(Taken::Gone);
        }
        let taken = self.write(run.clone(), Write::Take).await?;
        Ok(match taken {
            // What the database said may be over by now.
            Taken::Ours { row, epoch }
                if self.owned.is_shared()
                    && !row.status.is_ended()
                    && self.owned.epoch(&row.pool, row.shard) != Some(epoch) =>
            {
                Taken::Elsewhere
            }
            taken => taken,
        })
    }

    async fn purge(&self, handler: &str) -> Result<bool, StoreError> {
        if !is_storable(handler) {
            return Ok(false);
        }
        self.write(handler.to_owned(), Write::Purge).await
    }

    async fn handler(&self, handler: &str) -> Result<Option<RunRow>, StoreError> {
        let handler = handler.to_owned();
        self.read(move |readers| async move { query::handler(&readers, &handler).await }).await
    }

    async fn handlers(&self, filter: &HandlerFilter) -> Result<Vec<RunRow>, StoreError> {
        let filter = filter.clone();
        self.read(move |readers| async move { query::handlers(&readers, &filter).await }).await
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunRow>, StoreError> {
        let run = run.clone();
        self.read(move |readers| async move { query::run(&readers, &run).await }).await
    }

    async fn unfinished(
        &self,
        pools: &[String],
        after: Option<RunKey>,
        limit: usize,
    ) -> Result<Vec<RunRow>, StoreError> {
        let pools = pools.to_vec();
        let owner = self.owner();
        self.read(move |readers| async move {
            query::unfinished(&readers, &pools, owner, after, limit).await
        })
        .await
    }

    async fn journal(
        &self,
        run: RunKey,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Bytes>, StoreError> {
        self.read(move |readers| async move { query::journal(&readers, run, from, limit).await })
            .await
    }

    async fn keep_snapshot(&self, run: RunKey, snapshot: SnapshotRow) -> Result<(), StoreError> {
        // No run has such a number, or so many turns.
        let (Some(run), Ok(head)) = (run_number(run), i64::try_from(snapshot.head)) else {
            return Ok(());
        };
        self.write(Keep { run, head, body: snapshot.body }, Write::Keep).await
    }

    async fn snapshot(&self, run: RunKey) -> Result<Option<SnapshotRow>, StoreError> {
        self.read(move |readers| async move { query::snapshot(&readers, run).await }).await
    }

    async fn stream(
        &self,
        run: RunKey,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StreamRow>, StoreError> {
        self.read(move |readers| async move { query::stream(&readers, run, after, limit).await })
            .await
    }

    async fn last_stream_rows(
        &self,
        runs: &[RunKey],
    ) -> Result<Vec<Option<StreamRow>>, StoreError> {
        let runs = runs.to_vec();
        self.read(move |readers| async move { query::last_stream_rows(&readers, &runs).await })
            .await
    }

    async fn inbox(&self, run: RunKey, limit: usize) -> Result<Vec<InboxRow>, StoreError> {
        self.read(move |readers| async move { query::inbox(&readers, run, limit).await }).await
    }

    async fn timers(
        &self,
        pools: &[String],
        after: Option<&TimerRow>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<TimerRow>, StoreError> {
        let owner = self.owner();
        let (pools, after) = (pools.to_vec(), after.cloned());
        self.read(move |readers| async move {
            query::timers(&readers, &pools, owner, after.as_ref(), before, limit).await
        })
        .await
    }

    async fn close(&self) -> Result<(), StoreError> {
        // If the queue is closed then so is the store.
        self.queue.send(Request::Close).await.ok();
        self.queue.closed().await;
        // What this process owned is given up when nothing more is written.
        self.end.token().cancel();
        self.keeper.wait().await;
        Ok(())
    }
}
