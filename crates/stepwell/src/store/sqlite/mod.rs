//! A store in one file: SQLite, compiled in.
//!
//! One thread writes ([`writer`]) and a few read ([`reader`]); each has a connection of its own.
//! A write that was answered is on disk.
//!
//! # What is deliberately not here
//!
//! - **No second server on the same file.** A lock keeps it out, so that no owner needs a lease.
//! - **No pool of write connections.** They would wait for each other; measured, that is seven
//!   times slower than one that takes all that has queued.

mod create;
mod define;
mod deliver;
mod error;
mod file;
mod number;
mod purge;
mod query;
mod reader;
mod row;
mod schema;
mod snapshot;
mod thread;
mod turn;
mod upkeep;
mod writer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use stepwell_core::{DefinitionId, RunId, Timestamp};

use self::define::Define;
use self::purge::Purge;
use self::reader::Readers;
use self::snapshot::Keep;
use self::writer::Writer;
use super::{
    Commit, Creation, Delivery, HandlerFilter, InboxRow, Message, NewRun, RunKey, RunRow,
    SnapshotRow, Store, StoreError, StoredRun, StreamRow, TimerRow, Turn,
};

/// What a write survives once it is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Power loss: the answer waits for the disk.
    #[default]
    Full,
    /// The end of the process, but not power loss, which takes the writes since the log was last
    /// synced. About a sixth faster on a fast disk, more on a slow one.
    Normal,
}

/// How a [`SqliteStore`] is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SqliteOptions {
    /// What a write survives once it is answered.
    pub durability: Durability,
}

/// A [`Store`] in one file.
///
/// Beside the file lie its log and its lock, named after it. Dropping the store waits until
/// queued writes are done; [`Store::close`] does so without blocking the thread.
///
/// It can hold 2^31 runs, and 2^32 turns and stream items of each. A write beyond that is refused
/// as unavailable.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("runs.db");
/// use stepwell::store::{SqliteOptions, SqliteStore, Store, StoreError};
///
/// let store = SqliteStore::open(&path, SqliteOptions::default())?;
/// assert_eq!(store.epoch(), 1);
///
/// let second = SqliteStore::open(&path, SqliteOptions::default());
/// assert!(matches!(second, Err(StoreError::InUse { .. })));
/// # Ok(())
/// # }
/// ```
pub struct SqliteStore {
    path: PathBuf,
    epoch: u64,
    durability: Durability,
    /// Before the writer: the last connection to be closed removes the log, if it may write.
    readers: Readers,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the file; creates it and its directory if there is none. Blocks while it does so.
    ///
    /// # Errors
    ///
    /// - [`StoreError::InUse`] if another process, or another store of this one, has it open.
    /// - [`StoreError::Corrupt`] if it is not a database, or another program's, or was made by a
    ///   newer version of Stepwell.
    /// - [`StoreError::Unavailable`] if it cannot be read and written.
    pub fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, StoreError> {
        let owned = file::take(path.as_ref(), options.durability)?;
        let path = owned.path.clone();
        let epoch = owned.epoch;
        let readers = Readers::start(&path)?;
        let writer = Writer::start(owned).map_err(StoreError::unavailable)?;
        Ok(Self { path, epoch, durability: options.durability, readers, writer })
    }

    /// Returns what a write survives once it is answered.
    #[must_use]
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// Returns how many transactions have been committed: fewer than writes, as writes that queue
    /// share one.
    #[must_use]
    pub fn transactions(&self) -> u64 {
        self.writer.transactions()
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .field("epoch", &self.epoch)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    async fn define(&self, id: DefinitionId, body: Bytes) -> Result<(), StoreError> {
        self.writer.write(Define { id, body }).await
    }

    async fn definition(&self, id: DefinitionId) -> Result<Option<Bytes>, StoreError> {
        self.readers.read(move |connection| query::definition(connection, id)).await
    }

    async fn create(&self, run: NewRun) -> Result<Creation, StoreError> {
        self.writer.write(run).await
    }

    async fn commit(&self, turn: Turn) -> Result<Commit, StoreError> {
        self.writer.write(turn).await
    }

    async fn deliver(&self, message: Message) -> Result<Delivery, StoreError> {
        self.writer.write(message).await
    }

    async fn purge(&self, handler: &str) -> Result<bool, StoreError> {
        self.writer.write(Purge { handler: handler.into() }).await
    }

    async fn handler(&self, handler: &str) -> Result<Option<RunRow>, StoreError> {
        let handler = handler.to_owned();
        self.readers.read(move |connection| query::handler(connection, &handler)).await
    }

    async fn handlers(&self, filter: &HandlerFilter) -> Result<Vec<RunRow>, StoreError> {
        let filter = filter.clone();
        self.readers.read(move |connection| query::handlers(connection, &filter)).await
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunRow>, StoreError> {
        let run = run.clone();
        self.readers.read(move |connection| query::run(connection, &run)).await
    }

    async fn unfinished(
        &self,
        pools: &[String],
        after: Option<RunKey>,
        limit: usize,
    ) -> Result<Vec<RunRow>, StoreError> {
        let pools = pools.to_vec();
        let query = move |connection: &_| query::unfinished(connection, &pools, after, limit);
        self.readers.read(query).await
    }

    async fn journal(
        &self,
        run: RunKey,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Bytes>, StoreError> {
        self.readers.read(move |connection| query::journal(connection, run, from, limit)).await
    }

    async fn keep_snapshot(&self, run: RunKey, snapshot: SnapshotRow) -> Result<(), StoreError> {
        self.writer.write(Keep { run, snapshot }).await
    }

    async fn snapshot(&self, run: RunKey) -> Result<Option<SnapshotRow>, StoreError> {
        self.readers.read(move |connection| query::snapshot(connection, run)).await
    }

    async fn load(&self, run: &RunId, limit: usize) -> Result<Option<StoredRun>, StoreError> {
        let (run, epoch) = (run.clone(), self.epoch);
        self.readers.read(move |connection| query::load(connection, &run, epoch, limit)).await
    }

    async fn stream(
        &self,
        run: RunKey,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StreamRow>, StoreError> {
        self.readers.read(move |connection| query::stream(connection, run, after, limit)).await
    }

    async fn last_stream_rows(
        &self,
        runs: &[RunKey],
    ) -> Result<Vec<Option<StreamRow>>, StoreError> {
        let runs = runs.to_vec();
        self.readers.read(move |connection| query::last_stream_rows(connection, &runs)).await
    }

    async fn inbox(&self, run: RunKey, limit: usize) -> Result<Vec<InboxRow>, StoreError> {
        self.readers.read(move |connection| query::inbox(connection, run, limit)).await
    }

    async fn timers(
        &self,
        pools: &[String],
        after: Option<&TimerRow>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<TimerRow>, StoreError> {
        let (pools, after) = (pools.to_vec(), after.cloned());
        let query =
            move |connection: &_| query::timers(connection, &pools, after.as_ref(), before, limit);
        self.readers.read(query).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.writer.close().await
    }
}
